"""Correct projects in many styles: what operators plant their defects in.

A line of a generated file may end with a tag, `#@name`. Operators find their place by it, and tags are
removed before the project is written.
"""

from __future__ import annotations

import itertools
import json
import re
import textwrap
from dataclasses import dataclass
from typing import Literal

TAG = re.compile(r"[ \t]*#@([\w.]+)$", re.MULTILINE)
DATABASE_ID = "5b0b7c1e-9d0f-4c57-8f0e-2a6d4f1c9e3b"
DAYS = 120


@dataclass(frozen=True, kw_only=True)
class Style:
    """How a project is written; what it does stays the same.

    Attributes:
        constants: where constants stand: in the worker's file, or in a module of their own.
        helper: statements are sent by a helper that takes options.
        sql: SQL on one line, or over three.
        renamed: imports under another name.
        dead: code nearby that nothing calls, with the very defects that are planted elsewhere.
        handlers: methods of a class, or functions of the module (before 2025-08-14).
        config: the notation of the wrangler config.
    """

    constants: Literal["here", "module"] = "here"
    helper: bool = False
    sql: Literal["line", "lines"] = "line"
    renamed: bool = False
    dead: bool = False
    handlers: Literal["class", "module"] = "class"
    config: Literal["toml", "jsonc"] = "toml"

    def __str__(self) -> str:
        flags = [name for name in ("helper", "renamed", "dead") if getattr(self, name)]
        return "-".join([self.constants, self.sql, self.handlers, self.config, *flags])

    @property
    def date(self) -> str:
        return "2026-02-10" if self.handlers == "class" else "2025-06-01"


STYLES = [
    Style(constants=c, helper=h, sql=s, renamed=r, dead=d, handlers=m, config=f)
    for c, h, s, r, d, m, f in itertools.product(
        ("here", "module"),
        (False, True),
        ("line", "lines"),
        (False, True),
        (False, True),
        ("class", "module"),
        ("toml", "jsonc"),
    )
]


@dataclass(frozen=True)
class Project:
    """Tagged files by path, and the style they are written in."""

    files: dict[str, str]
    style: Style
    worker: str = "src/worker.py"

    @property
    def config(self) -> str:
        return f"wrangler.{self.style.config}"

    def line(self, path: str, tag: str) -> str:
        """The line with a tag, as it stands."""
        return next(line for line in self.files[path].splitlines() if line.endswith(f"#@{tag}"))

    def find(self, tag: str) -> str:
        """The file that holds a tag."""
        return next(path for path, text in self.files.items() if re.search(rf"#@{tag}$", text, re.MULTILINE))


def untagged(text: str) -> str:
    return TAG.sub("", text)


def without_tags(files: dict[str, str]) -> dict[str, str]:
    return {path: untagged(text) for path, text in files.items()}


def place(files: dict[str, str], tag: str = "here") -> tuple[str, int]:
    """The file and the line that a tag stands on."""
    for path, text in files.items():
        for number, line in enumerate(text.splitlines(), 1):
            if line.endswith(f"#@{tag}"):
                return path, number
    raise LookupError(tag)


# ---------------------------------------------------------------------------------------------------------
# The direct import: fetch, slice, insert.


def direct_import(style: Style) -> Project:
    """Fetches 120 days of rates, and inserts them in statements of 25 rows of four columns."""
    files = {
        "src/worker.py": _direct_worker(style),
        "migrations/0001_rates.sql": RATES,
        "diagnose.toml": DIRECT_SETTINGS.format(
            kind='"fetch"\nmethod = "POST"\npath = "/import"\nreported = "written"'
        ),
        "recorded/days.json": json.dumps({"days": _days()}),
        f"wrangler.{style.config}": config(style, crons=["15 4 * * *"]),
    }
    if style.constants == "module":
        files["src/limits.py"] = _CONSTANTS
    return Project(files, style)


