from __future__ import annotations

import pytest

from diagnose.project import open_project
from diagnose.project.source import Handler, Module, Source
from diagnose.project.unused import unused_bindings, why_unsettled

CONFIG = 'name = "a"\nmain = "w.py"\n\n[[kv_namespaces]]\nbinding = "CACHE"\nid = "a"\n'
WORKER = "async def on_fetch(request, env):\n    pass\n"


def reading(text, **facts):
    handler = Handler(
        kind="fetch", style="module", class_name=None, name="on_fetch", parameters=(), location=None
    )
    module = Module(path="w.py", name="w", text=text)
    facts = {"language": "python", "handlers": (handler,), **facts}
    return Source(main="w.py", modules=(module,), **facts)


def test_files_that_cannot_be_looked_into_do_not_count(write_project, tmp_path):
    (tmp_path / "outside.py").write_text("CACHE")
    folder = write_project(
        {"wrangler.toml": CONFIG, "w.py": WORKER, "bundle.js": b"CACHE" + b" " * 1_000_001}
    )
    (folder / "link.py").symlink_to(tmp_path / "outside.py")
    project = open_project(folder)
    names = [binding.binding for binding in unused_bindings(project.root, project.source, project.config)]
    assert names == ["CACHE"]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (reading(WORKER), None),
        (reading(WORKER, complete=False), "the source was not read to its end"),
        (reading(WORKER, handlers=()), "no handler was found"),
        (
            reading("", language="typescript"),
            "what a TypeScript or JavaScript worker passes on to libraries is not followed",
        ),
        (reading("class App:\n    def __init__(self, env):\n        super().__init__(env)\n"), None),
        (reading("def make(env):\n    return library.make(*env)\n"), "w.py:2 hands on all of `env`"),
        (reading("for name in env:\n    print(name)\n"), "w.py:1 hands on all of `env`"),
        (reading("def make(env):\n    return make.make(env)\n"), None),
    ],
)
def test_what_settles_the_question(source, reason):
    assert why_unsettled(source) == reason
