from __future__ import annotations

import json

import pytest

from diagnose.project import RecordedResponse, RowsSettings, Settings
from diagnose.rehearsal.row_sizes import recorded_row_bytes

ROWS = [{"a": 1}, {"a": "é"}, {"a": [1, 2]}]


@pytest.fixture
def settings(tmp_path):
    def make(*bodies, path="Data.Rows"):
        names = [f"{number}.json" for number in range(len(bodies))]
        for name, body in zip(names, bodies, strict=True):
            (tmp_path / name).write_text(body, encoding="utf-8")
        responses = tuple(RecordedResponse(url="https://x.example.com", body_file=name) for name in names)
        rows = None if path is None else RowsSettings(path=path, columns={})
        return Settings(responses=responses, rows=rows, directory=tmp_path)

    return make


def answer(rows):
    return json.dumps({"Data": {"Rows": rows}}, indent=2)


def test_the_average_of_all_recorded_rows_in_compact_json(settings):
    sizes = [len(json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode()) for row in ROWS]
    assert sizes == [7, 10, 11]
    assert recorded_row_bytes(settings(answer(ROWS))) == 9
    assert recorded_row_bytes(settings(answer(ROWS[:1]), answer(ROWS[:1]))) == 7
    assert recorded_row_bytes(settings(json.dumps(ROWS[:1]), path="")) == 7


@pytest.mark.parametrize("body", ["", "no JSON", "[]", '{"Data": {"Rows": {"a": 1}}}', answer([])])
def test_answers_without_rows_tell_nothing(body, settings):
    assert recorded_row_bytes(settings(body)) is None
    assert recorded_row_bytes(settings(body, answer(ROWS[:1]))) == 7


def test_without_a_path_the_longest_list_of_an_answer_holds_the_rows(settings):
    tags = {"tags": ["long text"] * 9, "pages": [[1]], "Data": {"Rows": ROWS}}
    assert recorded_row_bytes(settings(json.dumps(tags), path=None)) == 9
    assert recorded_row_bytes(settings(json.dumps([[1, 2], [3]]), path=None)) == 4
    assert recorded_row_bytes(settings(json.dumps({"id": 1, "tags": ["a", "b"]}), path=None)) is None
    assert (
        recorded_row_bytes(settings(json.dumps({"a": {"b": {"c": {"d": {"e": ROWS}}}}}), path=None)) is None
    )


def test_without_a_path_the_smallest_rows_of_several_answers_count(settings):
    bodies = [answer(ROWS), answer(ROWS[:1]), '{"token": "x"}', "no JSON"]
    assert recorded_row_bytes(settings(*bodies, path=None)) == 7


def test_without_a_file_nothing_is_known(settings, tmp_path):
    gone = settings(answer(ROWS))
    (tmp_path / "0.json").unlink()
    assert recorded_row_bytes(gone) is None