RATES = """\
CREATE TABLE rates ( #@table
  day TEXT NOT NULL, #@column.day
  base TEXT NOT NULL,
  quote TEXT NOT NULL, #@column.quote
  rate REAL NOT NULL,
  PRIMARY KEY (day, base, quote) #@key
);
"""
DIRECT_SETTINGS = """\
[trigger]
kind = {kind}

[watch]
table = "rates"
key = ["day", "base", "quote"]

[[responses]]
url = "https://rates.example.com/v2/days?*"
body_file = "recorded/days.json"
"""
_CONSTANTS = '''\
"""Numbers that several places agree on."""

COLUMNS = ("day", "base", "quote", "rate")
ROWS_PER_STATEMENT = 100 // len(COLUMNS) #@size
DAYS = 120 #@days
'''


def _days() -> list[dict]:
    return [
        {"day": f"2026-{1 + n // 28:02}-{1 + n % 28:02}", "base": "EUR", "quote": "NOK", "rate": 11 + n / 64}
        for n in range(DAYS)
    ]


def _imports(style: Style, *names: str) -> str:
    wanted = ["Response", *(["WorkerEntrypoint"] if style.handlers == "class" else []), *names]
    if style.renamed:
        renamed = {"fetch": "http_fetch", "Response": "Answer"}
        return "from workers import " + ", ".join(
            f"{n} as {renamed[n]}" if n in renamed else n for n in wanted
        )
    return "from workers import " + ", ".join(wanted)


def _named(style: Style, name: str) -> str:
    return {"fetch": "http_fetch", "Response": "Answer"}[name] if style.renamed else name


def insert_text(style: Style, head: str = "INSERT OR IGNORE INTO rates") -> str:
    """The expression of the multi-row INSERT."""
    if style.sql == "line":
        return f'f"{head} (day, base, quote, rate) VALUES {{marks}}"'
    return f'"{head} "\n        "(day, base, quote, rate) "\n        f"VALUES {{marks}}"'


def _direct_worker(style: Style) -> str:
    constants = "from limits import DAYS, ROWS_PER_STATEMENT" if style.constants == "module" else ""
    own = "" if constants else "\nROWS_PER_STATEMENT = 25 #@size\nDAYS = 120 #@days\n"
    return "\n".join(
        part
        for part in (
            '"""Imports exchange rates into D1."""\n',
            _imports(style, "fetch") + " #@import",
            constants,
            own,
            _DEAD if style.dead else "",
            _fetch_days(style),
            _helper() if style.helper else "",
            _store(style),
            _direct_handlers(style),
        )
        if part
    )


_DEAD = '''

async def insert_everything(env, rows):
    """The first version; nothing calls it any more."""
    sql = "INSERT INTO rates VALUES " + ", ".join(["(?, ?, ?, ?)"] * len(rows))
    try:
        env.OLD_DB.prepare(sql).bind(*[value for row in rows for value in row]).run()
    except Exception:
        pass
'''


def _fetch_days(style: Style) -> str:
    fetch = _named(style, "fetch")
    return f"""

async def fetch_days(base):
    response = await {fetch}(f"https://rates.example.com/v2/days?base={{base}}&limit={{DAYS}}")
    if response.status != 200:
        raise RuntimeError(f"the rates API answered {{response.status}}")
    payload = await response.json()
    return [[d["day"], d["base"], d["quote"], d["rate"]] for d in payload["days"]]
"""


def _helper() -> str:
    return '''

async def execute(database, sql, values=(), *, log=False):
    """Run one statement; the number of rows that it changed."""
    result = await database.prepare(sql).bind(*values).run() #@execute
    if log:
        print(f"{result.meta.changes} rows changed")
    return result.meta.changes
'''


def _store(style: Style) -> str:
    run = "changes += await execute(env.DB, sql, values, log=True) #@run"
    if not style.helper:
        run = "result = await env.DB.prepare(sql).bind(*values).run() #@run\n"
        run += "        changes += result.meta.changes"
    text = insert_text(style)
    sql = f"sql = {text}" if style.sql == "line" else f"sql = (\n        {text}\n        )"
    return f"""

async def store(env, rows):
    changes = 0
    for start in range(0, len(rows), ROWS_PER_STATEMENT): #@loop
        part = rows[start : start + ROWS_PER_STATEMENT] #@part
        marks = ", ".join(["(?, ?, ?, ?)"] * len(part)) #@marks
        {sql}
        values = [value for row in part for value in row] #@values
        {run}
    return changes
"""


