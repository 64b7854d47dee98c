"""The config of a worker that sends to a queue, and consumes it unless another worker does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.project import append_table
from diagnose.project.reading import with_text
from diagnose.queueing.consuming import consumer_entry, producer_entry

if TYPE_CHECKING:
    from diagnose.project import ConfigDocument, WorkerConfig
    from diagnose.queueing.naming import Names


def with_queue(config: WorkerConfig, names: Names, *, consumes: bool) -> ConfigDocument:
    """The document with the queue in the section of the config's environment.

    Raises:
        EditError: the document cannot be edited without changing other keys.
    """
    document = config.document
    keys = (*config.section, "queues")
    document = with_text(document, append_table(document, (*keys, "producers"), producer_entry(names)))
    if not consumes:
        return document
    return with_text(document, append_table(document, (*keys, "consumers"), consumer_entry(names)))
