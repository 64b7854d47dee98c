from __future__ import annotations

import pytest

from diagnose.embedded.analytics.language import Field, QueryError, read_query

WRANGLER = """query getD1MetricsOverviewQuery(
  $accountTag: string, $filter: ZoneWorkersRequestsFilter_InputObject
) {
  viewer {
    accounts(filter: {accountTag: $accountTag}) {
      d1AnalyticsAdaptiveGroups(limit: 10000, filter: $filter) {
        sum { readQueries
              writeQueries }
        dimensions { datetimeHour }
      }
    }
  }
}"""


def test_a_query_of_wrangler():
    variables = {"accountTag": "a", "filter": {"AND": [{"databaseId": "b"}]}}
    (viewer,) = read_query(WRANGLER, variables)
    accounts = viewer.selected("accounts")
    assert accounts.arguments == {"filter": {"accountTag": "a"}}
    (groups,) = accounts.selections
    assert groups.arguments == {"limit": 10000, "filter": variables["filter"]}
    assert [one.name for one in groups.selected("sum").selections] == ["readQueries", "writeQueries"]
    assert viewer.selected("zones") is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"a \\"quoted\\" \\u00e9"', 'a "quoted" é'),
        ("-1.5e3", -1500.0),
        ("[1, 2 3]", [1, 2, 3]),
        ("[sum_rowsRead_DESC]", ["sum_rowsRead_DESC"]),
        ("{a: {b: [true, false, null]}}", {"a": {"b": [True, False, None]}}),
        ("$missing", None),
        ("$given", 7),
    ],
)
def test_values(value, expected):
    (found,) = read_query(f"{{ x(y: {value}) }}", {"given": 7})
    assert found.arguments == {"y": expected}


def test_an_alias_and_a_comment():
    assert read_query("{ # nothing\n  mine: x }", {}) == (Field("x", "mine"),)


def test_a_variable_has_a_default():
    text = "query ($a: [Int!]! = 3, $b: string) { x(a: $a, b: $b) }"
    assert read_query(text, {"b": "y"})[0].arguments == {"a": 3, "b": "y"}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{ x",
        "{ x } y",
        "mutation { x }",
        "{ x(y: }",
        "{ x(y 1) }",
        "{ % }",
        '{ x(y: "open) }',
        "{ ... }",
    ],
)
def test_what_is_no_query(text):
    with pytest.raises(QueryError, match="unexpected"):
        read_query(text, {})
