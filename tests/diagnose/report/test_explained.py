from __future__ import annotations

import pytest

from diagnose.model import Location
from diagnose.model.explanation import Explanation
from diagnose.report import Style
from diagnose.report.explained import render

STYLE = Style(width=80)


@pytest.fixture
def make():
    def explanation(**fields) -> Explanation:
        given = {
            "name": "table missing",
            "text": "no such table: t",
            "kind": "permanent",
            "verdict": "it fails again",
            "meaning": "There is no such table.",
            "remedy": "apply the migrations",
            "checks": (("TBL001", "table-missing", "Tables exist."),),
            "source": "https://example.com",
        }
        return Explanation(**(given | fields))

    return explanation


def test_a_whole_explanation(make):
    places = ((Location("src/worker.py", 70, 5), "INSERT t in import_rows: it names t"),)
    assert render(make(places=places, places_note="it may come from here:"), STYLE) == (
        "table missing\n\n"
        "  text      no such table: t\n"
        "  kind      permanent: it fails again\n"
        "  meaning   There is no such table.\n"
        "  do        apply the migrations\n"
        "  source    https://example.com\n\n"
        "Found by\n"
        "  TBL001 table-missing: Tables exist.\n\n"
        "In the project\n"
        "  it may come from here:\n"
        "    src/worker.py:70:5  INSERT t in import_rows: it names t\n"
    )


def test_without_checks_and_project_these_parts_are_left_out(make):
    text = render(make(checks=()), STYLE)
    assert text.endswith("source    https://example.com\n")


def test_a_pasted_text_cannot_steer_the_terminal(make):
    assert not {"\x1b", "\u202e"} & set(render(make(text="\x1b[2J\u202eno such table"), STYLE))
