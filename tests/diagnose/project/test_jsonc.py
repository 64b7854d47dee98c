"""The JSONC reader: the json module's data, exact places, errors with line and column."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diagnose.errors import ConfigError
from diagnose.project import parse_document
from diagnose.project.jsonc import MAX_DEPTH, read_jsonc

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda children: st.lists(children, max_size=4) | st.dictionaries(st.text(), children, max_size=4),
    max_leaves=12,
)
JSON_TEXT = st.text(alphabet='{}[]:,"\\/*-+.0123456789eEtrufalsn \n\tab', max_size=24)


def refuse_constant(name: str) -> object:
    raise ValueError(name)


def decorated(value: object, noise: list[str]) -> str:
    """The value in JSONC, with noise between its tokens and commas at the end."""
    blank = noise[0] if noise else " "
    if isinstance(value, dict):
        members = (f"{json.dumps(key)}{blank}:{blank}{decorated(item, noise)}" for key, item in value.items())
        return "{" + "".join(f"{blank}{member}{blank}," for member in members) + blank + "}"
    if isinstance(value, list):
        return "[" + "".join(f"{blank}{decorated(item, noise)}{blank}," for item in value) + blank + "]"
    return json.dumps(value)


@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_reads_what_the_json_module_writes(value, indent, ascii_only):
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert read_jsonc(text, "x").data == value


@given(JSON, st.sampled_from(["", " ", "\r\n", "// a }\n", "/* , ] */", '\n// "\n']))
def test_comments_and_trailing_commas_change_nothing(value, noise):
    assert read_jsonc(decorated(value, [noise]), "x").data == value


@given(JSON_TEXT)
def test_accepts_all_that_the_json_module_accepts_and_only_comments_and_commas_more(text):
    try:
        expected = json.loads(text, parse_constant=refuse_constant)
    except ValueError:
        expected = ConfigError
    try:
        found = read_jsonc(text, "x").data
    except ConfigError:
        found = ConfigError
    if found != expected:
        assert expected is ConfigError
        assert "//" in text or "/*" in text or "," in text


@given(JSON.filter(lambda value: isinstance(value, dict | list)))
def test_every_place_holds_its_key_and_its_value(value):
    text = json.dumps(value, indent=2)
    layout = read_jsonc(text, "x")
    for keys, place in layout.places.items():
        expected = value
        for key in keys:
            expected = expected[key]
        assert json.loads(place.value.of(text)) == expected
        if isinstance(keys[-1], str):
            assert json.loads(place.key.of(text)) == keys[-1]


@given(JSON.filter(lambda value: isinstance(value, dict | list)))
def test_commas_and_brackets_are_where_the_layout_says(value):
    text = json.dumps(value)
    for container in read_jsonc(text, "x").containers.values():
        assert text[container.span.start] + text[container.span.end - 1] in {"{}", "[]"}
        assert [text[comma] for comma in container.commas if comma is not None] == [","] * (
            max(len(container.children) - 1, 0)
        )


def test_locates_nested_keys(jsonc):
    document = jsonc(
        """
        {
          // one database
          "d1_databases": [
            { "binding": "DB", /* wrong */ "name": "prices" },
          ],
        }
        """
    )
    assert str(document.locate("d1_databases")) == "wrangler.jsonc:3:3"
    assert str(document.locate("d1_databases", 0)) == "wrangler.jsonc:4:5"
    assert str(document.locate("d1_databases", 0, "name")) == "wrangler.jsonc:4:36"
    assert document.locate("d1_databases", 1) is None


def test_columns_count_characters_and_no_byte_order_mark():
    document = parse_document('\ufeff{"é😀": 1, "b": 2}', "wrangler.json", "json")
    assert str(document.locate("é😀")) == "wrangler.json:1:2"
    assert str(document.locate("b")) == "wrangler.json:1:11"
    assert document.data == {"é😀": 1, "b": 2}


def test_of_two_members_with_one_name_the_last_counts(jsonc):
    document = jsonc('{"a": {"x": 1},\n "a": {"y": 2}}')
    assert document.data == {"a": {"y": 2}}
    assert str(document.locate("a")) == "wrangler.jsonc:2:2"
    assert document.locate("a", "x") is None


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("", 1, 1, "the file ends where a value is expected"),
        ("{", 1, 2, "the file ends before the closing `}`"),
        ('{"a": 1', 1, 8, "the file ends before the closing `}`"),
        ('{\n  "a": 1\n  "b": 2\n}', 3, 3, "expected `,` or `}`"),
        ("{\n  a: 1\n}", 2, 3, "expected a key in double quotes or `}`"),
        ("{,}", 1, 2, "expected a key in double quotes or `}`"),
        ('{"a" 1}', 1, 6, "expected `:` after the key"),
        ('{"a": }', 1, 7, "expected a value"),
        ("{\"a\": 'x'}", 1, 7, "strings need double quotes"),
        (
            '{"a": "x\n"}',
            1,
            7,
            "the string does not end on its line, or holds an escape that JSON does not know",
        ),
        ("{} /* no end", 1, 4, "the comment has no end"),
        ("{}\n{}", 2, 1, "expected the end of the file after the first value"),
        ("[1,,2]", 1, 4, "expected a value"),
        ("[01]", 1, 2, "expected a value"),
        ('{"a": ' + "9" * 5000 + "}", 1, 7, "the number has too many digits"),
        ("[" * 200, 1, MAX_DEPTH + 1, f"nested deeper than {MAX_DEPTH} levels"),
    ],
)
def test_errors_say_where(text, line, column, message):
    with pytest.raises(ConfigError) as caught:
        read_jsonc(text, "wrangler.jsonc")
    assert (caught.value.message, caught.value.line, caught.value.column) == (message, line, column)
    assert caught.value.where == f"wrangler.jsonc:{line}:{column}"
