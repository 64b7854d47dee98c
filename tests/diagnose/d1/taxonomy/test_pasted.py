from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from diagnose.d1.taxonomy import unwrapped
from diagnose.d1.taxonomy.pasted import LONGEST

TEXT = "D1_ERROR: too many SQL variables at offset 261: SQLITE_ERROR"


@pytest.mark.parametrize(
    "pasted",
    [
        TEXT,
        f"  {TEXT}\n",
        f"\x1b[31m{TEXT}\x1b[0m",
        f"\x1b]8;;https://example.com\x07{TEXT}\x1b]8;;\x07",
        TEXT.replace(" SQL ", " SQL\r\n    "),
        json.dumps({"error": {"text": TEXT}}),
        "2026-11-26 10:00:00 ERROR " + json.dumps({"level": "error", "message": TEXT}),
        json.dumps({"exceptions": [{"name": "Error", "message": TEXT, "timestamp": 1}], "logs": []}),
        json.dumps([{"success": False, "errors": [{"message": TEXT}], "messages": [{"message": "fine"}]}]),
    ],
)  # fmt: skip
def test_what_stands_around_an_error_is_taken_away(pasted: str):
    found = unwrapped(pasted)

    assert found.texts == (TEXT,)
    assert found.offset == 261


def test_a_prefix_stays_because_it_may_belong_to_the_text():
    assert unwrapped(f"[worker] Error: {TEXT}").texts == (f"[worker] Error: {TEXT}",)


def test_codes_of_errors_count_and_those_of_successes_do_not():
    envelope = {
        "success": False,
        "errors": [{"code": 7403, "message": "no", "error_chain": []}],
        "messages": [{"code": 10000, "message": "This API Token is valid and active"}],
    }

    assert unwrapped(json.dumps(envelope)).codes == (7403,)
    assert unwrapped(json.dumps(envelope | {"success": True, "errors": []})).codes == ()


def test_codes_stand_in_texts_as_well():
    assert unwrapped("a [code: 7500] b [code: 10021]").codes == (7500, 10021)
    assert unwrapped("batch size of 291898 bytes exceeds limit of 256000 bytes (10205)").codes == (10205,)


def test_braces_that_are_no_envelope_are_text():
    assert unwrapped('bad {"a": 1} and [1, {').texts == ('bad {"a": 1} and [1, {',)


def test_an_endless_paste_is_cut():
    assert len(unwrapped("x" * (LONGEST * 2)).texts[0]) == LONGEST


def test_a_deep_envelope_ends():
    assert unwrapped("[" * 5_000).texts == ("[" * 5_000,)
    assert unwrapped('{"error":' * 100 + '"x"' + "}" * 100).offset is None


KEYS = st.sampled_from(["error", "message", "code", "success"])
ENVELOPES = st.dictionaries(KEYS, st.text() | st.integers() | st.lists(st.dictionaries(KEYS, st.text())))


@settings(max_examples=50)
@given(st.text() | ENVELOPES.map(json.dumps))
def test_any_text_can_be_pasted(text: str):
    found = unwrapped(text)

    assert all(each == " ".join(each.split()) and "\x1b" not in each for each in found.texts)
