"""Reads statements in order: assignments, branches, loops, error handling, definitions."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, ClassVar

from diagnose.project.source import buffers, deliveries, forgetting, ir, swallowing, texts, untested
from diagnose.project.source.branches import Branches, is_fallback, skips
from diagnose.project.source.counts import AtMost, UnknownCount, turns
from diagnose.project.source.definitions import Definitions
from diagnose.project.source.machine import ActiveLoop, Frame
from diagnose.project.source.records import Guarding
from diagnose.project.source.values import (
    NOTHING,
    Constant,
    Data,
    External,
    Length,
    ListValue,
    LoopHead,
    Offset,
    Pending,
    Reference,
    Size,
    unknown,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diagnose.project.source.machine import Outcome
    from diagnose.project.source.modules import LoadedModule
    from diagnose.project.source.scopes import Scope
    from diagnose.project.source.values import Value

_CATCHING = {"AttributeError", "KeyError"}


class Statements(Branches):
    """Executes statements, each once, with what it knows."""

    def execute(self, block: ir.Block) -> bool:
        """Read statements; True when control does not go past them."""
        for statement in block:
            if not self.step():
                return True
            self.frame.statement = statement.span
            self.frame.drops = False
            method = self._EXECUTIONS.get(type(statement))
            if method is not None and method(self, statement):
                return True
        return False

    def read_module(self, module: LoadedModule, scope: Scope) -> None:
        """Read the statements of a module into its scope."""
        if not module.block:
            return
        before = (self.loops, self.guards, self.records.handler, self.records.kind)
        self.loops, self.guards, self.records.handler, self.records.kind = [], [], 0, None
        self.frames.append(Frame(scope, None, module.block[0].span))
        try:
            self.execute(module.block)
        finally:
            self.frames.pop()
            self.loops, self.guards, self.records.handler, self.records.kind = before

    def _assign(self, statement: ir.Assign) -> None:
        if statement.value is None:
            return
        value = self.evaluate(statement.value)
        definition = self.frame.definition
        if swallowing.is_never_read(statement, definition) or (
            isinstance(value, Pending) and not value.task and forgetting.is_only_shown(statement, definition)
        ):
            self._forgotten(value, statement)
        for target in statement.targets:
            self.assign(target, value)

    def _augment(self, statement: ir.Augment) -> None:
        target, source = statement.target, statement.value.source
        current, extra = self.evaluate(target), self.evaluate(statement.value)
        if (
            statement.operator == "+"
            and isinstance(current, Reference)
            and isinstance(self.load(current), ListValue)
        ):
            self.add(current.address, self.elements(extra, source))
            return
        if statement.operator == "+" and texts.is_text(current) and isinstance(target, ir.Name):
            owner = self.scope.owner(target.name) or self.scope
            loops = [loop.size for loop in self.loops[owner.depths.get(target.name, 0) :]]
            owner.names[target.name] = texts.appended(current, self.load(extra), source, loops)
            return
        value = self.combined(statement.operator, current, extra, (target.source, source), statement)
        if isinstance(target, ir.Name):
            (self.scope.owner(target.name) or self.scope).names[target.name] = value
        else:
            self.assign(target, value)

    def _expression(self, statement: ir.ExpressionStatement) -> None:
        self.discarding = self.frame.drops = True
        value = self.evaluate(statement.value)
        self.discarding = False
        if not isinstance(statement.value, ir.Await):
            self._forgotten(value, statement)

    def _forgotten(self, value: Value, statement: ir.Statement) -> None:
        """Nothing looks at a value, so nothing waits for what it stands for."""
        content = self.load(value)
        for pending in forgetting.pending_in(content.segments) if isinstance(content, ListValue) else ():
            forgetting.note(pending, self.frame, self.function_name, self.records)
        if not isinstance(content, Pending):
            return
        if not content.task:
            forgetting.note(content, self.frame, self.function_name, self.records)
        elif written := forgetting.writing(content, self.records):
            guarding = Guarding("fire-and-forget", statement.span, self.function_name)
            self.records.guarding(guarding).writes.extend(written)

    def _return(self, statement: ir.Return) -> bool:
        value = self.evaluate(statement.value) if statement.value else NOTHING
        self.frame.returns.append(value)
        self.frame.guards.append(dict(self.bounds))
        if self.frame.entry and self._is_route() and statement.value is not None:
            content = self.load(value)
            if not isinstance(content, External):
                self.responded(200, self.item(statement.value), statement.span)
        return True

    def _is_route(self) -> bool:
        definition = self.frame.definition
        return isinstance(definition, ir.FunctionDef) and bool(definition.decorators)

    def _raise(self, statement: ir.Raise) -> bool:
        if statement.value is not None:
            self.evaluate(statement.value)
        self.decided("raise", statement.span)
        return True

    def _stop(self, _: ir.Statement) -> bool:
        return True

    def _assert(self, statement: ir.Assert) -> None:
        self.evaluate(statement.test)
        self.guarded_names |= self.bindings_in(statement.test)
        self.bound(self.limits(statement.test)[0])

    def _other(self, statement: ir.Other) -> None:
        for expression in statement.expressions:
            self.evaluate(expression)

    def _if(self, statement: ir.If) -> bool:
        value = self.evaluate(statement.test)
        if isinstance(statement.test, ir.Call):
            self.answered(value)
        decided = self._decided(statement.test)
        if decided is not None:
            return self.execute(statement.body if decided else statement.otherwise)
        dispatched = self.asks_kind(statement.test)
        with self.dispatching(dispatched=dispatched, field=self.asks_field(statement.test)):
            ended = self._branches(statement)
        leaves = deliveries.leaves(statement.body) or deliveries.leaves(statement.otherwise)
        self.records.dispatching += dispatched and leaves  # what follows concerns the other kinds
        return ended

    def _decided(self, test: ir.Expression) -> bool | None:
        """What a test of an option comes to, where the call that is being read says so (`fetch=True`)."""
        wanted = True
        if isinstance(test, ir.Unary) and test.operator == "not":
            test, wanted = test.operand, False
        definition = self.frame.definition
        if not isinstance(test, ir.Name) or definition is None or self.frame.call is None:
            return None
        value = self.scope.names.get(test.name)
        is_option = any(parameter.name == test.name for parameter in definition.parameters)
        if not is_option or not isinstance(value, Constant) or not isinstance(value.value, bool):
            return None
        return value.value is wanted

    def _branches(self, statement: ir.If) -> bool:
        guarded = self.guarded_names | self.bindings_in(statement.test)
        when_true, when_false = self.limits(statement.test)
        bounds = dict(self.bounds)
        self.guarded_names = guarded
        branch = self.branch()
        self.bound(when_true)
        with self.sometimes(statement):
            ended = self.execute(statement.body)
        self.settle_names(statement.otherwise)
        after = self.outcome(branch)
        self.guarded_names, self.bounds = guarded, dict(bounds)
        self.bound(when_false)
        with self.sometimes(statement):
            otherwise_ended = self.execute(statement.otherwise)
        self.settle_names(statement.body)
        if ended and otherwise_ended:
            return True
        if otherwise_ended:
            self.outcome(branch)
            self.adopt(after)
            self.bounds = dict(bounds)
            self.bound(when_true)
        elif not ended:
            self.meet(branch, after, str(statement.span.location))
            self.bounds = bounds
        if skips(statement.body) or skips(statement.otherwise):
            self.narrow(statement)
        self.guarded_names = guarded
        return False

    def _for(self, statement: ir.For) -> None:
        self._forget(statement.body)
        loop = self.begin(statement.target, statement.iterable, statement.span)
        with self.looping(loop), self._capped(statement.body):
            self.execute(statement.body)
        self.execute(statement.otherwise)

    def _while(self, statement: ir.While) -> None:
        self._forget(statement.body)
        self.evaluate(statement.test)
        size = self._turns(statement)
        loop = ActiveLoop(size, LoopHead("", statement.test.source, statement.span))
        guarded = self.guarded_names
        self.guarded_names = guarded | self.bindings_in(statement.test)
        with self.looping(loop), self._capped(statement.body):
            self.execute(statement.body)
        self.guarded_names = guarded

    def _turns(self, statement: ir.While) -> Size:
        """`while start < len(rows): … start += 100` has as many turns as slices of 100."""
        source = statement.test.source
        test = statement.test
        if isinstance(test, ir.Comparison) and test.operators in {("<",), ("<=",)}:
            stop = self.evaluate(test.operands[1])
            step = self._step(test.operands[0].source, statement.body)
            if isinstance(stop, Length) and step:
                return Size(turns(stop.size.count, step), f"{stop.size.key} by {step}")
        return Size(UnknownCount(source), source)

    def _step(self, name: str, body: ir.Block) -> int | None:
        steps = [one for one in body if isinstance(one, ir.Augment) and one.target.source == name]
        value = self.evaluate(steps[0].value) if len(steps) == 1 and steps[0].operator == "+" else None
        return value.value if isinstance(value, Constant) and isinstance(value.value, int) else None

    def _forget(self, body: ir.Block) -> None:
        """What a loop changes from turn to turn has no one value in it."""
        for node in ir.statements(body):
            targets = node.targets if isinstance(node, ir.Assign) else ()
            if isinstance(node, ir.Augment):
                targets = (node.target,)
            for target in targets:
                if isinstance(target, ir.Name):
                    self._forget_name(target.name, augmented=isinstance(node, ir.Augment))

    def _forget_name(self, name: str, *, augmented: bool) -> None:
        value = self.scope.names.get(name)
        if isinstance(value, (Constant, Offset)) and not (augmented and texts.is_text(value)):
            self.scope.names[name] = unknown(name)

    @contextmanager
    def _capped(self, body: ir.Block) -> Iterator[None]:
        """Lists that the loop empties now and then hold at most what its own test lets them."""
        found: dict[int, Size] = {}
        for name in buffers.emptied(buffers.unconditional(body)):
            reference = self.scope.names.get(name)
            if isinstance(reference, Reference):
                self.heap_depths[reference.address] = len(self.loops)
        for branch in (node for node in ir.statements(body) if isinstance(node, ir.If)):
            names = [*buffers.emptied(branch.body), *buffers.handed_on(branch)]
            emptied = [name for name in names if buffers.is_filled(name, body)]
            size = self._cap(branch, emptied, body)
            if size.count.upper:
                self.flushes[id(branch)] = size.count.upper
            for name in emptied:
                reference = self.scope.names.get(name)
                if isinstance(reference, Reference):
                    found[reference.address] = size
        kept = dict(self.caps)
        self.caps.update(found)
        try:
            yield
        finally:
            self.caps = kept

    def _cap(self, branch: ir.If, emptied: list[str], body: ir.Block) -> Size:
        source = branch.test.source
        for test in (node for node in ir.walk(branch.test) if isinstance(node, ir.Comparison)):
            name = buffers.measured(test)
            if name not in emptied or len(test.operands) != 2 or test.operators[0] not in {">=", ">", "=="}:  # noqa: PLR2004 - one comparison
                continue
            limit = self.evaluate(test.operands[1])
            if isinstance(limit, Constant) and type(limit.value) is int and buffers.appends_once(name, body):
                n = limit.value + (test.operators[0] == ">")
                return Size(AtMost(n, name), f"{name} ({source})")
        return Size(UnknownCount(source), f"{source}")

    def _try(self, statement: ir.Try) -> bool:
        guarded = self.guarded_names
        if any(_CATCHING & {one.rpartition(".")[2] for one in clause.types} for clause in statement.clauses):
            self.guarded_names = guarded | {"*"}
        guards = [
            self.records.guarding(self._guarding(clause))
            for clause in statement.clauses
            if swallowing.is_broad(clause)
        ]
        outer = len(self.guards)
        leaving = swallowing.leaving_finally(statement)
        if leaving is not None:
            self.guards.append(self.records.guarding(Guarding("finally", leaving.span, self.function_name)))
        self.guards.extend(guards[:1])
        ended = self.execute(statement.body) or self.execute(statement.otherwise)
        del self.guards[len(self.guards) - len(guards[:1]) :]
        self.guarded_names = guarded
        for clause in statement.clauses:
            if is_fallback(clause, statement):
                continue  # what is imported there is present where workers run
            ended = self._clause(clause, statement, ended=ended)
        del self.guards[outer:]
        return self.execute(statement.finally_) or ended

    def _guarding(self, clause: ir.ExceptClause) -> Guarding:
        definition = self.frame.definition
        function = definition if isinstance(definition, ir.FunctionDef) else None
        keeps = swallowing.keeps(clause, function)
        return Guarding(
            "except",
            clause.span,
            self.function_name,
            clause,
            function,
            dropped=self.frame.dropped,
            untested=untested.is_untested(self.frames),
            entry=self.frame.entry,
            keeps=keeps,
        )

    def _clause(self, clause: ir.ExceptClause, statement: ir.Try, *, ended: bool) -> bool:
        branch = self.branch()
        if clause.name:
            self.scope.names[clause.name] = unknown(clause.name)
        clause_ended = self.execute(clause.body)
        if clause_ended:
            self.outcome(branch)
            return ended
        if not ended:
            after = self.outcome(branch)
            self.meet(branch, after, str(statement.span.location))
        return False

    def _with(self, statement: ir.With) -> bool:
        suppressing = 0
        for value, target in statement.items:
            held = self.evaluate(value)
            if isinstance(value, ir.Call) and value.function.source.rpartition(".")[2] == "suppress":
                guarding = Guarding("suppress", value.span, self.function_name)
                if swallowing.suppresses_all(value):
                    self.guards.append(self.records.guarding(guarding))
                    suppressing += 1
            if target is not None:
                self.assign(target, self.settle(held))
        ended = self.execute(statement.body)
        del self.guards[len(self.guards) - suppressing :]
        return ended and not suppressing

    def _match(self, statement: ir.Match) -> bool:
        subject = self.evaluate(statement.subject)
        with self.dispatching(dispatched=isinstance(subject, Data) and subject.received is not None):
            return self._cases(statement)

    def _cases(self, statement: ir.Match) -> bool:
        branch = self.branch()
        outcomes: list[Outcome] = []
        all_ended, irrefutable = True, False
        for case in statement.cases:
            for name in case.captures:
                self.scope.names[name] = unknown(name)
            ended = self.execute(case.body)
            all_ended = all_ended and ended
            outcome = self.outcome(branch)
            outcomes.extend(() if ended else (outcome,))
            irrefutable = irrefutable or not (case.literals or case.guard)
        if irrefutable and outcomes:
            self.adopt(outcomes.pop())
        for outcome in outcomes:
            self.meet(branch, outcome, str(statement.span.location))
        return irrefutable and all_ended

    _EXECUTIONS: ClassVar[dict[type[ir.Statement], Callable[[Any, Any], bool | None]]] = {
        ir.Assign: _assign,
        ir.Augment: _augment,
        ir.ExpressionStatement: _expression,
        ir.Return: _return,
        ir.Raise: _raise,
        ir.Break: _stop,
        ir.Continue: _stop,
        ir.Assert: _assert,
        ir.Other: _other,
        ir.If: _if,
        ir.For: _for,
        ir.While: _while,
        ir.Try: _try,
        ir.With: _with,
        ir.Match: _match,
        ir.FunctionDef: Definitions.define_function,
        ir.ClassDef: Definitions.define_class,
        ir.Import: Definitions.import_names,
        ir.ImportFrom: Definitions.import_from_names,
    }
