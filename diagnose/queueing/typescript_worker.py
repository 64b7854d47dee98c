"""A worker of its own, in TypeScript, that consumes the queue."""

from __future__ import annotations

import json
import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from diagnose.project.upload import Upload
from diagnose.queueing.consuming import consumer_entry, consumer_of
from diagnose.queueing.taxonomy import FIRST_DELAY, LONGEST_DELAY, TRANSIENT, TRANSIENT_SOURCE
from diagnose.rewriting.literals import WIDTH, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.project import D1Binding, WorkerConfig
    from diagnose.queueing.naming import Names

ENTRY: Final = "src/index.ts"
_DATE: Final = "2025-11-10"
"""For a config without a compatibility date; nothing in the worker depends on it."""

# What stands between ‹ and › is TypeScript alone; without it the text is JavaScript.
_TYPES: Final = re.compile(r"‹([^›]*)›")

_SOURCE: Final = """\
// Consumer of the queue {queue}: writes the rows of its messages into {table}.
// A message is a JSON text: a list of rows, each a list of values in the order of the columns in SQL.
‹
interface Env {{
  {database}: D1Database;
}}
›
const SQL =
  {sql};

// Errors of D1 that pass: {source}
const TRANSIENT = [
  {transient},
];

export default {{
  // Each message is acknowledged after its own write only. When its retries are used up, the queue moves
  // it to the dead-letter queue.
  async queue(batch‹: MessageBatch<string>›, env‹: Env›)‹: Promise<void>› {{
    for (const message of batch.messages) {{
      try {{
        await env.{database}.prepare(SQL).bind(message.body).run();
        message.ack();
      }} catch (error) {{
        console.error(`message ${{message.id}} was not written at attempt ${{message.attempts}}: ${{error}}`);
        message.retry({{ delaySeconds: secondsUntilRetry(String(error), message.attempts) }});
      }}
    }}
  }},
}}‹ satisfies ExportedHandler<Env, string>›;

// Wait longer each time for D1 to recover; what D1 will never take need not wait.
function secondsUntilRetry(error‹: string›, attempts‹: number›)‹: number› {{
  if (TRANSIENT.some((text) => error.includes(text))) {{
    return Math.min({first} * 2 ** (attempts - 1), {longest});
  }}
  return 0;
}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsumerWorker:
    """The consumer as files of the project, and as a deploy sends it.

    Attributes:
        files: text by path relative to the project.
        config: path of its wrangler config among them.
        upload: the entry without its types, as a bundler would leave it.
    """

    files: Mapping[str, str]
    config: str
    upload: Upload


def consumer_worker(
    config: WorkerConfig, base: str, names: Names, database: D1Binding, *, table: str, sql: str
) -> ConsumerWorker:
    """The worker beside the one of a config.

    Args:
        config: of the worker that sends.
        base: the folder of that config, relative to the project.
        names: of the queue and the worker.
        database: that its statement writes through.
        table: whose rows they are.
        sql: what it executes for each message.
    """
    folder = posixpath.join(base, names.folder)
    source = _source(names, database.binding, table, sql)
    data = _config(config, names, database)
    suffix = "toml" if config.document.format == "toml" else "jsonc"
    path = posixpath.join(folder, f"wrangler.{suffix}")
    text = "".join(_toml(data)) if suffix == "toml" else json.dumps(data, indent=2) + "\n"
    return ConsumerWorker(
        files={path: text, posixpath.join(folder, ENTRY): _TYPES.sub(r"\1", source)},
        config=path,
        upload=_upload(names, data, database, _TYPES.sub("", source)),
    )


def _source(names: Names, database: str, table: str, sql: str) -> str:
    lines = [json.dumps(line, ensure_ascii=False) for line in wrapped(sql, WIDTH - 8)]
    return _SOURCE.format(
        queue=names.queue,
        table=table,
        database=database,
        sql=" +\n  ".join(lines),
        source=TRANSIENT_SOURCE,
        transient=",\n  ".join(map(json.dumps, TRANSIENT)),
        first=FIRST_DELAY,
        longest=LONGEST_DELAY,
    )


def _config(config: WorkerConfig, names: Names, database: D1Binding) -> dict[str, Any]:
    bound = {
        "binding": database.binding,
        "database_name": database.database_name,
        "database_id": database.database_id,
    }
    return {
        "name": names.consumer,
        "main": ENTRY,
        "compatibility_date": config.compatibility_date or _DATE,
        "workers_dev": False,
        "d1_databases": [{key: value for key, value in bound.items() if value is not None}],
        "queues": {"consumers": [consumer_entry(names)]},
    }


def _toml(data: Mapping[str, Any]) -> Iterator[str]:
    from diagnose.project.statements import toml_value

    for key, value in data.items():
        if not isinstance(value, (list, dict)):
            yield f"{key} = {toml_value(value)}\n"
    for header, entry in (
        ("d1_databases", data["d1_databases"][0]),
        ("queues.consumers", data["queues"]["consumers"][0]),
    ):
        yield f"\n[[{header}]]\n"
        yield from (f"{key} = {toml_value(value)}\n" for key, value in entry.items())


def _upload(names: Names, data: Mapping[str, Any], database: D1Binding, script: str) -> Upload:
    identity = {"id": database.database_id} if database.database_id else {}
    return Upload(
        script_name=names.consumer,
        main_module="index.js",
        modules={"index.js": script.encode()},
        bindings=({"type": "d1", "name": database.binding, **identity},),
        compatibility_date=str(data["compatibility_date"]),
        consumers=(consumer_of(names),),
    )
