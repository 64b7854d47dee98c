from __future__ import annotations

from diagnose.schemas import recorded_samples

SETTINGS = """
[[responses]]
url = "https://rates.example.com/*"
body_file = "answer.json"

[[responses]]
url = "https://other.example.com/*"
body_file = "missing.json"
"""
ROWS = '[rows]\npath = "rates"\ncolumns = { on = "Day", value = "rate" }\n'
ANSWER = """
{"status": {"ok": true}, "rates": [{"on": "2025-06-02", "value": 1}, {"on": "2025-06-03", "value": 1.5}]}
"""
LOOP = (
    "rates = (await (await fetch('https://rates.example.com/')).json())['rates']",
    "sql = 'INSERT INTO rates (day, rate, source, kind) VALUES ' + ', '.join(['(?, ?, ?, ?)'] * len(rates))",
    "params = []",
    "for rate in rates:",
    '    params.extend([rate["on"], rate.get("value", 0), "ecb", controller])',
    "await self.env.DB.prepare(sql).bind(*params).run()",
)


def samples(opened):
    return recorded_samples(opened.settings, opened.source.sites)


def test_fields_are_told_to_columns_by_the_mapping(project):
    files = {"diagnose.toml": SETTINGS + ROWS, "answer.json": ANSWER}
    assert samples(project(files=files)) == {"day": ["2025-06-02", "2025-06-03"], "rate": [1, 1.5]}


def test_without_a_mapping_the_source_tells_which_field_is_which_column(project):
    files = {"diagnose.toml": SETTINGS, "answer.json": ANSWER}
    assert samples(project(*LOOP, files=files)) == {
        "day": ["2025-06-02", "2025-06-03"],
        "rate": [1, 1.5],
        "source": ["ecb"],
    }


def test_without_answers_only_constants_are_known(project):
    assert samples(project(*LOOP)) == {"source": ["ecb"]}


def test_an_answer_that_is_no_json_says_nothing(project):
    files = {"diagnose.toml": SETTINGS + ROWS, "answer.json": "<html>"}
    assert samples(project(files=files)) == {}
