from __future__ import annotations

from diagnose.schemas import pending_migrations

FILES = {
    "migrations/0001_days.sql": "CREATE TABLE days (day TEXT)",
    "migrations/0002_rates.sql": "CREATE TABLE rates (day TEXT)",
    "migrations/0003_seed.sql": "INSERT INTO rates VALUES ('2025-06-02')",
}
DAYS = "CREATE TABLE days (day TEXT)"


def pending(project, applied, definitions=(), files=FILES):
    opened = project(files=files)
    return pending_migrations(opened, opened.config.d1[0], applied, definitions)


def names(found):
    return [migration.name for migration in found.pending]


def test_everything_is_pending_in_a_new_database(project):
    found = pending(project, ())
    assert names(found) == ["0001_days.sql", "0002_rates.sql", "0003_seed.sql"]
    assert found.definitions == (DAYS, "CREATE TABLE rates (day TEXT)")
    assert (found.late, found.unknown, found.there, found.refused) == ((), (), (), ())
    assert not found.is_made_otherwise


def test_nothing_is_pending(project):
    found = pending(project, ("0001_days.sql", "0002_rates.sql", "0003_seed.sql"), (DAYS,))
    assert (names(found), found.shared) == ([], 3)
    assert not found.is_made_otherwise


def test_one_in_between_is_late(project):
    found = pending(project, ("0001_days.sql", "0003_seed.sql"), (DAYS,))
    assert (names(found), found.late) == (["0002_rates.sql"], ("0002_rates.sql",))


def test_what_is_there_without_an_entry(project):
    found = pending(project, (), (DAYS,))
    assert found.there == ("0001_days.sql",)
    assert not found.is_made_otherwise


def test_everything_is_there_without_an_entry(project):
    files = {"migrations/0001_days.sql": "CREATE TABLE days (day TEXT)"}
    assert pending(project, (), (DAYS,), files).is_made_otherwise


def test_what_is_refused_for_another_reason(project):
    found = pending(project, ("0002_rates.sql",), (DAYS,))
    ((name, error),) = found.refused
    assert name == "0003_seed.sql"
    assert "no such table: rates" in error


def test_entries_of_others(project):
    assert pending(project, ("0001_users.sql",)).is_foreign
    mixed = pending(project, ("0001_users.sql", "0001_days.sql"), (DAYS,))
    assert (mixed.unknown, mixed.is_foreign) == (("0001_users.sql",), False)