def _direct_handlers(style: Style) -> str:
    response = _named(style, "Response")
    body = f"""\
if request.method != "POST":
    return {response}("POST /import starts an import", status=405)
written = await {{store}} #@call
return {response}.json({{{{"written": written}}}}) #@answer"""
    if style.handlers == "module":
        inside = textwrap.indent(body.format(store='store(env, await fetch_days("EUR"))'), "    ")
        return (
            f"\n\nasync def on_fetch(request, env):\n{inside}\n\n\n"
            "async def on_scheduled(controller, env, ctx): #@scheduled\n"
            '    await store(env, await fetch_days("EUR")) #@cron\n'
        )
    inside = textwrap.indent(body.format(store='store(self.env, await fetch_days("EUR"))'), "        ")
    return (
        f"\n\nclass Default(WorkerEntrypoint):\n    async def fetch(self, request):\n{inside}\n\n"
        "    async def scheduled(self, controller): #@scheduled\n"
        '        await store(self.env, await fetch_days("EUR")) #@cron\n'
    )


# ---------------------------------------------------------------------------------------------------------
# The import through a queue: fetch, send, and a consumer that writes.


def queue_import(style: Style) -> Project:
    """Fetches 120 days of rates, sends each to a queue, and writes them in the consumer."""
    files = {
        "src/worker.py": _queue_worker(style),
        "migrations/0001_rates.sql": RATES,
        "diagnose.toml": DIRECT_SETTINGS.format(kind='"fetch"\nmethod = "POST"\npath = "/import"'),
        "recorded/days.json": json.dumps({"days": _days()}),
        f"wrangler.{style.config}": config(style, crons=["15 4 * * *"], queue=True),
    }
    if style.constants == "module":
        files["src/limits.py"] = _QUEUE_CONSTANTS
    return Project(files, style)


_QUEUE_CONSTANTS = '''\
"""Numbers that several places agree on."""

AT_ONCE = 50 #@at_once
DAYS = 120 #@days
'''


def _queue_worker(style: Style) -> str:
    constants = "from limits import AT_ONCE, DAYS" if style.constants == "module" else ""
    own = "" if constants else "\nAT_ONCE = 50 #@at_once\nDAYS = 120 #@days\n"
    return "\n".join(
        part
        for part in (
            '"""Imports exchange rates into D1, through a queue."""\n',
            "import json\n",
            "from js import Object",
            "from pyodide.ffi import to_js",
            _imports(style, "fetch"),
            constants,
            own,
            _DEAD if style.dead else "",
            _fetch_objects(style),
            _send(),
            _helper() if style.helper else "",
            _write_one(style),
            _queue_handlers(style),
        )
        if part
    )


def _fetch_objects(style: Style) -> str:
    fetch = _named(style, "fetch")
    return f"""

async def fetch_days(base):
    response = await {fetch}(f"https://rates.example.com/v2/days?base={{base}}&limit={{DAYS}}")
    if response.status != 200:
        raise RuntimeError(f"the rates API answered {{response.status}}")
    return (await response.json())["days"]
"""


def _send() -> str:
    return """

def as_message(day):
    body = {"day": day["day"], "base": day["base"], "quote": day["quote"], "rate": day["rate"]} #@body
    return {"body": json.dumps(body), "contentType": "text"} #@message


async def send_all(env, days):
    for start in range(0, len(days), AT_ONCE): #@send.loop
        part = [as_message(day) for day in days[start : start + AT_ONCE]] #@send.part
        await env.RATES.sendBatch(to_js(part, dict_converter=Object.fromEntries)) #@send
    return len(days)
"""


