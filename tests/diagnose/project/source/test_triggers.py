from __future__ import annotations

import pytest

from diagnose.model import Location


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            'if request.method == "POST" and (path == "trigger" or path == "/trigger"): pass',
            [("POST", "/trigger", 9)],
        ),
        (
            'if url.pathname == "/a": pass\n        elif path in ("/b", "/c"): pass',
            [(None, "/a", 9), (None, "/b", 10), (None, "/c", 10)],
        ),
        ('if method == "PUT":\n            if path.endswith("/a"): pass', [("PUT", "/a", 10)]),
        (
            'if request.method != "POST":\n            return None\n        if "/run" in request.url: pass',
            [("POST", "/run", 11)],
        ),
        (
            'match path:\n            case "/a" | "/b": pass\n            case _: pass',
            [(None, "/a", 10), (None, "/b", 10)],
        ),
        ('match (method, path):\n            case ("POST", "/a"): pass', [("POST", "/a", 10)]),
        ('if path.rstrip("/") == "/a": pass', [(None, "/a", 9)]),
        ('if kind == "/a": pass', []),
        ('if method != "POST":\n            return None', [("POST", "/", 9)]),
        ('if method == "PUT": pass', [("PUT", "/", 9)]),
    ],
)
def test_comparisons(read, body, expected):
    source = read(f"""
from workers import WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        method = request.method
        path = url = request.url

        {body}
""")
    assert [(hint.method, hint.path, hint.location.line) for hint in source.triggers] == expected


def test_functions_that_fetch_does_not_reach_say_nothing(read):
    source = read("""
from workers import WorkerEntrypoint

def old(path):
    if path == "/old": pass

def routed(path):
    if path == "/new": pass

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        routed(request.url)
""")
    assert [(hint.path, hint.location) for hint in source.triggers] == [("/new", Location("worker.py", 8, 5))]
