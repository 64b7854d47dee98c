"""Defects, each planted into a correct project. The tag `#@here` marks the line that must be found."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mutation.bases import direct_import, queue_import

if TYPE_CHECKING:
    from collections.abc import Callable

    from mutation.bases import Project, Style

    Plant = Callable[[Project], dict[str, str]]


def never(style: Style) -> bool:
    """The fix repairs it in every style."""
    return False


def always(style: Style) -> bool:
    """The check's page says why there is no automated repair."""
    return True


@dataclass(frozen=True, kw_only=True)
class Operator:
    """One way of breaking a project.

    Attributes:
        code: of the check that must find it.
        base: makes the project.
        plant: the files with the defect.
        answers: to the questions that the fix asks.
        refused: in which styles the fix says that a person must do it, and why.
    """

    code: str
    name: str
    base: Callable[[Style], Project]
    plant: Plant
    answers: dict[str, str] = field(default_factory=dict)
    refused: Callable[[Style], bool] = never

    def __str__(self) -> str:
        return f"{self.code} {self.name}"


OPERATORS: list[Operator] = []


def planted(code: str, base=direct_import, **more) -> Callable[[Plant], Plant]:
    """Register an operator."""

    def register(plant: Plant) -> Plant:
        name = plant.__name__.replace("_", " ")
        OPERATORS.append(Operator(code=code, name=name, base=base, plant=plant, **more))
        return plant

    return register


def replaced(project: Project, tag: str, new: str | None, **others: str | None) -> dict[str, str]:
    """The files with whole tagged lines replaced, at their indentation; None removes a line."""
    files = dict(project.files)
    for name, text in {tag: new, **others}.items():
        path = project.find(name.replace("__", "."))
        lines = []
        for line in files[path].splitlines():
            if not line.endswith(f"#@{name.replace('__', '.')}"):
                lines.append(line)
            elif text is not None:
                indent = re.match(r"\s*", line)[0]
                lines += textwrap.indent(text, indent).splitlines()
        files[path] = "\n".join(lines) + "\n"
    return files


def edited(project: Project, tag: str, pattern: str, new: str) -> dict[str, str]:
    """The files with a part of one tagged line replaced, and that line marked."""
    line = project.line(project.find(tag), tag).strip().removesuffix(f"#@{tag}").rstrip()
    changed = re.sub(pattern, new, line)
    assert changed != line, (tag, pattern)
    return replaced(project, tag, f"{changed} #@here")


def marked(files: dict[str, str], tag: str) -> dict[str, str]:
    """The files with the mark on a line that has a tag."""
    return {
        path: re.sub(rf"#@{re.escape(tag)}$", "#@here", text, flags=re.MULTILINE)
        for path, text in files.items()
    }


def executing(project: Project) -> str:
    """The tag of the line that executes the INSERT."""
    return "execute" if project.style.helper else "run"


# --- config


@planted("CFG002")
def name_instead_of_database_name(project):
    return edited(project, "database_name", "database_name", "name")


@planted("CFG002", queue_import)
def name_instead_of_queue(project):
    return edited(project, "producer", '"queue"|queue(?= =)', lambda m: m[0].replace("queue", "name"))


@planted("CFG003")
def binding_of_another_name(project):
    return marked(edited_silently(project, "binding", '"DB"', '"DATABASE"'), "run")


def edited_silently(project, tag, pattern, new):
    return {path: text.replace(" #@here", "") for path, text in edited(project, tag, pattern, new).items()}


@planted("CFG005", refused=always)
def placeholder_for_the_id(project):
    return edited(project, "database_id", '"[0-9a-f-]{36}"', '"YOUR-DATABASE-ID"')


