"""Edits keep every character that they need not change."""

from __future__ import annotations

import json

import pytest
import tomlkit
from hypothesis import given
from hypothesis import strategies as st

from diagnose.project import (
    EditError,
    append_table,
    move_key,
    parse_document,
    remove_key,
    remove_table,
    rename_key,
    set_value,
    with_text,
)

TOML = """\
# my worker
name = "w"  # the name

[[d1_databases]]
binding = "DB"
name = "history" # wrong
database_id = "x"

# nightly
[triggers]
crons = [
  "0 3 * * *", # three
]

[observability.logs]
enabled = true
# the entry
main = "src/entry.py" # ours
"""

JSONC = """\
{
\t// my worker
\t"name": "w", // the name
\t"d1_databases": [
\t\t{ "binding": "DB", "name": "history" }, // wrong
\t],
\t"vars": {},
\t"triggers": { "crons": ["0 3 * * *"] } // nightly
}
"""


@pytest.fixture
def toml_document():
    return parse_document(TOML, "wrangler.toml", "toml")


@pytest.fixture
def jsonc_document():
    return parse_document(JSONC, "wrangler.jsonc", "jsonc")


def test_rename_changes_the_key_alone(toml_document, jsonc_document):
    keys = ("d1_databases", 0, "name")
    assert rename_key(toml_document, keys, "database_name") == TOML.replace('name = "h', 'database_name = "h')
    assert rename_key(jsonc_document, keys, "database_name") == JSONC.replace(
        '"name": "h', '"database_name": "h'
    )


def test_rename_quotes_what_needs_quotes(toml):
    assert rename_key(toml("a = 1\n"), ("a",), "b c") == '"b c" = 1\n'


def test_rename_to_a_name_that_is_taken_is_refused(toml_document):
    with pytest.raises(EditError) as caught:
        rename_key(toml_document, ("d1_databases", 0, "name"), "binding")
    assert caught.value.message == "`d1_databases.0.name` cannot be renamed to `binding`"
    assert caught.value.where == "wrangler.toml:6:1"


def test_rename_of_a_table_reaches_every_header(toml):
    document = toml("[a.b]\nx = 1\n[[a.c]]\ny = 1\n[[a.c]]\n")
    assert rename_key(document, ("a",), "z") == document.text.replace("a.", "z.")
    assert rename_key(document, ("a", "c"), "d") == document.text.replace("a.c", "a.d")
    dotted = toml("a.b = 1\na.c = 2\n")
    assert rename_key(dotted, ("a",), "z") == "z.b = 1\nz.c = 2\n"


def test_a_value_is_replaced_where_it_stands(toml_document, jsonc_document):
    keys = ("d1_databases", 0, "name")
    assert set_value(toml_document, keys, 'a"b') == TOML.replace('"history"', '"a\\"b"')
    assert set_value(jsonc_document, keys, "prices") == JSONC.replace('"history"', '"prices"')


def test_a_new_top_level_key_stands_with_the_others(toml_document, jsonc_document):
    assert set_value(toml_document, ("workers_dev",), value=True) == TOML.replace(
        "# the name\n", "# the name\nworkers_dev = true\n"
    )
    assert set_value(jsonc_document, ("workers_dev",), value=True) == JSONC.replace(
        "} // nightly\n", '}, // nightly\n\t"workers_dev": true\n'
    )


def test_a_new_key_makes_the_tables_that_lead_to_it(toml):
    assert set_value(toml('name = "w"\n'), ("triggers", "crons"), ["0 3 * * *"]) == (
        'name = "w"\n\n[triggers]\ncrons = ["0 3 * * *"]\n'
    )
    empty = parse_document("{}\n", "wrangler.json", "json")
    assert set_value(empty, ("triggers", "crons"), ["x"]) == (
        '{\n  "triggers": {\n    "crons": [\n      "x"\n    ]\n  }\n}\n'
    )


def test_a_new_key_above_the_first_header_keeps_that_header_s_comment(toml):
    assert set_value(toml("# logs\n[observability]\nenabled = true\n"), ("name",), "w") == (
        'name = "w"\n\n# logs\n[observability]\nenabled = true\n'
    )


def test_items_join_their_array_in_its_style(toml_document, jsonc_document):
    crons = ("triggers", "crons")
    assert set_value(jsonc_document, (*crons, 0), "1 2 * * *") == JSONC.replace("0 3", "1 2")
    assert append_table(jsonc_document, ("d1_databases",), {"binding": "B"}) == JSONC.replace(
        "// wrong\n", '// wrong\n\t\t{\n\t\t\t"binding": "B"\n\t\t},\n'
    )
    assert remove_key(toml_document, (*crons, 0)) == TOML.replace('  "0 3 * * *", # three\n', "")


