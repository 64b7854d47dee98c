"""Runtimes that execute workers inside an embedded account."""

from diagnose.embedded.runtime.inline import InlineRuntime, sandbox_available

__all__ = ["InlineRuntime", "sandbox_available"]
