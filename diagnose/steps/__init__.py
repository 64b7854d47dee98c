"""The reversible acts that fixes compose their plans from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.errors import StepError
from diagnose.steps.consumer import AttachConsumer
from diagnose.steps.deploy import DeployWorker
from diagnose.steps.files import EditFile
from diagnose.steps.migration import ApplyMigration, Reversal
from diagnose.steps.queue import CreateQueue
from diagnose.steps.rows import ImportRows
from diagnose.steps.secret import PutSecret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.model import Json, Step

KINDS: Mapping[str, type[Step]] = {
    step.kind: step
    for step in (EditFile, ApplyMigration, CreateQueue, AttachConsumer, DeployWorker, ImportRows, PutSecret)
}

__all__ = [
    "KINDS",
    "ApplyMigration",
    "AttachConsumer",
    "CreateQueue",
    "DeployWorker",
    "EditFile",
    "ImportRows",
    "PutSecret",
    "Reversal",
    "restore_step",
]


def restore_step(kind: str, record: Mapping[str, Json]) -> Step:
    """The step that a journal recorded. Raises StepError for a kind or record that is not ours."""
    if kind not in KINDS:
        raise StepError(f"the journal holds a step of the unknown kind {kind!r}", hint="update diagnose")
    try:
        return KINDS[kind].from_record(record)
    except (KeyError, TypeError, ValueError) as error:
        raise StepError(f"the journal's record of a step {kind!r} cannot be read: {error}") from error
