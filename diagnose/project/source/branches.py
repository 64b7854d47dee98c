"""What holds in one branch of a test, and what it makes of the loop around it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from diagnose.project.source import ir
from diagnose.project.source.bounds import Bounds
from diagnose.project.source.counts import filtered, turns
from diagnose.project.source.values import Data, ListValue, Many, Size

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.project.source.values import Value

_MISSING_MODULE = {"ImportError", "ModuleNotFoundError"}


class Branches(Bounds):
    """Keeps account of what happens in some turns of a loop only."""

    @contextmanager
    def sometimes(self, statement: ir.If) -> Iterator[None]:
        """A branch in a loop is taken in some of its turns."""
        loops = list(self.loops)
        self.narrow(statement)
        try:
            yield
        finally:
            self.loops[:] = loops

    def narrow(self, statement: ir.If) -> None:
        """What follows in the loop around a test happens in some of its turns.

        It is every nth where the branch empties a list that then holds n.
        """
        if len(self.loops) <= self.frame.loops:
            return
        loop = self.loops[-1]
        size, source = loop.size, statement.test.source
        full = self.flushes.get(id(statement))
        count = filtered(size.count) if full is None else turns(size.count, full)
        narrowed = Size(count, f"{size.key} if {source}", size)
        self.loops[-1] = replace(loop, size=narrowed)

    def settle_names(self, other: ir.Block) -> None:
        """Lists that only the other branch replaces keep the bound that holds in this one.

        Such as `if len(ids) > 100: ids = ids[:100]`.
        """
        for node in ir.statements(other) if self.bounds else ():
            for target in node.targets if isinstance(node, ir.Assign) else ():
                value = self.scope.names.get(target.name) if isinstance(target, ir.Name) else None
                if value is not None and isinstance(target, ir.Name):
                    self.scope.names[target.name] = self._settled_value(value)

    def _settled_value(self, value: Value) -> Value:
        content = self.load(value)
        if isinstance(content, Data):
            return replace(content, count=self.settled(Size(content.count, content.expression)).count)
        if isinstance(content, ListValue) and len(content.segments) == 1:
            segment = content.segments[0]
            if isinstance(segment, Many) and (size := self.settled(segment.size)) != segment.size:
                return self.allocate(replace(content, segments=(replace(segment, size=size),)))
        return value


def is_fallback(clause: ir.ExceptClause, statement: ir.Try) -> bool:
    """`except ImportError` around imports: a way to load the module elsewhere, in tests for example."""
    caught = {one.rpartition(".")[2] for one in clause.types}
    imports = any(isinstance(one, (ir.Import, ir.ImportFrom)) for one in statement.body)
    return imports and bool(caught) and caught <= _MISSING_MODULE


def skips(block: ir.Block) -> bool:
    """It ends with `continue`: what follows in the loop is not reached."""
    return bool(block) and isinstance(block[-1], ir.Continue)
