"""What happens where there is no sandbox."""

from __future__ import annotations

import pytest

from diagnose.embedded.invocation import RuntimeLimits, Trigger, WorkerCode
from diagnose.embedded.runtime import InlineRuntime
from diagnose.embedded.runtime.child import sandbox
from diagnose.errors import SandboxError

pytestmark = pytest.mark.anyio

CODE = WorkerCode(
    main_module="w.py",
    modules={
        "w.py": b"from workers import *\n"
        b"class Default(WorkerEntrypoint):\n"
        b"    async def fetch(self, request):\n"
        b"        return Response('ran')\n"
    },
    compatibility_date="2026-05-01",
)


@pytest.fixture
def _no_sandbox(monkeypatch):
    monkeypatch.setattr(sandbox, "unavailable", lambda: "the kernel does not offer Landlock")


@pytest.mark.usefixtures("_no_sandbox")
async def test_nothing_is_executed_without_a_sandbox(bindings):
    with pytest.raises(
        SandboxError, match="worker code was not executed: the kernel does not offer Landlock"
    ):
        await InlineRuntime().invoke(CODE, Trigger(), bindings)


@pytest.mark.usefixtures("_no_sandbox")
async def test_it_can_be_allowed(bindings):
    invocation = await InlineRuntime(allow_unsandboxed=True).invoke(CODE, Trigger(), bindings)
    assert (invocation.outcome, invocation.sandboxed) == ("ok", False)
    assert invocation.answer.body == b"ran"


@pytest.mark.usefixtures("_no_sandbox")
async def test_resource_limits_hold_without_a_sandbox(bindings):
    loop = WorkerCode(
        main_module="w.py", modules={"w.py": b"while True: pass"}, compatibility_date="2026-05-01"
    )
    limits = RuntimeLimits(cpu_seconds=1)
    invocation = await InlineRuntime(allow_unsandboxed=True).invoke(loop, Trigger(), bindings, limits=limits)
    assert invocation.outcome == "exceededCpu"
