"""Migrations in wrangler's order."""

from __future__ import annotations

import pytest

from diagnose.errors import ProjectError
from diagnose.project import D1Binding, Migration, next_migration_name
from diagnose.project.migrations import find_migrations, migrations_folder, names_behind


@pytest.fixture
def write(tmp_path):
    def write_file(path, content=b""):
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)

    return write_file


def names(root, base="", **settings):
    return [found.name for found in find_migrations(root, D1Binding(binding="DB", **settings), base)]


def test_numbers_before_names_and_hidden_files_left_out(tmp_path, write):
    order = ["1_a.sql", "0002_b.sql", "0002_c.sql", "10_d.sql", "100.sql", "B.sql", "a.sql", "é.sql"]
    for name in [*reversed(order), ".hidden.sql", "notes.md", "nested/0003_x.sql"]:
        write(f"migrations/{name}")
    assert names(tmp_path) == order


def test_the_folder_is_relative_to_the_config(tmp_path, write):
    write("py/sql/0001_a.sql", b"\xef\xbb\xbfCREATE TABLE t (a);\r\n")
    binding = D1Binding(binding="DB", migrations_dir="./sql/")
    assert find_migrations(tmp_path, binding, "py") == (
        Migration(name="0001_a.sql", path="py/sql/0001_a.sql", sql="CREATE TABLE t (a);\r\n"),
    )
    assert migrations_folder(binding, "py") == "py/sql"
    assert migrations_folder(D1Binding(binding="DB"), "") == "migrations"


def test_a_pattern_finds_nested_files(tmp_path, write):
    for name in ["0002_b/migration.sql", "0001_a/migration.sql", "0001_a/snapshot.json", "0003_c.sql"]:
        write(f"drizzle/{name}")
    found = names(tmp_path, migrations_dir="drizzle", migrations_pattern="drizzle/*/migration.sql")
    assert found == ["0001_a/migration.sql", "0002_b/migration.sql"]
    found = names(tmp_path, migrations_dir="drizzle", migrations_pattern="./drizzle/**/*.{sql,json}")
    assert found == ["0001_a/migration.sql", "0001_a/snapshot.json", "0002_b/migration.sql", "0003_c.sql"]
    found = names(tmp_path, migrations_dir="drizzle", migrations_pattern="drizzle/000[!12]_?.sql")
    assert found == ["0003_c.sql"]


def test_no_folder_no_migrations(tmp_path):
    assert names(tmp_path) == []


def test_bad_migrations(tmp_path, write):
    write("migrations/0001_a.sql", b"\xff")
    with pytest.raises(ProjectError, match=r"migrations/0001_a\.sql: is not UTF-8"):
        names(tmp_path)
    with pytest.raises(ProjectError, match=r"has a `\.\.` part"):
        names(tmp_path, migrations_dir="../elsewhere")


def test_links_are_left_out(tmp_path, write):
    write("elsewhere.sql")
    (tmp_path / "migrations").mkdir()
    (tmp_path / "migrations" / "0001_a.sql").symlink_to(tmp_path / "elsewhere.sql")
    assert names(tmp_path) == []


@pytest.mark.parametrize(
    ("existing", "slug", "expected"),
    [
        ((), "create price_data", "0001_create_price_data.sql"),
        (("0001_a.sql", "0007_b.sql", "init.sql"), "add key", "0008_add_key.sql"),
        (("20260101000000_a.sql",), "b", "20260101000001_b.sql"),
        (("0002_a/migration.sql",), "../b", "0003_b.sql"),
    ],
)
def test_the_next_name(existing, slug, expected):
    assert next_migration_name(existing, slug) == expected


@pytest.mark.parametrize(
    ("name", "count", "found"),
    [
        ("0002_seed.sql", 1, ("0002_seed_2.sql",)),
        ("0002_seed.sql", 9, tuple(f"0002_seed_{number:02d}.sql" for number in range(2, 11))),
        ("2.sql", 1, ("2_2.sql",)),
        ("seed.sql", 2, ("seed_2.sql", "seed_3.sql")),
        ("0003_more.sql", 1, None),
        ("0004_a.sql", 1, None),
    ],
)
def test_names_behind_a_migration(name, count, found):
    existing = ["0001_a.sql", "0003_more.sql", "0003_more_2.sql", "0004_a.sql", "0004_a_1b.sql", "0005.sql"]
    assert names_behind(D1Binding(binding="DB"), {*existing, name}, name, count) == found


def test_no_names_where_files_are_found_by_another_name():
    binding = D1Binding(binding="DB", migrations_dir="sql", migrations_pattern="sql/*/migration.sql")
    assert names_behind(binding, ["0001_a/migration.sql"], "0001_a/migration.sql", 1) is None
