from __future__ import annotations

import pytest

from diagnose.embedded import Module
from diagnose.embedded.handlers import handlers, lacks_queue_handler
from diagnose.embedded.state import VersionState


def version(name: str, text: str, **more: str) -> VersionState:
    modules = {
        key: Module(content=content.encode(), content_type="text/plain")
        for key, content in {name: text, **more}.items()
    }
    return VersionState(id="x", number=1, created_on="", source="api", main_module=name, modules=modules)


def found(name: str, text: str) -> list[str]:
    return handlers(version(name, text))


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (
            "class Default:\n    async def queue(self, batch): ...\n    async def fetch(self): ...",
            ["fetch", "queue"],
        ),
        ("async def on_scheduled(controller, env, ctx): ...", ["scheduled"]),
        ("def fetcher(): ...\nfetch('x')", []),
    ],
)
def test_python(text, names):
    assert found("entry.py", text) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("export default {\n  async fetch(request, env) {},\n  queue: consume,\n};", ["fetch", "queue"]),
        ("export default {\n  scheduled,\n};", ["scheduled"]),
        ("const r = await fetch('https://example.com');", []),
        (
            "var x = { async fetch(r, env) {\n  return f();\n}, async queue(b) {\n}, scheduled() {\n} };",
            ["fetch", "scheduled", "queue"],
        ),
        ("async function fetch(r) {}\nexport default { fetch, queue };", ["fetch", "queue"]),
        ("export default {\n  async fetch(\n    request,\n    now = clock(),\n  ) {\n  },\n}", ["fetch"]),
        (
            "import { fetch } from 'x';\nconst { queue } = y;\nqueue(x)\nexport default {scheduled: run}",
            ["scheduled"],
        ),
        ("if (y) { fetch(z) }", []),
    ],
)
def test_javascript(text, names):
    assert found("index.js", text) == names


FETCH = "class Default:\n    async def fetch(self, request): ...\n"


@pytest.mark.parametrize(
    ("name", "text", "others", "lacks"),
    [
        ("entry.py", FETCH, {}, True),
        ("entry.py", FETCH + "    async def queue(self, batch): ...\n", {}, False),
        ("entry.py", FETCH + "from jobs import on_queue\n", {}, False),
        ("entry.py", FETCH, {"base.py": "class Base:\n    async def queue(self, batch): ...\n"}, False),
        ("entry.py", "from worker import Default\n", {}, False),
        ("entry.py", FETCH + "QUEUE = queue_name = 1\n", {}, True),
        ("index.js", "export default {\n  fetch() {},\n};", {}, True),
        ("index.js", "export default {\n  fetch() {},\n  queue: consume,\n};", {}, False),
        ("index.js", "export default {\n  fetch() {},\n  ...handlers,\n};", {}, False),
        ("index.js", "export default{fetch(){},queue(){}}", {}, False),
        ("index.js", "export { default } from './worker';", {}, False),
    ],
)
def test_a_queue_handler_is_missing_only_where_nothing_mentions_one(name, text, others, lacks):
    assert lacks_queue_handler(version(name, text, **others)) is lacks