@planted("CFG007")
def environment_without_its_database(project):
    files = dict(project.files)
    files["package.json"] = '{"scripts": {"deploy": "wrangler deploy --env staging"}}\n'
    if project.style.config == "toml":
        files["wrangler.toml"] += '\n[env.staging] #@here\nname = "rates-staging"\n'
    else:
        head, _, tail = files["wrangler.jsonc"].rpartition("}")
        files["wrangler.jsonc"] = (
            head + '  "env": {\n    "staging": { "name": "rates-staging" }, #@here\n  },\n}' + tail
        )
    return files


@planted("CFG010")
def token_among_the_variables(project):
    files = dict(project.files)
    token = "ghp_" + "4kQ9xZ7mB2vN8cR5tL1wY6pS3dF0gHjKaE4u"
    if project.style.config == "toml":
        files["wrangler.toml"] += f'\n[vars]\nRATES_TOKEN = "{token}" #@here\n'
    else:
        head, _, tail = files["wrangler.jsonc"].rpartition("}")
        files["wrangler.jsonc"] = (
            head + f'  "vars": {{\n    "RATES_TOKEN": "{token}", #@here\n  }},\n}}' + tail
        )
    return files


# --- tables


@planted("TBL001", answers={"key": "day,base,quote"})
def table_of_another_name(project):
    files = edited_silently(project, "table", "rates", "rate")
    files["diagnose.toml"] = files["diagnose.toml"].replace('table = "rates"', 'table = "rates"')
    return marked(files, executing(project))


@planted("TBL002")
def column_that_is_not_there(project):
    files = replaced(project, "column.quote", None, key="PRIMARY KEY (day, base)")
    files["diagnose.toml"] = files["diagnose.toml"].replace(', "quote"]', "]")
    return marked(files, executing(project))


@planted("TBL003", answers={"key": "day,base,quote"})
def conflict_clause_without_a_key(project):
    files = replaced(project, "key", "CHECK (rate > 0)")
    return marked(files, executing(project))


# --- deployment


@planted("DEP004", answers={"trigger": "cron:15 4 * * *"})
def crons_forgotten(project):
    return marked(replaced(project, "crons", None, **_header(project)), "scheduled")


def _header(project):
    return {"triggers": None} if project.style.config == "toml" else {}


@planted("DEP005", refused=always)
def cron_without_a_handler(project):
    return marked(replaced(project, "scheduled", None, cron=None), "crons")


def without_consumer(text):
    """The worker up to its queue handler, which comes last."""
    start = text.index(next(line for line in text.splitlines() if line.endswith("#@queue")))
    return text[:start].rstrip() + "\n"


@planted("DEP005", queue_import, refused=always)
def consumer_without_a_handler(project):
    text = project.files[project.worker]
    files = {**project.files, project.worker: without_consumer(text)}
    return marked(files, "consumers")


# --- limits


@planted("LIM001")
def a_hundred_rows_of_four_columns(project):
    return marked(edited_silently(project, "size", r"= .*", "= 100"), executing(project))


@planted("LIM001")
def one_row_too_many(project):
    return marked(edited_silently(project, "size", r"= .*", "= 26"), executing(project))


@planted("LIM001")
def no_slices(project):
    files = replaced(project, "part", "part = rows", loop="if rows:")
    return marked(files, executing(project))


@planted("LIM001")
def an_upsert_that_binds_twice(project):
    """25 rows of four columns are 100 parameters, and the clause adds one."""
    text = re.sub(r"INSERT OR IGNORE INTO", "INSERT INTO", project.files[project.worker])
    text = text.replace("VALUES {marks}", "VALUES {marks} ON CONFLICT DO UPDATE SET rate = ?")
    text = re.sub(r"(values = \[.*\]) #@values", r"\1 + [0]", text)
    return marked({**project.files, project.worker: text}, executing(project))


@planted("LIM001")
def an_unbounded_in_list(project):
    return _before_the_answer(
        project,
        "days = [row[0] for row in await fetch_days('EUR')]\n"
        "known = {env}.DB.prepare(\n"
        '    f"SELECT day FROM rates WHERE day IN ({{", ".join("?" * len(days))}})"\n'
        ")\n"
        "found = await known.bind(*days).all() #@here\n"
        "print(len(found.results))",
    )


