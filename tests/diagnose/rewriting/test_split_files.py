from __future__ import annotations

import pytest

from diagnose.rewriting.split_files import split_file


@pytest.mark.parametrize(
    ("text", "files"),
    [
        ("SELECT 1;\nSELECT 2;\nSELECT 3;\n", ["SELECT 1;\nSELECT 2;\n", "SELECT 3;\n"]),
        ("SELECT 1; SELECT 2; SELECT 3", ["SELECT 1; SELECT 2;", " SELECT 3"]),
        ("-- of one\nSELECT 1;\n-- two\nSELECT 2;\n", ["-- of one\nSELECT 1;\n", "-- two\nSELECT 2;\n"]),
        ("SELECT 1; -- one\nSELECT 2;\n-- end\n", ["SELECT 1;", " -- one\nSELECT 2;\n-- end\n"]),
        ("SELECT 'a;\nb';\r\nSELECT 2;\r\n", ["SELECT 'a;\nb';\r\n", "SELECT 2;\r\n"]),
        ("SELECT 'longer than twenty';\nSELECT 2;", ["SELECT 'longer than twenty';\n", "SELECT 2;"]),
        ("SELECT 'éééé';\nSELECT 2", ["SELECT 'éééé';\n", "SELECT 2"]),
        ("pragma foreign_keys;\nSELECT 1;\nSELECT 2;\n", ["pragma foreign_keys;\nSELECT 1;\nSELECT 2;\n"]),
        ("SELECT 'PRAGMA';\nSELECT 2;\n", ["SELECT 'PRAGMA';\n", "SELECT 2;\n"]),
        ("-- nothing\n", ["-- nothing\n"]),
    ],
)
def test_files_are_cut_between_statements(text, files):
    found = split_file(text, 22)
    assert list(found) == files
    assert "".join(found) == text
