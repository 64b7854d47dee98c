"""From a write that does not fit to a queue in front of the table: files, queues, workers, in that order."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, cast, get_args

from diagnose.errors import AccountError, ProjectError, SourceError
from diagnose.project.python_dates import python_runtime
from diagnose.project.reading import read_text
from diagnose.project.wrangler import read_config
from diagnose.queueing.accounting import account_steps, redeployment, taken_queues
from diagnose.queueing.configuring import with_queue
from diagnose.queueing.naming import names_for
from diagnose.queueing.python_module import python_module
from diagnose.queueing.rewriting import Pipeline, rewritten_sources
from diagnose.queueing.statement import queued_statement
from diagnose.queueing.typescript_worker import consumer_worker
from diagnose.rewriting import Refused
from diagnose.rewriting.outcome import NotUnderstood
from diagnose.schemas import find_binding, known_key
from diagnose.steps import EditFile

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.account import Account
    from diagnose.d1.schema import Schema
    from diagnose.model import Step
    from diagnose.project import D1Binding, Project, WorkerConfig
    from diagnose.project.source import Source, StatementSite
    from diagnose.queueing.naming import Names
    from diagnose.queueing.statement import QueuedStatement
    from diagnose.queueing.typescript_worker import ConsumerWorker

Consumer = Literal["python", "typescript"]
_BY_HAND: Final = "use --option option=direct: one statement takes any number of rows without a queue"


@dataclass(frozen=True, slots=True, kw_only=True)
class QueuePlan:
    """What puts the queue there.

    Attributes:
        why: what it does, and what a second delivery does where that is harm.
        provable: False when the consumer cannot be executed here.
    """

    why: str
    steps: tuple[Step, ...]
    provable: bool


async def plan_queue(
    project: Project,
    site: StatementSite,
    *,
    consumer: str = "python",
    schema: Schema | None = None,
    account: Account | None = None,
    table: Sequence[Step] = (),
) -> QueuePlan | Refused:
    """The steps that put a queue between what the site writes and its table.

    Args:
        project: as it is on disk.
        site: an INSERT of the project's source.
        consumer: what consumes the queue: `python`, the same worker, or `typescript`, a worker of its own.
        schema: the tables behind the site's binding, or None when they are not known.
        account: whose names are avoided and on which the queues are made, or None.
        table: what makes the site's table first, where it is not there.
    """
    if consumer not in get_args(Consumer):
        return Refused(f"--option consumer={consumer} is not known", "choose python or typescript")
    try:
        change = await _change(project, site, schema, account)
        if isinstance(change, Refused):
            return change
        return await _planned(change, cast("Consumer", consumer), account, table)
    except NotUnderstood as error:
        return Refused(f"{site.function} is not rewritten: {error}", _BY_HAND)
    except (ProjectError, SourceError) as error:
        return Refused(str(error), _BY_HAND)
    except AccountError as error:
        return Refused(error.message, error.hint or "look at the account in the dashboard")


async def _change(
    project: Project, site: StatementSite, schema: Schema | None, account: Account | None
) -> _Change | Refused:
    """What is known about the write. Raises NotUnderstood, AccountError."""
    config, source = project.config, project.source
    if config is None or source is None:
        return Refused("the worker cannot be read", "make the config and `main` readable first")
    database = find_binding(config.d1, site.binding)
    if database is None:
        return Refused(f"the config declares no database `{site.binding}`", "declare it first (CFG003)")
    known = schema.table(site.table) if schema is not None and site.table else None
    key = known_key(project.settings, database, site.table, [site]) if schema and site.table else ()
    statement = queued_statement(site, known, expected=key)
    names = await _names(project, config, source, site, account)
    return _Change(project, config, source, site, names, statement, database)


@dataclass(frozen=True, slots=True)
class _Change:
    """Everything that is known about one write."""

    project: Project
    config: WorkerConfig
    source: Source
    site: StatementSite
    names: Names
    statement: QueuedStatement
    database: D1Binding

    @property
    def table(self) -> str:
        return self.site.table or "rows"

    @property
    def folder(self) -> str:
        """Of the entry module: what stands there can be imported by its name."""
        return posixpath.dirname(self.source.main)


async def _names(
    project: Project, config: WorkerConfig, source: Source, site: StatementSite, account: Account | None
) -> Names:
    folder = project.root / posixpath.dirname(source.main)
    return names_for(
        site.table or "rows",
        config.name or project.root.name,
        bindings={binding.binding for binding in config.bindings},
        modules={path.stem for path in folder.iterdir()} | {module.name for module in source.modules},
        queues=await taken_queues(project, account),
    )


async def _planned(
    change: _Change, consumer: Consumer, account: Account | None, table: Sequence[Step]
) -> QueuePlan | Refused:
    own = consumer == "python"
    joined = await _joined(change, account) if own else None
    if joined is not None:
        return joined
    document = with_queue(change.config, change.names, consumes=own)
    texts = rewritten_sources(change.source, change.site, _pipeline(change, own=own), change.project.settings)
    if isinstance(texts, Refused):
        return texts
    worker = None if own else await _worker(change, account)
    config = EditFile.text(document.path, change.config.document.text, document.text)
    edits = [config, *_edits(change, texts), *_new_files(worker)]
    edited = replace(
        change.project, document=document, config=read_config(document, change.project.environment)
    )
    upload = worker.upload if worker is not None else None
    deployed = await account_steps(edited, edits, change.names, upload, account)
    return QueuePlan(why=_why(change, worker), steps=(*edits, *table, *deployed), provable=own)


async def _joined(change: _Change, account: Account | None) -> QueuePlan | Refused | None:
    """The site's rows sent through the queue of another write of the same statement; None without one."""
    names = names_for(change.table, change.config.name or change.project.root.name)
    pipeline = replace(_pipeline(replace(change, names=names), own=True), exists=True)
    producers = {(producer.binding, producer.queue) for producer in change.config.producers}
    if not pipeline.exists_in(change.source) or (names.binding, names.queue) not in producers:
        return None
    texts = rewritten_sources(change.source, change.site, pipeline, change.project.settings)
    if isinstance(texts, Refused):
        return texts
    edits = _edits(change, texts)
    steps = [*edits, *await redeployment(change.project, edits, account)]
    why = f"the rows go through the queue {names.queue}, as those of another write of {change.table} do"
    return QueuePlan(why=why, steps=tuple(steps), provable=True)


