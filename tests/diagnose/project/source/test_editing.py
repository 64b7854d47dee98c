"""Edits of Python source."""

from __future__ import annotations

import pytest

from diagnose.project.source.editing import Edit, add_import, apply_edits, parses, with_imports

CONVERTER = ("from pyodide.ffi import to_js", "from js import Object")

GUARDED = """try:
    from pyodide.ffi import to_js
except ImportError:
    to_js = None
from js import Object
"""


def test_edits_mean_the_text_as_it_was():
    edits = [Edit(8, 9, "zwei"), Edit(0, 2, "eins"), Edit(7, 7, " ")]
    assert apply_edits("é1 = 1+2", edits[1:]) == "eins = 1+ 2"
    assert apply_edits("é1 = 1 +2", edits[:2]) == "eins = 1 +zwei"


def test_edits_do_not_count_a_byte_order_mark():
    assert apply_edits("\ufeffa = 1\n", [Edit(0, 1, "b")]) == "\ufeffb = 1\n"


@pytest.mark.parametrize(
    ("edits", "message"),
    [
        ([Edit(0, 3, ""), Edit(2, 4, "")], "two edits overlap"),
        ([Edit(3, 9, "")], "an edit lies outside the text"),
        ([Edit(3, 2, "")], "an edit lies outside the text"),
    ],
)
def test_edits_that_cannot_be_applied(edits, message):
    with pytest.raises(ValueError, match=message):
        apply_edits("x = 1", edits)


@pytest.mark.parametrize(
    "text",
    ["", "x = ''\n", "type Row[T] = list[T]\n", "def f[T](x: T): ...\n", "s = t'{x}'\n", "\ufeffx = 1\n"],
)
def test_parses(text):
    assert parses(text)


@pytest.mark.parametrize("text", ["def f(:\n    pass\n", "def f():\n", "x = [1, 2\n", "x =\n", "f(a b)\n"])
def test_does_not_parse(text):
    assert not parses(text)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(
            '"""Doc."""\n\nfrom urllib.parse import parse_qs\n\nfrom workers import fetch\n\nX = 1\n',
            '"""Doc."""\n\nfrom urllib.parse import parse_qs\n\nfrom js import Object\n'
            "from pyodide.ffi import to_js\nfrom workers import fetch\n\nX = 1\n",
            id="beside the section's own",
        ),
        pytest.param(
            "import json  # text\nX = 1\n",
            "import json  # text\n\nfrom js import Object\nfrom pyodide.ffi import to_js\nX = 1\n",
            id="a section of its own",
        ),
        pytest.param(
            '"""Doc."""\nfrom __future__ import annotations\n\nX = 1\n',
            '"""Doc."""\nfrom __future__ import annotations\n\nfrom js import Object\n'
            "from pyodide.ffi import to_js\n\nX = 1\n",
            id="below future imports",
        ),
        pytest.param(
            "# A worker.\nX = 1\n",
            "# A worker.\nfrom js import Object\nfrom pyodide.ffi import to_js\n\nX = 1\n",
            id="no docstring",
        ),
        pytest.param(
            "from js import Object\nfrom pyodide.ffi import (\n    create_proxy as proxy,  # kept\n)\n",
            "from js import Object\n"
            "from pyodide.ffi import (\n    create_proxy as proxy, to_js,  # kept\n)\n",
            id="joins an import of the same module",
        ),
        pytest.param(
            "from js import Object\nfrom pyodide.ffi import create_proxy, to_py\n",
            "from js import Object\nfrom pyodide.ffi import create_proxy, to_js, to_py\n",
            id="among sorted names",
        ),
        pytest.param(
            "from js import Response, console\nfrom pyodide.ffi import JsProxy, to_js\n",
            "from js import Object, Response, console\nfrom pyodide.ffi import JsProxy, to_js\n",
            id="a class among classes",
        ),
        pytest.param(
            "\n\nfrom js import fetch\nfrom workers import Response\nX = 1\n",
            "\n\nfrom js import Object, fetch\nfrom pyodide.ffi import to_js\n"
            "from workers import Response\nX = 1\n",
            id="below blank lines",
        ),
        pytest.param(
            "\n\nX = 1\n",
            "\n\nfrom js import Object\nfrom pyodide.ffi import to_js\n\nX = 1\n",
            id="below blank lines, the first import",
        ),
        pytest.param(GUARDED, GUARDED, id="imported in a try"),
        pytest.param(
            "import os\r\n\r\ndef f():\r\n    from js import Object\r\n",
            "import os\r\n\r\nfrom js import Object\r\nfrom pyodide.ffi import to_js\r\n\r\n"
            "def f():\r\n    from js import Object\r\n",
            id="imported in a function only, line ends of Windows",
        ),
        pytest.param(
            "\ufefffrom .feed import rows\n",
            "\ufefffrom js import Object\nfrom pyodide.ffi import to_js\n\nfrom .feed import rows\n",
            id="above relative imports, below a byte order mark",
        ),
    ],
)
def test_imports_stand_where_a_person_would_put_them(before, after):
    assert with_imports(before, CONVERTER) == after
    assert with_imports(after, CONVERTER) == after
    assert parses(after)


@pytest.mark.parametrize(
    ("text", "statement"),
    [
        ("import json\n", "import json"),
        ("from js import Object as O\n", "from js import Object as O"),
        ("from js import (\n    Object,\n    fetch,\n)\n", "from js import Object"),
    ],
)
def test_what_is_imported_needs_no_edit(text, statement):
    assert add_import(text, statement) is None


def test_another_alias_is_another_name():
    assert with_imports("from js import Object as O\n", ["from js import Object"]) == (
        "from js import Object, Object as O\n"
    )
    assert with_imports("import json as j\n", ["import json"]) == "import json\nimport json as j\n"
    assert with_imports("import sys, os\n\nimport js\n", ["import json"]) == (
        "import json\nimport sys, os\n\nimport js\n"
    )


def test_only_imports_of_one_name():
    with pytest.raises(ValueError, match="not an import of one name"):
        add_import("", "from js import Object, fetch")
