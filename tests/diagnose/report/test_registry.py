from __future__ import annotations

import json

import pytest

from diagnose.errors import UsageError
from diagnose.report import RENDERERS, Style, renderer


def test_the_formats():
    assert list(RENDERERS) == ["table", "json"]


@pytest.mark.parametrize("name", ["table", "json"])
def test_every_format_ends_with_one_newline(name, make_finding, make_report):
    text = renderer(name)(make_report(make_finding()), Style())
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


def test_json_does_not_depend_on_the_style(make_finding, make_report):
    report = make_report(make_finding())
    plain, coloured = (renderer("json")(report, Style(color=color, width=40)) for color in (False, True))
    assert plain == coloured
    assert json.loads(plain)["schema_version"] == 1


def test_an_unknown_format_is_a_usage_error_that_lists_the_others():
    with pytest.raises(UsageError, match="there is no format 'yaml'; choose one of table, json"):
        renderer("yaml")
