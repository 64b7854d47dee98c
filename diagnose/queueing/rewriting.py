"""The worker's source with a queue in it: the sending function, the handler, and honest numbers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from diagnose.project import parse_document, set_value
from diagnose.project.reading import read_text
from diagnose.project.settings_file import SETTINGS_FILE
from diagnose.project.source.model import Module
from diagnose.rewriting import Refused, reread
from diagnose.rewriting.handing_on import Receiver, hand_on
from diagnose.rewriting.queue_handlers import with_queue_branch, with_queue_handler
from diagnose.rewriting.queued_counts import queued_counts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.project import Keys, Settings
    from diagnose.project.source import Source, StatementSite
    from diagnose.queueing.naming import Names
    from diagnose.rewriting import Outcome

_KINDS: Final = ("fetch", "scheduled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pipeline:
    """What is put between the write and the table.

    Attributes:
        path: of the new module, relative to the project.
        module: its text.
        consumes: the worker gets the `queue` handler.
        exists: for another write of the same statement; only the site is new.
    """

    names: Names
    table: str
    path: str
    module: str
    consumes: bool
    exists: bool = False

    def exists_in(self, source: Source) -> bool:
        """Whether the source has the module, word for word."""
        return any((each.path, each.text) == (self.path, self.module) for each in source.modules)


def rewritten_sources(
    source: Source, site: StatementSite, pipeline: Pipeline, settings: Settings
) -> Mapping[str, str] | Refused:
    """The files that change, by path, the new module among them.

    Raises:
        SourceError: the result cannot be read as a worker.
    """
    path = site.sql_span.path
    others = [other for other in source.sites if other is not site]
    written = hand_on(source.text(path), site, _sender(pipeline), others, source.modules)
    if isinstance(written, Refused):
        return written
    new = Module(path=pipeline.path, name=pipeline.names.module, text=pipeline.module)
    modules = source.modules if pipeline.exists else (*source.modules, new)
    result = reread(replace(source, modules=modules), path, written.text)
    if pipeline.consumes and not pipeline.exists:
        handled = _with_handler(result, pipeline)
        if isinstance(handled, Refused):
            return handled
        result = handled
    return _with_honest_counts(source, result, pipeline, settings)


def _sender(pipeline: Pipeline) -> Receiver:
    purpose = f"Queue the rows of {pipeline.table}; the queue's consumer writes them."
    return Receiver(module=pipeline.names.module, name=pipeline.names.send, purpose=purpose)


def _with_handler(source: Source, pipeline: Pipeline) -> Source | Refused:
    """The source whose worker consumes the queue: a new handler, or a branch of the one there is."""
    existing = source.handler("queue")
    neighbour = existing or next((handler for kind in _KINDS if (handler := source.handler(kind))), None)
    if neighbour is None:
        return Refused("the worker has no handler beside which a `queue` handler could stand", "add one")
    receiver = Receiver(
        module=pipeline.names.module,
        name=pipeline.names.write,
        purpose=f"Write the rows that were queued for {pipeline.table}.",
    )
    path = neighbour.location.path
    text, queue = source.text(path), pipeline.names.queue
    outcome: Outcome = (
        with_queue_handler(text, neighbour, receiver)
        if existing is None
        else with_queue_branch(text, existing, receiver, queue)
    )
    return outcome if isinstance(outcome, Refused) else reread(source, path, outcome.text)


def _with_honest_counts(
    before: Source, source: Source, pipeline: Pipeline, settings: Settings
) -> Mapping[str, str]:
    """The changed texts; a number that the settings read under its old name is renamed there, too."""
    head, dot, last = (settings.trigger.reported or "" if settings.trigger else "").rpartition(".")
    elsewhere = settings.path is not None and settings.path.startswith("../")
    counts = queued_counts(source, pipeline.path, keep=frozenset({last} if elsewhere else ()))
    texts = {module.path: module.text for module in source.modules} | dict(counts.texts)
    known = {module.path: module.text for module in before.modules}
    changed = {path: text for path, text in texts.items() if known.get(path) != text}
    if settings.path is not None and last in counts.renamed:
        changed[settings.path] = _reported(settings, settings.path, f"{head}{dot}{counts.renamed[last]}")
    return changed


def _reported(settings: Settings, path: str, value: str) -> str:
    """The settings with another name for the number that the worker answers."""
    file = settings.directory / PurePosixPath(path).name
    document = parse_document(read_text(file, path), path, "toml")
    section: Keys = () if file.name == SETTINGS_FILE else ("tool", "diagnose")
    return set_value(document, (*section, "trigger", "reported"), value)