def _write_one(style: Style) -> str:
    statement = (
        "INSERT INTO rates (day, base, quote, rate) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (day, base, quote) DO UPDATE SET rate = excluded.rate"
    )
    if style.sql == "line":
        sql = f'SQL = "{statement}" #@sql'
    else:
        head, tail = statement.split(" VALUES ")
        sql = f'SQL = """ #@sql\n  {head}\n  VALUES {tail}\n"""'.replace(" #@sql\n", "\n", 1)
        sql = sql.replace("SQL = ", "SQL = ", 1)
    run = (
        "await execute(env.DB, SQL, values) #@write"
        if style.helper
        else "await env.DB.prepare(SQL).bind(*values).run() #@write"
    )
    return f"""

{sql}


async def write(env, text):
    day = json.loads(text) #@read
    values = [day["day"], day["base"], day["quote"], day["rate"]] #@row
    {run}
"""


def _queue_handlers(style: Style) -> str:
    response = _named(style, "Response")
    env = "self.env" if style.handlers == "class" else "env"
    consume = f"""\
for message in batch.messages: #@messages
    try:
        await write({env}, message.body) #@try
    except Exception as error: #@except
        print(f"{{message.id}} failed: {{error}}") #@log
        message.retry() #@retry
    else: #@else
        message.ack() #@ack
"""
    produce = f"""\
if request.method != "POST":
    return {response}("POST /import starts an import", status=405)
queued = await send_all({env}, await fetch_days("EUR")) #@produce
return {response}.json({{"queued": queued}}, status=202)
"""
    cron = f'await send_all({env}, await fetch_days("EUR"))\n'
    if style.handlers == "module":
        parts = [
            ("async def on_fetch(request, env):", produce),
            ("async def on_scheduled(controller, env, ctx): #@scheduled", cron),
            ("async def on_queue(batch, env, ctx): #@queue", consume),
        ]
        return "".join(f"\n\n{head}\n{textwrap.indent(body, '    ')}" for head, body in parts)
    parts = [
        ("async def fetch(self, request):", produce),
        ("async def scheduled(self, controller): #@scheduled", cron),
        ("async def queue(self, batch): #@queue", consume),
    ]
    methods = "\n".join(f"{head}\n{textwrap.indent(body, '    ')}" for head, body in parts)
    return "\n\nclass Default(WorkerEntrypoint):\n" + textwrap.indent(methods, "    ")


# ---------------------------------------------------------------------------------------------------------
# Configs.


def config(style: Style, *, crons: list[str], queue: bool = False) -> str:
    return _toml(style, crons, queue) if style.config == "toml" else _jsonc(style, crons, queue)


def _toml(style: Style, crons: list[str], queue: bool) -> str:
    text = f"""\
name = "rates" #@name
main = "src/worker.py" #@main
compatibility_date = "{style.date}"
compatibility_flags = ["python_workers"] #@flags

[triggers] #@triggers
crons = {json.dumps(crons)} #@crons

[[d1_databases]] #@d1
binding = "DB" #@binding
database_name = "rates" #@database_name
database_id = "{DATABASE_ID}" #@database_id
"""
    if queue:
        text += """
[[queues.producers]] #@producers
queue = "rates" #@producer
binding = "RATES"

[[queues.consumers]] #@consumers
queue = "rates" #@consumer
max_batch_size = 40
max_retries = 2
dead_letter_queue = "rates-dead" #@dead_letters
"""
    return text


def _jsonc(style: Style, crons: list[str], queue: bool) -> str:
    queues = (
        """
  "queues": {
    "producers": [
      { "queue": "rates", "binding": "RATES" }, #@producer
    ],
    "consumers": [
      { #@consumers
        "queue": "rates", #@consumer
        "max_batch_size": 40,
        "max_retries": 2,
        "dead_letter_queue": "rates-dead", #@dead_letters
      },
    ],
  },"""
        if queue
        else ""
    )
    return f"""\
{{
  // Rates of the day.
  "name": "rates", #@name
  "main": "src/worker.py", #@main
  "compatibility_date": "{style.date}",
  "compatibility_flags": ["python_workers"], #@flags
  "triggers": {{ "crons": {json.dumps(crons)} }}, #@crons
  "d1_databases": [
    {{ #@d1
      "binding": "DB", #@binding
      "database_name": "rates", #@database_name
      "database_id": "{DATABASE_ID}", #@database_id
    }},
  ],{queues}
}}
"""