def _before_the_answer(project, text):
    env = "self.env" if project.style.handlers == "class" else "env"
    answer = project.line(project.worker, "answer").strip()
    return replaced(project, "answer", f"{text.format(env=env)}\n{answer}")


@planted("LIM002")
def a_seed_in_one_statement(project):
    rows = ",\n".join(f"  ('1999-{n:06}', 'EUR', 'SEK', {n}.5)" for n in range(3_200))
    seed = f"-- The last century\n\nINSERT INTO rates (day, base, quote, rate) VALUES #@here\n{rows};\n"
    return {**project.files, "migrations/0002_seed.sql": seed}


@planted("LIM003")
def one_row_a_query_on_the_free_plan(project):
    files = edited_silently(project, "size", r"= .*", "= 1")
    files["diagnose.toml"] = 'plan = "free"\n\n' + files["diagnose.toml"]
    return marked(files, executing(project))


DAY = '{"day": d["day"], "base": d["base"], "quote": d["quote"], "rate": d["rate"], "source": "example"}'


@planted("LIM005", queue_import)
def all_rows_in_one_message(project):
    files = edited_silently(project, "days", r"= .*", "= 4000")
    lines = {
        "send.loop": "if days:",
        "send.part": f"text = json.dumps([{DAY} for d in days])",
        "send": 'await env.RATES.send(text, contentType="text") #@here',
        "read": "for day in json.loads(text):",
        **{tag: f"    {project.line(project.worker, tag).strip()}" for tag in ("row", "write")},
    }
    return {**files, project.worker: _with(files[project.worker], lines)}


def _with(text, lines):
    found = []
    for line in text.splitlines():
        tag = re.search(r"#@([\w.]+)$", line)
        if tag and tag[1] in lines:
            new = lines[tag[1]]
            found += [] if new is None else textwrap.indent(new, re.match(r"\s*", line)[0]).splitlines()
        else:
            found.append(line)
    return "\n".join(found) + "\n"


@planted("LIM006", queue_import)
def batches_of_a_hundred_and_one(project):
    return marked(edited_silently(project, "at_once", r"= .*", "= 101"), "send")


@planted("LIM006", queue_import)
def a_batch_of_everything(project):
    files = replaced(project, "send.part", "part = [as_message(day) for day in days]", send__loop="if days:")
    return marked(files, "send")


# --- queues


@planted("QUE003", queue_import, refused=always)
def nobody_consumes(project):
    text = project.files[project.config]
    if project.style.config == "toml":
        text = text[: text.index("[[queues.consumers]]")]
    else:
        start = text.index('    "consumers": [')
        text = text[:start] + text[text.index("    ],", start) + len("    ],\n") :]
    worker = without_consumer(project.files[project.worker])
    files = {**project.files, project.config: text, project.worker: worker}
    tag = "producers" if project.style.config == "toml" else "producer"
    return marked(files, tag)


@planted("QUE004", queue_import)
def dead_letters_into_the_own_queue(project):
    return edited(project, "dead_letters", "rates-dead", "rates")


@planted("QUE005", queue_import)
def acknowledged_whatever_happens(project):
    return marked(replaced(project, "retry", "message.ack()"), "except")


@planted("QUE005", queue_import)
def logged_and_forgotten(project):
    return marked(replaced(project, "retry", None), "except")


@planted("QUE005", queue_import)
def acknowledged_before_the_write(project):
    files = replaced(
        project, "messages", project.line(project.worker, "messages").strip() + "\n    message.ack() #@here"
    )
    return {
        path: re.sub(r"\n +else: #@else\n +message\.ack\(\) #@ack", "", text) for path, text in files.items()
    }


@planted("QUE005", queue_import)
def retried_only_for_words_that_d1_never_says(project):
    files = replaced(
        project,
        "retry",
        'if "database is locked" in str(error):\n    message.retry()\nelse:\n    message.ack()',
    )
    return marked(files, "except")


