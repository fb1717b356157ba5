"""Moves a former home's data into the person's one home: all records, answers and drafts, or none.

It may be killed at any line. The former home goes only after its data is in the other database, which then holds its mark: a
move that is called again adds nothing twice.
"""

from __future__ import annotations

import os
import sqlite3
import uuid
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from curate.review.local import server
from curate.review.local.names import LOCK, PARTS, family, give_name
from likeness.errors import MachineError
from likeness.files import cannot_write, write_atomic
from likeness.lock import one_after_another, take

DATABASE = "argilla.db"
MARK = "moved.id"
KEPT = ("credentials.json", "server.json")
"""So that bookmarks and the sign-in of a first former home stay good."""
TABLES = (
    "workspaces_users", "datasets", "datasets_users", "fields", "questions", "metadata_properties", "vectors_settings", "records",
    "responses", "suggestions", "vectors",
)  # fmt: skip
"""What belongs to a dataset. Users and workspaces are those of the same names."""
MOVED = "create table if not exists likeness_moved (mark text primary key)"


def holds_data(home: Path) -> bool:
    """Whether a home has a database: not if its server never got that far."""
    return (home / DATABASE).is_file()


def move_in(former: Path, home: Path) -> None:
    """Move what `former` holds into `home`, and remove `former`. Its server must not run.

    Raises:
        MachineError: its server runs, its database is damaged, or one of the two cannot be written to.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        home.chmod(0o700)
        with one_after_another(home / LOCK), _held(former) as is_ours:
            if not is_ours:
                raise MachineError("an Argilla server runs there", where=str(former), fix="`curate review down RECIPE` stops it.")
            if not holds_data(former):  # another process has moved it meanwhile
                return
            mark = _mark_of(former)
            if not _copied(former, home, mark):
                server.up(home)  # it makes the tables
                _merge(former, home, mark)
            _remove(former)
    except OSError as error:
        raise cannot_write(home, error) from error
    except sqlite3.Error as error:
        aside = f"Put it aside and try again: mv {former} {former}-aside\nWhat a build or a sync has fetched is in the ledger."
        busy = isinstance(error, sqlite3.OperationalError)  # a full disk, a lock
        fix = "Nothing is lost: free some room or stop what else uses it, and try again." if busy else aside
        raise MachineError(f"what was reviewed here cannot be moved to {home}: {error}", where=str(former), fix=fix) from error


@contextmanager
def _held(home: Path) -> Iterator[bool]:
    """Whether no server of a home runs, and none can start while the block runs."""
    with open(os.open(home / "server.lock", os.O_WRONLY | os.O_CREAT, 0o600), "w", encoding="utf-8") as lock:
        yield take(lock)


def _mark_of(former: Path) -> str:
    """What tells a former home from one that is made in its place later."""
    file = former / MARK
    if not file.is_file():
        write_atomic(file, uuid.uuid4().hex, mode=0o600)
    return file.read_text(encoding="utf-8")


def _copied(former: Path, home: Path, mark: str) -> bool:
    """Copy the database if `home` has none yet; return whether that was so."""
    with _held(home) as is_ours:
        if not is_ours or holds_data(home):
            return False
        for name in KEPT:
            if (former / name).is_file() and not (home / name).exists():
                write_atomic(home / name, (former / name).read_bytes(), mode=0o600)
        part = home / f".{DATABASE}.part"
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        with closing(_opened(former / DATABASE)) as source, closing(_opened(part)) as copy:
            source.backup(copy)
            with copy:
                copy.execute(MOVED)
                copy.execute("insert into likeness_moved values (?)", (mark,))
                for identifier, name in _new_names(copy, "main", former, home).items():
                    copy.execute("update datasets set name = ? where id = ?", (name, identifier))
        with part.open("rb") as whole:
            os.fsync(whole.fileno())
        os.replace(part, home / DATABASE)
    return True


def _merge(former: Path, home: Path, mark: str) -> None:
    """Add the datasets of a former home to the database of a running server, in one transaction.

    They get new ids: two copies of a project have the same ones, and each may have been reviewed since.
    """
    with closing(_opened(home / DATABASE)) as database:
        database.create_function("fresh", 1, lambda old: uuid.uuid5(uuid.UUID(mark), old).hex, deterministic=True)
        database.execute("attach ? as former", (str(former / DATABASE),))
        database.execute("begin immediate")
        with database:
            database.execute(MOVED)
            if database.execute("select 1 from likeness_moved where mark = ?", (mark,)).fetchone():
                return
            database.execute("insert into likeness_moved values (?)", (mark,))
            names = _new_names(database, "former", former, home)
            database.execute("create temp table same (theirs text primary key, ours text not null)")
            _join(database, "workspaces", "name")
            _join(database, "users", "username")
            for table in TABLES:
                _add(database, table)
            for identifier, name in names.items():
                database.execute("update main.datasets set name = ? where id = fresh(?)", (name, identifier))


def _join(database: sqlite3.Connection, table: str, key: str) -> None:
    """Add users or workspaces that are not there yet, and note in `same` which of ours are whose of theirs."""
    columns = _quoted(_columns(database, table))
    database.execute(
        f"insert into main.{table} ({columns}) select {columns} from former.{table}"  # noqa: S608 - all is ours
        f" where {key} not in (select {key} from main.{table})"
    )
    pairs = f"former.{table} theirs join main.{table} ours using ({key})"
    database.execute(f"insert into same select theirs.id, ours.id from {pairs}")  # noqa: S608 - all is ours


def _add(database: sqlite3.Connection, table: str) -> None:
    """Add a table's rows; who is in a workspace may be known already."""
    columns = _columns(database, table)
    into = f"insert {'or ignore ' if table == 'workspaces_users' else ''}into main.{table} ({_quoted(columns)})"
    values = ", ".join(_value(table, column) for column in columns)
    database.execute(f"{into} select {values} from former.{table}")  # noqa: S608 - all is ours


