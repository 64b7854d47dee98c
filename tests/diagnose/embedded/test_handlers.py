from __future__ import annotations

import pytest

from diagnose.embedded import Module
from diagnose.embedded.handlers import handlers
from diagnose.embedded.state import VersionState


def found(name: str, text: str) -> list[str]:
    module = Module(content=text.encode(), content_type="text/plain")
    return handlers(
        VersionState(id="x", number=1, created_on="", source="api", main_module=name, modules={name: module})
    )


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
    ],
)
def test_javascript(text, names):
    assert found("index.js", text) == names
