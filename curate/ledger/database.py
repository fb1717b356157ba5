"""The SQLite file: opened, migrated, written in transactions."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from curate.ledger.migrations import MIGRATIONS, NUMBERED
from likeness.errors import MachineError
from likeness.files import cannot_write


class Database:
    """The SQLite file: opened, migrated, written in transactions."""

    def __init__(self, path: Path) -> None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._db = sqlite3.connect(path, timeout=30, isolation_level=None)
            self._db.row_factory = sqlite3.Row
            self._db.execute("pragma journal_mode = wal")
            self._db.execute("pragma synchronous = normal")
            self._db.execute("pragma foreign_keys = on")
            self._migrate()
        except OSError as error:
            raise cannot_write(path, error) from error
        except sqlite3.Error as error:
            raise ledger_error(path, error) from error
        self.path = path

    def _migrate(self) -> None:
        if self._named() >= MIGRATIONS.keys():
            return
        self._db.execute("begin immediate")  # one process does it; another that opens the file now waits
        try:
            applied = self._named() or set(NUMBERED[: self._db.execute("pragma user_version").fetchone()[0]])
            for name, script in MIGRATIONS.items():
                if name not in applied:
                    for statement in filter(str.strip, script.split(";")):
                        self._db.execute(statement)
            self._db.execute("create table if not exists migrations (name text primary key, applied_at real not null)")
            names = [(name, time.time()) for name in MIGRATIONS]
            self._db.executemany("insert or ignore into migrations values (?, ?)", names)
            self._db.execute("commit")
        except BaseException:
            self._rollback()
            raise

    def _named(self) -> set[str]:
        """The migrations that the file has been through; none where it is new or of a version that only counted them."""
        if not self._db.execute("select 1 from sqlite_master where type = 'table' and name = 'migrations'").fetchone():
            return set()
        return {row["name"] for row in self._db.execute("select name from migrations")}

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written in the block is kept, or none of it."""
        self._db.execute("begin immediate")
        try:
            yield
            self._db.execute("commit")
        except sqlite3.Error as error:
            self._rollback()
            raise ledger_error(self.path, error) from error
        except BaseException:
            self._rollback()
            raise

    def _rollback(self) -> None:
        if self._db.in_transaction:
            self._db.execute("rollback")

    def _write(self, sql: str, values: Sequence[Any]) -> sqlite3.Cursor:
        try:
            return self._db.execute(sql, values)
        except sqlite3.Error as error:
            raise ledger_error(self.path, error) from error


def ledger_error(path: Path, error: sqlite3.Error) -> MachineError:
    """What SQLite said, as an error with its fix."""
    shown = str(error)
    if "disk is full" in shown or "disk I/O" in shown:
        fix = "The disk is full or failing: free some room and run the command again; what was done is kept."
    elif "readonly" in shown or "unable to open" in shown:
        fix = "Give yourself the right to write there, or call the command from another folder."
    elif "malformed" in shown or "not a database" in shown:
        fix = "The file is damaged. Move it aside; `sqlite3 ledger.db .recover` can save its responses."
    else:
        fix = None
    return MachineError(f"the ledger cannot be used: {shown}", where=str(path), fix=fix)