def test_a_table_joins_its_siblings(toml_document):
    assert append_table(
        toml_document, ("d1_databases",), {"binding": "B", "database_id": "y"}
    ) == TOML.replace(
        'database_id = "x"\n', 'database_id = "x"\n\n[[d1_databases]]\nbinding = "B"\ndatabase_id = "y"\n'
    )


def test_the_first_table_of_its_kind_stands_at_the_end(toml_document, jsonc_document):
    producer = {"binding": "Q", "queue": "q"}
    assert append_table(toml_document, ("queues", "producers"), producer) == (
        TOML + '\n[[queues.producers]]\nbinding = "Q"\nqueue = "q"\n'
    )
    text = append_table(jsonc_document, ("queues", "producers"), producer)
    assert text.startswith(JSONC.replace("} // nightly\n}\n", "}, // nightly\n"))
    assert with_text(jsonc_document, text).get("queues") == {"producers": [producer]}


def test_a_table_joins_an_inline_array(toml):
    document = toml('d1_databases = [{ binding = "A" }]\n')
    assert append_table(document, ("d1_databases",), {"binding": "B"}) == (
        'd1_databases = [{ binding = "A" }, { binding = "B" }]\n'
    )


def test_a_swallowed_key_moves_with_its_comments(toml_document):
    moved = move_key(toml_document, ("observability", "logs", "main"), ("main",))
    lines = '# the entry\nmain = "src/entry.py" # ours\n'
    assert moved == TOML.replace(lines, "").replace("# the name\n", "# the name\n" + lines)


def test_a_key_moves_in_json(jsonc_document):
    text = move_key(jsonc_document, ("triggers", "crons"), ("crons",))
    assert with_text(jsonc_document, text).get("crons") == ["0 3 * * *"]
    assert with_text(jsonc_document, text).get("triggers") == {}
    assert text.startswith(JSONC[: JSONC.index('"triggers"')])


def test_a_key_does_not_move_onto_another(toml_document):
    with pytest.raises(EditError, match="its place is taken"):
        move_key(toml_document, ("d1_databases", 0, "name"), ("name",))


@pytest.mark.parametrize(
    ("text", "keys", "expected"),
    [
        ('{"a": 1, "b": 2}', ("a",), '{"b": 2}'),
        ('{"a": 1, "b": 2}', ("b",), '{"a": 1}'),
        ('{ "a": 1, "b": 2 }', ("b",), '{ "a": 1 }'),
        ('{"a": 1}', ("a",), "{}"),
        ('{\n  "a": 1, // one\n  "b": 2 // two\n}\n', ("b",), '{\n  "a": 1 // one\n}\n'),
        ('{\n  "a": 1, // one\n  "b": 2, // two\n}\n', ("b",), '{\n  "a": 1, // one\n}\n'),
        ('{\n  "a": [\n    1,\n    2\n  ]\n}', ("a", 0), '{\n  "a": [\n    2\n  ]\n}'),
    ],
)
def test_removal_takes_comma_comment_and_line_along(text, keys, expected):
    assert remove_key(parse_document(text, "wrangler.jsonc", "jsonc"), keys) == expected


def test_windows_line_ends_stay(toml):
    document = parse_document('name = "w"\r\n\r\n[vars]\r\nA = "1"\r\n', "wrangler.toml", "toml")
    assert set_value(document, ("vars", "B"), "2") == 'name = "w"\r\n\r\n[vars]\r\nA = "1"\r\nB = "2"\r\n'
    json_document = parse_document('{\r\n  "a": 1\r\n}\r\n', "wrangler.json", "json")
    assert set_value(json_document, ("b",), 2) == '{\r\n  "a": 1,\r\n  "b": 2\r\n}\r\n'


def test_a_file_without_a_last_line_end_gets_one_where_it_needs_it(toml):
    assert set_value(parse_document('a = "w"', "w.toml", "toml"), ("b",), 1) == 'a = "w"\nb = 1\n'
    assert append_table(parse_document("[a]", "w.toml", "toml"), ("b",), {"c": 1}) == "[a]\n\n[[b]]\nc = 1\n"


@pytest.mark.parametrize("edit", [remove_key, lambda document, keys: rename_key(document, keys, "z")])
def test_a_key_that_is_not_there_is_refused(toml_document, edit):
    with pytest.raises(EditError) as caught:
        edit(toml_document, ("nothing",))
    assert str(caught.value) == "wrangler.toml: `nothing` is not in the file; edit the file by hand"


