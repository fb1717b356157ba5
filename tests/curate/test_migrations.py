"""A ledger of any age is brought to today's tables, each step once, whatever order branches added their steps in."""

import sqlite3

from curate.ledger.ledger import Ledger
from curate.ledger.migrations import MIGRATIONS, NUMBERED
from tests.make import rows

TABLES = "select name, sql from sqlite_master where name not like 'sqlite_%' and name != 'migrations' order by name"


def with_steps(path, names, *, numbered=False) -> None:
    """A ledger that has been through these steps, and remembers them by name or, as before 0.2, by number."""
    with sqlite3.connect(path) as database:
        for name in names:
            database.executescript(MIGRATIONS[name])
        if numbered:
            database.execute(f"pragma user_version = {len(names)}")
        else:
            database.execute("create table migrations (name text primary key, applied_at real not null)")
            database.executemany("insert into migrations values (?, 0)", [(name,) for name in names])
    database.close()


def test_a_new_ledger_has_been_through_every_step(tmp_path):
    Ledger(tmp_path / "new.db").close()
    assert {name for (name,) in rows(tmp_path / "new.db", "select name from migrations")} == MIGRATIONS.keys()


def test_a_ledger_that_counted_its_steps_gets_the_others_and_their_names(tmp_path):
    Ledger(tmp_path / "new.db").close()
    wanted = sorted(name for name, _ in rows(tmp_path / "new.db", TABLES))
    for count in (1, 4, len(NUMBERED)):
        path = tmp_path / f"{count}.db"
        with_steps(path, NUMBERED[:count], numbered=True)
        Ledger(path).close()
        assert sorted(name for name, _ in rows(path, TABLES)) == wanted
        assert len(rows(path, "select name from migrations")) == len(MIGRATIONS)


def test_a_step_that_another_branch_added_before_ours_is_run_after_it(tmp_path):
    missing = "document_readings"
    with_steps(tmp_path / "branch.db", [name for name in MIGRATIONS if name != missing])
    Ledger(tmp_path / "branch.db").close()
    assert "reading" in [row[1] for row in rows(tmp_path / "branch.db", "pragma table_info(documents)")]
    Ledger(tmp_path / "branch.db").close()  # and once is enough
    assert len(rows(tmp_path / "branch.db", "select name from migrations")) == len(MIGRATIONS)


def test_a_step_that_fails_leaves_the_ledger_as_it_was(tmp_path, monkeypatch):
    import pytest

    from curate.ledger import database
    from likeness.errors import MachineError

    Ledger(tmp_path / "a.db").close()
    before = rows(tmp_path / "a.db", TABLES)
    monkeypatch.setattr(database, "MIGRATIONS", MIGRATIONS | {"wrong": "create table extra (x text); create nonsense;"})
    with pytest.raises(MachineError):
        Ledger(tmp_path / "a.db")
    assert rows(tmp_path / "a.db", TABLES) == before
