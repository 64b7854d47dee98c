from __future__ import annotations

import base64
import json

import pytest

from diagnose.embedded.deploying import find

pytestmark = pytest.mark.anyio

BOUNDARY = "boundary"


def part(name, text, *, file=None, kind="application/json") -> bytes:
    named = f'form-data; name="{name}"' + (f'; filename="{file}"' if file else "")
    return (
        f"--{BOUNDARY}\r\nContent-Disposition: {named}\r\nContent-Type: {kind}\r\n\r\n{text}\r\n"
    ).encode()


FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
END = f"--{BOUNDARY}--\r\n".encode()
SCRIPT = "/workers/scripts/importer"
ENTRY = "class Default:\n    async def fetch(self, request): ..."
MODULE = {
    "name": "entry.py",
    "content_type": "text/x-python",
    "content_base64": base64.b64encode(ENTRY.encode()).decode(),
}
MODULES = {"main_module": "entry.py", "modules": [MODULE]}
CODE = part("metadata", json.dumps({"main_module": "entry.py"})) + part(
    "entry.py", ENTRY, file="entry.py", kind="text/x-python"
)

CHANGES = [
    ("PATCH", SCRIPT + "/script-settings", b'{"logpush": true}', {}),
    ("PATCH", SCRIPT + "/settings", part("settings", '{"logpush": true}') + END, FORM),
    ("PUT", SCRIPT + "/content", CODE + END, FORM),
    ("PUT", SCRIPT, CODE + END, FORM),
    ("POST", SCRIPT + "/versions", CODE + END, FORM),
    ("POST", SCRIPT + "/subdomain", b'{"enabled": true}', {}),
    ("PUT", SCRIPT + "/secrets", b'{"name": "KEY", "text": "x"}', {}),
    ("PATCH", "/workers/workers/importer", b'{"logpush": true}', {}),
    ("POST", "/workers/workers/importer/versions?deploy=true", json.dumps(MODULES).encode(), {}),
    ("PATCH", "/workers/workers/importer/versions/latest", b'{"env": {"KEY": {"text": "x"}}}', {}),
]


@pytest.mark.parametrize(("method", "path", "body", "headers"), CHANGES)
async def test_what_others_change_while_a_body_arrives_is_kept(
    embedded, api, deploy_worker, method, path, body, headers
):
    deploy_worker(embedded)
    account = f"/accounts/{embedded.account_id}"

    async def slowly():
        yield body[:5]
        crons = await api.put(f"{account}{SCRIPT}/schedules", json=[{"cron": "0 3 * * *"}])
        assert crons.status_code == 200
        yield body[5:]

    answer = await api.request(method, account + path, content=slowly(), headers=headers)
    assert answer.status_code == 200, answer.text
    assert [entry.cron for entry in find(embedded.state, "importer").schedules] == ["0 3 * * *"]
