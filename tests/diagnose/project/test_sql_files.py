from __future__ import annotations

import pytest

from diagnose.errors import ProjectError
from diagnose.model import Location
from diagnose.project.sql_files import SqlFile, executed_sql_files, read_sql


def test_each_file_is_named_once_by_the_first_script(write_project):
    root = write_project(
        {
            "db/seed.sql": "SELECT 1;",
            "db/load.sh": "cd db\nnpx wrangler d1 execute DB --remote \\\n  --file=seed.sql --yes\n",
            "package.json": '{"scripts": {"seed": "wrangler d1 execute DB --file db/seed.sql"}}',
            "Makefile": "x:\n\twrangler d1 execute DB --file gone.sql\n",
        }
    )
    assert executed_sql_files(root) == (SqlFile(path="db/seed.sql", named_at=Location("package.json", 1)),)
    (root / "package.json").unlink()
    assert executed_sql_files(root) == (SqlFile(path="db/seed.sql", named_at=Location("db/load.sh", 2)),)


@pytest.mark.parametrize(
    "command",
    [
        "wrangler d1 execute DB --file ../outside.sql",
        "wrangler d1 execute DB --file /etc/passwd",
        "wrangler d1 execute DB --file $SEED",
        "wrangler d1 execute DB --file seed-$NAME.sql",
        "wrangler d1 execute DB --file seed.sql.gz",
        "# wrangler d1 execute DB --file seed.sql",
        "wrangler d1 execute DB --command 'SELECT 1'",
        "wrangler d1 migrations apply DB",
    ],
)
def test_what_is_not_a_file_of_the_project_is_not_known(command, write_project, tmp_path):
    (tmp_path / "outside.sql").write_text("SELECT 1;")
    root = write_project({"seed.sql": "SELECT 1;", "seed-.sql": "SELECT 1;", "run.sh": command + "\n"})
    assert executed_sql_files(root) == ()


def test_texts_are_read_without_their_mark(write_project):
    root = write_project({"a.sql": b"\xef\xbb\xbfSELECT 1;\r\n", "b.sql": b"\xff"})
    assert read_sql(root, "a.sql") == "SELECT 1;\r\n"
    with pytest.raises(ProjectError, match="is not UTF-8"):
        read_sql(root, "b.sql")
    with pytest.raises(ProjectError, match="cannot be read"):
        read_sql(root, "c.sql")
