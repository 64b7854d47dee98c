"""Lists that a loop fills and now and then empties: `if len(batch) >= 100: …; batch = []`."""

from __future__ import annotations

from diagnose.project.source import ir

_LOGGING = {"print", "log", "info", "debug", "warning", "error"}
_FILLING = {"append", "extend", "add"}


def emptied(block: ir.Block) -> list[str]:
    """The names that a block empties: `batch = []`, `batch.clear()`, `del batch[:]`."""
    names: list[str] = []
    for node in ir.walk(*block, into_functions=False):
        match node:
            case ir.Assign(targets=targets, value=ir.Sequence(items=())):
                names.extend(target.name for target in targets if isinstance(target, ir.Name))
            case ir.Call(function=ir.Attribute(value=ir.Name(name=name), name="clear")):
                names.append(name)
            case ir.Other(expressions=(ir.Subscript(value=ir.Name(name=name), index=ir.Slice()),)):
                names.append(name)
    return names


def unconditional(body: ir.Block) -> ir.Block:
    """The statements of a loop that every turn reaches, as far as they stand directly in it."""
    return tuple(one for one in body if isinstance(one, (ir.Assign, ir.ExpressionStatement, ir.Other)))


def handed_on(branch: ir.If) -> list[str]:
    """The names whose length the test measures, when the branch leaves or calls what may empty them."""
    leaves = any(isinstance(one, (ir.Return, ir.Raise, ir.Break)) for one in branch.body)
    calls = any(
        isinstance(node, ir.Call) and node.function.source.rpartition(".")[2] not in _LOGGING
        for node in ir.walk(*branch.body)
    )
    tests = [node for node in ir.walk(branch.test) if isinstance(node, ir.Comparison)]
    return [name for test in tests if (name := measured(test))] if leaves or calls else []


def _fillings(name: str, body: ir.Block) -> list[str]:
    return [
        node.function.name
        for node in ir.walk(*body, into_functions=False)
        if isinstance(node, ir.Call)
        and isinstance(node.function, ir.Attribute)
        and isinstance(node.function.value, ir.Name)
        and node.function.value.name == name
        and node.function.name in _FILLING
    ]


def is_filled(name: str, body: ir.Block) -> bool:
    """The block appends to the list of that name."""
    return bool(_fillings(name, body)) or any(
        isinstance(node, ir.Augment) and isinstance(node.target, ir.Name) and node.target.name == name
        for node in ir.walk(*body, into_functions=False)
    )


def appends_once(name: str, body: ir.Block) -> bool:
    """Each turn appends one element, and nothing else adds any."""
    return _fillings(name, body) == ["append"]


def measured(test: ir.Comparison) -> str:
    """The name in `len(name) >= …`, else an empty text."""
    match test.operands[0]:
        case ir.Call(function=ir.Name(name="len"), arguments=(ir.Name(name=name),)):
            return name
        case _:
            return ""
