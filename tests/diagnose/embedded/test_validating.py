from __future__ import annotations

import pytest

from diagnose.embedded import Module, RefusalError, Upload
from diagnose.embedded.validating import refuse_unusable

PYTHON = "text/x-python"
JAVASCRIPT = "application/javascript+module"
SERVICE_WORKER = "application/javascript"


def an_upload(text: str, content_type: str = JAVASCRIPT, **more) -> Upload:
    name = "entry.py" if content_type == PYTHON else "index.js"
    module = Module(content=text.encode(), content_type=content_type)
    return Upload(**{"main_module": name, "modules": {name: module}, **more})


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        ("class Default(WorkerEntrypoint):\n    async def fetch(self, request): ...\n", PYTHON),
        ("from handlers import *\n", PYTHON),
        ("on_fetch = make()\n", PYTHON),
        ("type Row = list[int]\nclass Default: ...\n", PYTHON),
        ("class Default:\n    def fetch(self):\n        return f'{self.x['a']}'\n", PYTHON),
        ("class Default:\n    path = '\\d'\n", PYTHON),
        ("export default { async fetch(r) { await using x = f(); return x } }", JAVASCRIPT),
        ("import x from './a.json' with { type: 'json' }; export default {}", JAVASCRIPT),
        ("class X {}\nexport { X as default };", JAVASCRIPT),
        ("export class Counter {}", JAVASCRIPT),
        ("interface A { x: string }\nexport default {}", JAVASCRIPT),
        ("addEventListener('fetch', event => event.respondWith(new Response('x')))", SERVICE_WORKER),
        ("\x00asm", "application/wasm"),
    ],
)
def test_what_may_start_is_accepted(text, content_type):
    refuse_unusable(an_upload(text, content_type))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class Default:\n  async def fetch(self:\n", r"SyntaxError: .* \(entry\.py, line 2\)$"),
        ("class Default:\nx = 1\n", r"expected an indented block .* \(entry\.py, line 2\)$"),
        ("def on_fetch(:\n", r"SyntaxError: .* \(entry\.py, line 1\)$"),
        ("for hour in range(24:\n    pass\n", r"SyntaxError: .* \(entry\.py, line 1\)$"),
    ],
)
def test_python_that_does_not_parse_is_refused(text, message):
    with pytest.raises(RefusalError, match=message) as caught:
        refuse_unusable(an_upload(text, PYTHON))
    assert caught.value.code == 10021


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("export default {\n fetch() { let a = ; }\n}", "2:18"),
        ("export default { async fetch( { return 1 } }", "1:24"),
        ("const = 5; export default {};", "1:1"),
    ],
)
def test_javascript_that_does_not_parse_is_refused(text, place):
    with pytest.raises(
        RefusalError, match=rf"Uncaught SyntaxError: Unexpected token\n  at index\.js:{place}$"
    ) as caught:
        refuse_unusable(an_upload(text))
    assert (caught.value.status, caught.value.code) == (400, 10021)


@pytest.mark.parametrize(
    ("text", "content_type"),
    [
        ("x = 1\n", PYTHON),
        ("", PYTHON),
        ("const x = 1;", JAVASCRIPT),
        ("console.log('exported')", SERVICE_WORKER),
    ],
)
def test_code_that_handles_nothing_is_refused(text, content_type):
    with pytest.raises(RefusalError, match="has no registered event handlers") as caught:
        refuse_unusable(an_upload(text, content_type))
    assert caught.value.code == 10068


def test_a_worker_of_assets_alone_handles_nothing_itself():
    refuse_unusable(an_upload("const x = 1;", configured={"assets": {"jwt": "x"}}))


def test_code_has_a_largest_size():
    filler = Module(content=bytes(64 * 1024**2), content_type="application/octet-stream")
    upload = an_upload("export default {}")
    large = Upload(main_module="index.js", modules={**upload.modules, "filler.bin": filler})
    with pytest.raises(RefusalError, match="exceeded the size limit of 64 MiB") as caught:
        refuse_unusable(large)
    assert caught.value.code == 10027


def test_the_entry_module_is_among_the_modules():
    with pytest.raises(RefusalError, match=r'No such module "other\.js"') as caught:
        refuse_unusable(an_upload("export default {}", main_module="other.js"))
    assert caught.value.code == 10021