def _pipeline(change: _Change, *, own: bool) -> Pipeline:
    runtime = python_runtime(change.project, change.config)
    return Pipeline(
        names=change.names,
        table=change.table,
        path=posixpath.join(change.folder, f"{change.names.module}.py"),
        module=python_module(
            change.names,
            change.table,
            raw=runtime.wraps is not True,
            database=change.site.binding if own else None,
            sql=change.statement.sql,
        ),
        consumes=own,
    )


async def _worker(change: _Change, account: Account | None) -> ConsumerWorker:
    database = change.database
    if account is not None and database.database_id is not None:
        found = await account.database(database.database_id)
        database = database if found is None else replace(database, database_name=found.name)
    return consumer_worker(
        change.config,
        change.project.base,
        change.names,
        database,
        table=change.table,
        sql=change.statement.sql,
    )


def _edits(change: _Change, texts: Mapping[str, str]) -> list[EditFile]:
    before = {module.path: module.text for module in change.source.modules}
    settings = change.project.settings.path
    if settings is not None and settings in texts:
        before[settings] = read_text(change.project.root / settings, settings)
    return [EditFile.text(path, before.get(path), text) for path, text in texts.items()]


def _new_files(worker: ConsumerWorker | None) -> list[EditFile]:
    files = worker.files if worker is not None else {}
    return [EditFile.text(path, None, text) for path, text in files.items()]


def _why(change: _Change, worker: ConsumerWorker | None) -> str:
    reader = "the worker's own `queue` handler" if worker is None else f"the worker {change.names.consumer}"
    why = f"the rows go through the queue {change.names.queue}, and {reader} writes them into {change.table}"
    if worker is not None:
        why += f" (deploy it before the producer: wrangler deploy -c {worker.config})"
    return why if change.statement.caveat is None else f"{why}; mind: {change.statement.caveat}"
