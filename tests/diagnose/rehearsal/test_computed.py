from __future__ import annotations

import pytest

from diagnose.rehearsal.computed import computed_columns

COLUMNS = ("id", "name", "seen")


@pytest.mark.parametrize(
    ("sql", "columns"),
    [
        ("INSERT INTO t VALUES (?, ?, ?)", set()),
        ("INSERT INTO t VALUES (?, ?, datetime('now', 'subsec'))", {"seen"}),
        ("INSERT INTO t VALUES (lower(hex(randomblob(8))), ?, CURRENT_TIMESTAMP)", {"id", "seen"}),
        ("INSERT INTO t VALUES (?, ?, unixepoch())", {"seen"}),
        ("INSERT INTO t VALUES (?, ?, strftime('%s', 'now'))", {"seen"}),
        ("INSERT INTO t VALUES (?, ?, date(?, '+1 day'))", set()),
        ("INSERT INTO t SELECT value->>0, value->>1, datetime() FROM json_each(?)", {"seen"}),
        ("INSERT INTO t VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET seen = datetime('now')", {"seen"}),
        ('UPDATE t SET name = ?, "Seen" = date() WHERE id = ?', {"seen"}),
        ("UPDATE t SET name = ? WHERE seen < datetime('now')", set()),
    ],
)
def test_columns_that_a_statement_computes_anew(sql, columns):
    assert computed_columns(sql, COLUMNS) == columns
