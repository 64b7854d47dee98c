from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio


def config(flags, *, date="2025-11-10", main="w.py"):
    line = f"compatibility_flags = {flags}\n" if flags else ""
    return f'name = "a"\nmain = "{main}"  # the worker\ncompatibility_date = "{date}"\n{line}'


PYTHON = '["python_workers"]'
CLASS = """from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("stored")
"""


@pytest.fixture
def proven(write_project, repair, undo, tree):
    """Repair, compare every file, repair again (nothing changes), and undo byte for byte."""

    async def run(files, expected):
        folder = write_project(files)
        before = tree(folder)
        result = await repair("SRC008", folder, offline=True)
        assert {each.outcome for each in result.settlements} <= {Outcome.FIXED, Outcome.IN_ORDER}
        repaired = {**before, **{name: text.encode() for name, text in expected.items()}}
        assert tree(folder) == repaired
        again = await repair("SRC008", folder, offline=True)
        assert again.settlements == ()
        await undo(folder, offline=True)
        assert tree(folder) == before

    return run


@pytest.fixture
def refused(write_project, repair, tree):
    async def run(files):
        folder = write_project(files)
        before = tree(folder)
        result = await repair("SRC008", folder, offline=True)
        assert tree(folder) == before
        assert {each.outcome for each in result.settlements} == {Outcome.REFUSED}
        return result.settlements[0].detail

    return run


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        (None, PYTHON),
        ("[]", PYTHON),
        ('["nodejs_compat"]', '["nodejs_compat", "python_workers"]'),
        ('[\n  "nodejs_compat", # for later\n]', '[\n  "nodejs_compat", # for later\n  "python_workers",\n]'),
    ],
)
async def test_the_flag(proven, flags, expected):
    await proven({"wrangler.toml": config(flags), "w.py": CLASS}, {"wrangler.toml": config(expected)})


async def test_the_flag_in_jsonc(proven):
    text = '{{\n  "name": "a",\n  "main": "w.py", // the worker\n  "compatibility_date": "2025-11-10"{}\n}}\n'
    files = {"wrangler.jsonc": text.format(""), "w.py": CLASS}
    added = ',\n  "compatibility_flags": [\n    "python_workers"\n  ]'
    await proven(files, {"wrangler.jsonc": text.format(added)})


async def test_functions_get_a_class(proven):
    source = '''"""Imports prices."""

from js import Response


async def on_fetch(request, env):
    return Response.new("stored")


def on_scheduled(controller):
    print("now")
'''
    expected = '''"""Imports prices."""

from js import Response
from workers import WorkerEntrypoint


async def on_fetch(request, env):
    return Response.new("stored")


def on_scheduled(controller):
    print("now")


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await on_fetch(request.js_object, self.env)

    async def scheduled(self, controller):
        return on_scheduled(controller)
'''
    await proven({"wrangler.toml": config(PYTHON), "w.py": source}, {"w.py": expected})


async def test_a_class_does_what_the_decorator_did(proven):
    source = """from workers import Response, handler


@handler
async def on_fetch(request, env, ctx):
    return Response("stored")
"""
    expected = """from workers import Response, WorkerEntrypoint, handler


async def on_fetch(request, env, ctx):
    return Response("stored")


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return await on_fetch(request, self.env, self.ctx)
"""
    await proven({"wrangler.toml": config(PYTHON), "w.py": source}, {"w.py": expected})


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("async def on_fetch(request, *more):\n    return None\n", id="any number of arguments"),
        pytest.param("async def on_fetch(a, b, c, d):\n    return None\n", id="too many arguments"),
        pytest.param(
            "async def on_fetch(request):\n    return None\n\n\nclass Default: ...\n", id="a class Default"
        ),
    ],
)
async def test_functions_that_no_class_can_pass_on_to(refused, source):
    detail = await refused({"wrangler.toml": config(PYTHON), "w.py": source})
    assert "disable_python_no_global_handlers" in detail


async def test_code_that_converts_would_get_converted_values(refused):
    source = (
        "async def on_fetch(request, env):\n    return (await env.DB.prepare('SELECT 1').all()).to_py()\n"
    )
    sdk = {"python_modules/workers/__init__.py": "class WorkerQueue: ...\n"}
    files = {"wrangler.toml": config(PYTHON, date="2026-05-05"), "w.py": source, **sdk}
    assert "would change what they receive" in await refused(files)


async def test_a_class_before_its_date_gets_the_flag(proven):
    files = {"wrangler.toml": config(PYTHON, date="2025-06-03"), "w.py": CLASS}
    flags = '["python_workers", "python_no_global_handlers"]'
    await proven(files, {"wrangler.toml": config(flags, date="2025-06-03")})


async def test_a_method_gets_the_name_that_is_asked_for(proven):
    source = CLASS.replace("def fetch", "def on_fetch")
    await proven({"wrangler.toml": config(PYTHON), "w.py": source}, {"w.py": CLASS})


async def test_a_method_that_is_called_by_its_name(refused):
    source = (
        CLASS.replace("def fetch", "def on_fetch") + "\n    def again(self):\n        self.on_fetch(None)\n"
    )
    assert "called by its name" in await refused({"wrangler.toml": config(PYTHON), "w.py": source})


async def test_both_forms_before_the_date(refused):
    source = CLASS + "\n\nasync def on_scheduled(controller, env):\n    pass\n"
    files = {"wrangler.toml": config(PYTHON, date="2025-06-03"), "w.py": source}
    assert "mixes both forms" in await refused(files)


async def test_imports_lose_the_folder(proven):
    source = "import src.store as store\nfrom src.feed import (\n    rows,  # prices\n)\n" + CLASS
    files = {
        "wrangler.toml": config(PYTHON, main="src/entry.py"),
        "src/entry.py": source,
        "src/feed.py": "from src import store, units as u\nrows = []\n",
        "src/store.py": "X = 1\n",
        "src/units.py": "X = 1\n",
    }
    expected = {
        "src/entry.py": source.replace("src.", ""),
        "src/feed.py": "import store, units as u\nrows = []\n",
    }
    await proven(files, expected)


async def test_an_import_that_is_used_by_its_full_name(refused):
    files = {
        "wrangler.toml": config(PYTHON, main="src/entry.py"),
        "src/entry.py": "import src.feed\n" + CLASS,
        "src/feed.py": "rows = []\n",
    }
    assert "drop the folder by hand" in await refused(files)


async def test_bindings_are_read_from_the_class(proven):
    source = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller, {0}, {1}):
        await {2}.DB.exec("DELETE FROM t")  # env
        {3}.waitUntil(self.later({2}))
"""
    before, after = (
        source.format("env", "ctx", "env", "ctx"),
        source.format("env", "ctx", "self.env", "self.ctx"),
    )
    await proven({"wrangler.toml": config(PYTHON), "w.py": before}, {"w.py": after})


async def test_the_sdk_is_for_a_package_manager(write_project, check):
    files = {"wrangler.toml": config(PYTHON, date="2026-05-05"), "w.py": CLASS}
    findings = await check("SRC008", write_project(files), offline=True)
    assert [each for each in findings if each.is_problem] == []
    assert "`pywrangler` vendors it" in findings[0].message