def _value(table: str, column: str) -> str:
    """What a column is copied as: a new id, or the id of our user or workspace."""
    if column in ("user_id", "workspace_id"):
        return f"(select ours from same where theirs = {column})"  # noqa: S608 - all is ours
    if column == "name" and table == "datasets":
        return "id"  # for the moment: no other has it
    if column == "id" or (column.endswith("_id") and column != "external_id"):
        return f"fresh({column})"
    return f'"{column}"'


def _columns(database: sqlite3.Connection, table: str) -> list[str]:
    return [row[1] for row in database.execute(f"pragma former.table_info({table})")]


def _new_names(database: sqlite3.Connection, schema: str, former: Path, home: Path) -> Mapping[str, str]:
    """What each dataset of a former home is called in `home`, by its old id.

    Recipes are the folders with a ledger beside the former home; of a dataset whose recipe is gone the name is kept where it is
    free.
    """
    there = dict(database.execute(f"select id, name from {schema}.datasets"))  # noqa: S608 - all is ours
    taken = set()
    if schema != "main":
        taken = {name for (name,) in database.execute("select name from main.datasets")}
    recipes = {folder.parent.name for folder in former.parent.glob("*/ledger.db")}
    recipes |= {name for name in there.values() if not any(name in family(other) for other in recipes)}
    bases = {name: _base_of(name, recipes) for name in there.values()}
    new = {base: give_name(home, former.parent / base, taken) for base in sorted(set(bases.values()))}
    return {identifier: new[bases[name]] + name[len(bases[name]) :] for identifier, name in there.items()}


def _base_of(name: str, recipes: set[str]) -> str:
    """The recipe of a dataset: one may be called as another's dataset is, and then it is its own."""
    if name in recipes:
        return name
    return next(name.removesuffix(part) for part in PARTS[1:] if name.endswith(part) and name.removesuffix(part) in recipes)


def _opened(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=30)


def _quoted(columns: list[str]) -> str:
    return ", ".join(f'"{column}"' for column in columns)


def _remove(former: Path) -> None:
    """Remove a home whose data is elsewhere; its mark last, by which the next call knows it if this one is killed."""
    last = [former / DATABASE, former / MARK, former / "server.lock"]
    _remove_all(former, set(last))
    for file in last:
        file.unlink(missing_ok=True)
    with suppress(OSError):
        former.rmdir()


def _remove_all(folder: Path, kept: set[Path]) -> None:
    import shutil

    for path in folder.iterdir():
        if path in kept:
            continue
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
