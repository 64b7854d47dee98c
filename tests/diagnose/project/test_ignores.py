from __future__ import annotations

import pytest

from diagnose.project.ignores import settings_document, without_ignore

WANTED = {"code": "LIM001", "path": None, "reason": "small", "until": "2031-01-31"}
ENTRY = '[[ignore]]\ncode = "LIM001"\nreason = "small"\nuntil = 2031-01-31\n'


@pytest.fixture
def document(tmp_path):
    def write(text: str, name: str = "diagnose.toml"):
        (tmp_path / name).write_text(text)
        return settings_document(tmp_path, name)

    return write


def test_the_entry_that_says_exactly_this_is_removed(document):
    other = '[[ignore]]\ncode = "LIM001"\nreason = "small"\npath = "a/*"\n'

    assert without_ignore(document(f"{other}\n{ENTRY}"), WANTED) == other
    assert without_ignore(document(other), WANTED) is None


def test_a_day_may_be_a_text(document):
    assert without_ignore(document(ENTRY.replace("2031-01-31", '"2031-01-31"')), WANTED) == ""


@pytest.mark.parametrize("text", ["", "ignore = []\n", 'plan = "free"\n'])
def test_where_nothing_is_accepted_there_is_nothing_to_remove(document, text: str):
    assert without_ignore(document(text), WANTED) is None


def test_settings_in_pyproject_stand_below_a_table(document):
    text = ENTRY.replace("[[ignore]]", "[[tool.diagnose.ignore]]")

    assert without_ignore(document(text, "pyproject.toml"), WANTED) == ""
    assert without_ignore(document(ENTRY, "pyproject.toml"), WANTED) is None
