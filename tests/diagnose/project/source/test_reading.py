from __future__ import annotations

import pytest

from diagnose.errors import SourceError
from diagnose.project.source import UnsupportedLanguageError, read_source

BROKEN = (
    "broken.py:1: this is not Python that can be read: the syntax breaks off; "
    "python -m py_compile shows what the interpreter makes of it"
)


@pytest.mark.parametrize(
    ("main", "content", "message"),
    [
        ("missing.py", None, "the file does not exist"),
        ("../outside.py", None, "`main` lies outside the project"),
        ("/etc/passwd", None, "`main` lies outside the project"),
        ("latin.py", b"x = '\xe9'\n", "not UTF-8: byte 5 cannot be read"),
        (
            "large.py",
            b"#" * 2_000_001,
            "cannot be read: it has 2,000,001 bytes, more than 2,000,000",
        ),
        ("broken.py", b"def f(:\n", "this is not Python that can be read: the syntax breaks off"),
        (
            "nested.py",
            b"x = " + b"(" * 5000 + b"1" + b")" * 5000,
            "the source is nested too deeply to be analysed",
        ),
        ("folder.py", "folder", "cannot be read: Is a directory"),
        ("notes.txt", b"x", "not a worker's source file"),
    ],
)
def test_sources_that_cannot_be_read(tmp_path, main, content, message):
    if content == "folder":
        (tmp_path / main).mkdir()
    elif content is not None:
        (tmp_path / main).write_bytes(content)
    with pytest.raises(SourceError) as caught:
        read_source(tmp_path, main)
    assert caught.value.message == message


def test_a_symlink_that_leaves_the_project(tmp_path):
    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / "outside.py").write_text("x = 1\n")
    (project / "worker.py").symlink_to(tmp_path / "outside.py")
    with pytest.raises(SourceError, match="outside the project"):
        read_source(project, "worker.py")


@pytest.mark.parametrize(
    ("main", "language"), [("index.ts", "typescript"), ("index.js", "javascript"), ("w.mjs", "javascript")]
)
def test_other_languages(tmp_path, main, language):
    (tmp_path / main).write_text("export default {}\n")
    with pytest.raises(
        UnsupportedLanguageError, match="TypeScript/JavaScript analysis is not available yet"
    ) as caught:
        read_source(tmp_path, main)
    assert caught.value.language == language


def test_main_is_relative_to_the_config(tmp_path):
    (tmp_path / "app" / "src").mkdir(parents=True)
    (tmp_path / "app" / "src" / "entry.py").write_text("import helper\n")
    (tmp_path / "app" / "src" / "helper.py").write_text("X = 1\n")
    source = read_source(tmp_path, "src/entry.py", base="app")
    assert source.main == "app/src/entry.py"
    assert [(module.path, module.name) for module in source.modules] == [
        ("app/src/entry.py", "entry"),
        ("app/src/helper.py", "helper"),
    ]
    assert source.text("app/src/helper.py") == "X = 1\n"
    with pytest.raises(KeyError):
        source.text("other.py")


def test_a_module_that_cannot_be_read_is_a_problem_and_the_rest_goes_on(tmp_path):
    (tmp_path / "worker.py").write_text(
        "import latin, broken, absent\nfrom leak import x\n"
        "async def on_fetch(request, env):\n    await env.DB.prepare('SELECT 1').all()\n"
    )
    (tmp_path / "latin.py").write_bytes(b"x = '\xe9'\n")
    (tmp_path / "broken.py").write_text("def f(:\n")
    outside = tmp_path.parent / f"{tmp_path.name}-leak.py"
    outside.write_text("x = 1\n")
    (tmp_path / "leak.py").symlink_to(outside)
    source = read_source(tmp_path, "worker.py")
    assert {module.path: module.problems for module in source.modules} == {
        "worker.py": (),
        "latin.py": ("latin.py: not UTF-8: byte 5 cannot be read",),
        "broken.py": (BROKEN,),
    }
    assert len(source.sites) == 1


@pytest.mark.parametrize(
    "worker",
    [
        "async def on_fetch(request, env):\n    return await on_fetch(request, env)\n",
        "import worker\nfrom worker import *\nx = worker\n",
        "class A(A): pass\nclass B(B):\n    x = B()\n",
        "def f(x):\n    return [f(y) for y in x]\nasync def on_fetch(r, e):\n    f(f)\n    (lambda: f)()()\n",
        "x = y = []\nx += x\nx.append(x)\nprint(x, *x, **{})\n",
        "x = 10 ** 10 ** 10\ny = [0] * 10 ** 9\nz = 'a' * 10 ** 12\nw = 1 / 0\n",
        "async def on_fetch(r, env):\n    await env.DB.batch()\n    env.DB.prepare()\n    env.Q.send()\n",
        "async def on_fetch(): pass\nasync def on_queue(*args, **kw): args[0].x\n",
        "while (batch := next(it)): pass\nfor x.y, [a, *b] in z: pass\nd = {}\nd['a']['b'] = 1\n",
        "match x:\n    case [1, y]: pass\nwith a: pass\ntry: pass\nfinally: pass\nassert x\n",
        "x = f'{'\n".replace("{", "{{"),
    ],
)
def test_odd_programs_are_read(read, worker):
    assert read(worker).main == "worker.py"


def test_modules_beyond_the_budget_are_named(tmp_path):
    (tmp_path / "worker.py").write_text("import one, two\n")
    (tmp_path / "one.py").write_text("#" * 1_500_000)
    (tmp_path / "two.py").write_text("#" * 1_500_000)
    assert [module.problems for module in read_source(tmp_path, "worker.py").modules] == [
        (),
        (),
        ("two.py: not analysed: together the modules have more than 2,000,000 characters",),
    ]


def test_exploding_calls_stop_at_the_bound(read):
    functions = "\n".join(
        f"def f{n}(x):\n    f{n + 1}(x)\n    f{n + 1}(x)\n    f{n + 1}(x)\n    f{n + 1}(x)" for n in range(12)
    )
    source = read(functions + "\ndef f12(x): pass\nasync def on_fetch(request, env):\n    f0(1)\n")
    assert source.complete is False
