from __future__ import annotations

import random

import pytest

from diagnose.d1 import D1Error
from diagnose.d1.splitting import statements_in
from diagnose.embedded.transfers import statements
from diagnose.embedded.transfers.statements import statements_of

PIECES = (
    "INSERT INTO t VALUES ('a;b''c');", "SELECT 1;", "-- a; comment\n", "/* another; one */", "\n", ";",
    "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; SELECT 2; END;", 'SELECT "ü;", [x;], `y;`;',
)  # fmt: skip


@pytest.mark.parametrize("seed", range(30))
def test_a_file_is_divided_as_its_text_wherever_a_chunk_ends(tmp_path, monkeypatch, seed):
    chance = random.Random(seed)  # noqa: S311 - a seed makes a failure repeatable
    monkeypatch.setattr(statements, "_CHUNK_BYTES", chance.randint(1, 40))
    text = "".join(chance.choices(PIECES, k=12)) + chance.choice(("", "SELECT 3", "-- end", "/* open"))
    (tmp_path / "file.sql").write_text(text, encoding="utf-8")
    assert list(statements_of(tmp_path / "file.sql")) == [found for _, found in statements_in(text)]


def test_a_statement_without_an_end_is_refused_before_memory_is_full(tmp_path, monkeypatch):
    monkeypatch.setattr(statements, "_MOST_CHARACTERS", 100)
    (tmp_path / "file.sql").write_text("SELECT 1; SELECT '" + "x" * 200)
    with pytest.raises(D1Error, match="statement too long"):
        list(statements_of(tmp_path / "file.sql"))