def test_a_table_of_its_own_is_not_removed_in_one_piece(toml_document):
    with pytest.raises(EditError, match="is a table and cannot be removed as one piece"):
        remove_key(toml_document, ("triggers",))


def test_nothing_is_put_into_a_text(toml_document):
    with pytest.raises(EditError, match="has no table to stand in"):
        set_value(toml_document, ("name", "x"), 1)


NAMES = st.text(alphabet='ab é."#', max_size=3)
VALUES = st.recursive(
    st.booleans() | st.integers(-(2**53), 2**53) | NAMES,
    lambda children: st.lists(children, max_size=3) | st.dictionaries(NAMES, children, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)


def documents(data, indent):
    yield parse_document(json.dumps(data, indent=indent), "w.json", "json")
    yield parse_document(tomlkit.dumps(data), "w.toml", "toml")


@given(DOCUMENTS, st.sampled_from([None, 2]), NAMES, VALUES)
def test_set_and_remove_say_what_was_asked_for_or_refuse(data, indent, name, value):
    for document in documents(data, indent):
        text = set_value_or_refuse(document, (name,), value)
        if text is not None:
            edited = with_text(document, text)
            assert edited.data == {**data, name: value}
            for key in data:
                remove_key_or_refuse(edited, (key,))


def test_nearly_every_json_edit_succeeds():
    document = parse_document('{"a": [1, {"b": 2}]}', "w.json", "json")
    assert remove_key(document, ("a", 1, "b")) == '{"a": [1, {}]}'
    assert remove_key(document, ("a", 1)) == '{"a": [1]}'


@given(DOCUMENTS, st.sampled_from([None, 2]))
def test_every_json_member_can_be_removed(data, indent):
    document = parse_document(json.dumps(data, indent=indent), "w.json", "json")
    for keys in document.layout.places:
        left = with_text(document, remove_key(document, keys)).layout.places
        assert len(left) < len(document.layout.places)


def set_value_or_refuse(document, keys, value):
    try:
        return set_value(document, keys, value)
    except EditError:
        assert document.format == "toml"  # tables with headers of their own
        return None


def remove_key_or_refuse(document, keys):
    try:
        assert keys[0] not in with_text(document, remove_key(document, keys)).data
    except EditError:
        assert document.format == "toml"


def test_an_entry_gets_the_key_that_it_lacks(toml_document, jsonc_document):
    keys = ("d1_databases", 0, "database_name")
    assert set_value(toml_document, keys, "prices") == TOML.replace(
        'database_id = "x"\n', 'database_id = "x"\ndatabase_name = "prices"\n'
    )
    assert set_value(jsonc_document, keys, "prices") == JSONC.replace(
        '"history" }', '"history", "database_name": "prices" }'
    )


def test_a_key_of_an_environment(toml):
    document = toml('name = "w"\n\n[env.dev.vars]\nA = "1"\n')
    text = append_table(document, ("env", "dev", "d1_databases"), {"binding": "DB"})
    assert text == document.text + '\n[[env.dev.d1_databases]]\nbinding = "DB"\n'
    assert set_value(document, ("env", "dev", "workers_dev"), value=False) == (
        document.text + "\n[env.dev]\nworkers_dev = false\n"
    )


def test_a_comment_that_belongs_to_no_other_line_stays(jsonc):
    document = jsonc('{"a": [1, /* two */ 2, 3]}')
    assert remove_key(document, ("a", 0)) == '{"a": [/* two */ 2, 3]}\n'.rstrip("\n")
    assert remove_key(document, ("a", 2)) == '{"a": [1, /* two */ 2]}'


TABLES = """name = "w"

# the first
[[queue]]
name = "a" # here

# of the second
[[queue]]
name = "b"
[queue.more]
size = 1

[vars]
A = "1"
"""


def test_a_table_goes_with_its_comments_and_one_blank_line(toml):
    document = toml(TABLES)
    assert remove_table(document, ("queue", 0)) == TABLES.replace(
        '# the first\n[[queue]]\nname = "a" # here\n\n', ""
    )
    assert remove_table(document, ("vars",)) == TABLES.removesuffix('\n[vars]\nA = "1"\n')


@pytest.mark.parametrize("keys", [("queue", 1), ("name",), ("queue", 7), ()])
def test_what_is_no_table_of_its_own_is_not_removed(toml, keys):
    with pytest.raises(EditError):
        remove_table(toml(TABLES), keys)


def test_the_only_table_leaves_an_empty_text(toml):
    assert remove_table(toml('# all\n[vars]\nA = "1"\n'), ("vars",)) == ""
    assert remove_table(toml('\ufeff[vars]\nA = "1"\n'), ("vars",)) == "\ufeff"
