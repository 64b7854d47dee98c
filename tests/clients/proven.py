"""What the tests of this folder really call, read from their source."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

FOLDER = Path(__file__).parent
# A command ends before its first argument or option.
WORDS = frozenset(
    {
        "add",
        "apply",
        "bulk",
        "consumer",
        "create",
        "d1",
        "delete",
        "deploy",
        "deployments",
        "execute",
        "export",
        "info",
        "list",
        "migrations",
        "pause-delivery",
        "purge",
        "put",
        "queues",
        "remove",
        "restore",
        "resume-delivery",
        "rollback",
        "secret",
        "status",
        "tail",
        "time-travel",
        "update",
        "upload",
        "versions",
        "view",
        "whoami",
    }
)


def wrangler_commands() -> set[str]:
    """Every command of wrangler that a test starts."""
    return {_leading(text) for file in _tests("test_wrangler_*.py") for text in _started(file)}


def sdk_calls() -> set[str]:
    """Every method of the official SDK that a test calls, without the name of the client."""
    return {chain for file in _tests("test_sdk.py") for chain in _called(file)}


def _tests(pattern: str) -> Iterator[ast.Module]:
    for file in sorted(FOLDER.glob(pattern)):
        yield ast.parse(file.read_text(encoding="utf-8"))


def _started(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Call) and _chain(node.func) in {"wrangler", "wrangler.started"}:
            yield _literal(node.args[0])


def _literal(node: ast.expr) -> str:
    """A text as far as it is known before it runs."""
    if isinstance(node, ast.JoinedStr):
        return _literal(node.values[0])
    assert isinstance(node, ast.Constant)
    return str(node.value)


def _leading(text: str) -> str:
    words = text.split()
    end = next((at for at, word in enumerate(words) if word not in WORDS), len(words))
    return " ".join(words[:end])


def _called(module: ast.Module) -> Iterator[str]:
    for function in ast.walk(module):
        if isinstance(function, ast.AsyncFunctionDef):
            names = {"sdk": "", "patient": "", "hasty": ""} | _aliases(function)
            calls = (node.func for node in ast.walk(function) if isinstance(node, ast.Call))
            for chain in filter(None, map(_chain, calls)):
                first, _, rest = chain.partition(".")
                if first in names and rest:
                    yield f"{names[first]}.{rest}".strip(".").replace(".with_raw_response", "")


def _aliases(function: ast.AsyncFunctionDef) -> dict[str, str]:
    """Names for parts of the SDK, such as `d1` for `d1.database`."""
    found: dict[str, str] = {"sdk": ""}
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and len(node.targets) == 1:
            for target, value in _pairs(node.targets[0], node.value):
                first, _, rest = (_chain(value) or "").partition(".")
                if first in found and rest and isinstance(target, ast.Name):
                    found[target.id] = f"{found[first]}.{rest}".strip(".")
    return found


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=True))
    return [(target, value)]


def _chain(node: ast.expr) -> str | None:
    """`a.b.c`, or None for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        before = _chain(node.value)
        return before and f"{before}.{node.attr}"
    return None