@planted("QUE006", queue_import, refused=always)
def another_field_on_the_other_side(project):
    return edited(project, "row", '"rate"', '"value"')


# --- source


@planted("SRC001")
def an_error_that_is_only_printed(project):
    env = "self.env" if project.style.handlers == "class" else "env"
    return replaced(
        project,
        "call",
        f'written = 0\ntry:\n    written = await store({env}, await fetch_days("EUR"))\n'
        'except Exception as error: #@here\n    print(f"import failed: {error}")',
    )


@planted("SRC001")
def an_error_that_is_passed_over(project):
    env = "self.env" if project.style.handlers == "class" else "env"
    return replaced(
        project,
        "cron",
        f'try:\n    await store({env}, await fetch_days("EUR"))\nexcept Exception: #@here\n    pass',
    )


@planted("SRC001")
def rows_counted_before_they_are_written(project):
    text = project.files[project.worker]
    text = re.sub(r"^    return changes$", "    return len(rows)", text, flags=re.MULTILINE)
    return marked({**project.files, project.worker: text}, "answer")


@planted("SRC002")
def an_await_that_is_missing(project):
    return edited(project, "cron", "^await ", "")


@planted("SRC002", queue_import)
def a_send_that_nothing_awaits(project):
    return edited(project, "send", "^await ", "")


@planted("SRC003")
def a_statement_over_several_lines(project):
    return _before_the_answer(
        project,
        'await {env}.DB.exec(""" #@here\n'
        "    CREATE TABLE IF NOT EXISTS imports (\n      at TEXT PRIMARY KEY,\n      written INTEGER\n    )\n"
        '""")',
    )


@planted("SRC004", refused=lambda style: style.handlers == "module")
def none_is_bound(project):
    return _with_log(project, 'bind("rates", None)')


def _with_log(project, bind):
    files = _before_the_answer(
        project,
        'sql = "INSERT INTO import_log (source, note) VALUES (?, ?)"\n'
        f"await {{env}}.DB.prepare(sql).{bind}.run() #@here",
    )
    files["migrations/0002_log.sql"] = "CREATE TABLE import_log (source TEXT NOT NULL, note TEXT);\n"
    return files


@planted("SRC004")
def a_dict_is_bound(project):
    return _with_log(project, 'bind("rates", {{"written": written}})')


@planted("SRC005", queue_import)
def a_dict_is_sent(project):
    lines = {
        "send.loop": "for d in days:",
        "send.part": None,
        "send": f"await env.RATES.send({DAY}) #@here",
        "read": "day = text.to_py()",
    }
    return {**project.files, project.worker: _with(project.files[project.worker], lines)}


@planted("SRC006")
def a_value_within_the_text(project):
    return _before_the_answer(
        project,
        'base = request.headers.get("x-base") or "EUR"\n'
        "await {env}.DB.prepare(f\"UPDATE rates SET rate = rate WHERE base = '{{base}}'\").run() #@here",
    )


@planted("SRC007", queue_import)
def a_repeated_delivery_that_fails(project):
    clause = re.compile(r"\s*ON CONFLICT \(day, base, quote\) DO UPDATE SET rate = excluded\.rate")
    text = clause.sub("", project.files[project.worker])
    assert "ON CONFLICT" not in text
    return marked({**project.files, project.worker: text}, "execute" if project.style.helper else "write")


@planted("SRC007", queue_import, answers={"key": "day,base,quote"})
def a_repeated_delivery_that_doubles(project):
    files = a_repeated_delivery_that_fails(project)
    path = "migrations/0001_rates.sql"
    files[path] = files[path].replace("PRIMARY KEY (day, base, quote)", "CHECK (rate > 0)")
    files["diagnose.toml"] = files["diagnose.toml"].replace('key = ["day", "base", "quote"]\n', "")
    return files


@planted("SRC008")
def the_flag_is_missing(project):
    return marked(replaced(project, "flags", None), "main")
