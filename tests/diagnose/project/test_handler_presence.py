from __future__ import annotations

import pytest

from diagnose.project.handler_presence import has_handler, why_unsettled
from diagnose.project.source import Module, Source


def script(text, other="", **facts):
    modules = [Module(path="src/index.ts", name="index", text=text)]
    if other:
        modules.append(Module(path="src/other.ts", name="other", text=other))
    return Source(language="typescript", main="src/index.ts", modules=tuple(modules), **facts)


@pytest.mark.parametrize(
    "text",
    [
        "export default {\n  async fetch(request, env) {}\n};\n",
        "export default class extends WorkerEntrypoint {}",
    ],
)
def test_a_script_without_the_word(text):
    assert why_unsettled(script(text), "queue") is None


@pytest.mark.parametrize(
    ("text", "other", "reason"),
    [
        ("export default { fetch, queue };", "", "src/index.ts mentions `queue` in a form that is not read"),
        ("export default { fetch };", "export async function queue() {}", "src/other.ts mentions `queue`"),
        ("export { default } from './other';", "", "what src/index.ts exports is not written out in it"),
        ("export default withTraces(worker);", "", "what src/index.ts exports is not written out in it"),
        ("export default { ...app, fetch };", "", "what src/index.ts exports is not written out in it"),
    ],
)
def test_a_script_that_settles_nothing(text, other, reason):
    assert (why_unsettled(script(text, other), "queue") or "").startswith(reason)


def test_a_reading_that_was_cut_short():
    source = script("export default {};", complete=False)
    assert why_unsettled(source, "queue") == "the source is too large to be read to its end"
    assert not has_handler(source, "queue")
