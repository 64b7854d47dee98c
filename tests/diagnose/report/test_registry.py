from __future__ import annotations

import pytest

from diagnose.cli.outputs import FORMATS
from diagnose.errors import NoConfigError, UsageError
from diagnose.report import RENDERERS, Style, renderer


def test_the_formats():
    assert list(RENDERERS) == ["table", "json", "junit", "github", "sarif", "markdown"]
    assert tuple(RENDERERS) == FORMATS


@pytest.mark.parametrize("name", RENDERERS)
def test_every_format_ends_with_one_newline(name, make_finding, make_report):
    text = renderer(name)(make_report(make_finding()), Style())
    assert text.endswith("\n")
    assert not text.endswith("\n\n")


@pytest.mark.parametrize("name", [name for name in RENDERERS if name != "table"])
def test_what_machines_read_does_not_depend_on_the_style(name, make_finding, make_report):
    report = make_report(make_finding())
    plain, coloured = (renderer(name)(report, Style(color=color, width=40)) for color in (False, True))
    assert plain == coloured


@pytest.mark.parametrize("name", RENDERERS)
def test_every_format_tells_why_a_run_could_not_finish(name, make_report):
    failure = NoConfigError("no wrangler config", where="shop", hint="pass -c FILE")
    assert "no wrangler config" in renderer(name)(make_report(failure=failure), Style())


def test_an_unknown_format_is_a_usage_error_that_lists_the_others():
    with pytest.raises(UsageError, match="there is no format 'yaml'; choose one of table, json, junit"):
        renderer("yaml")
