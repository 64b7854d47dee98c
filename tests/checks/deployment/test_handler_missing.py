from __future__ import annotations

import pytest

from checks.deployment.handler_missing import HandlerMissing
from diagnose.plugin import Status

pytestmark = pytest.mark.anyio

CRON = '\n[triggers]\ncrons = ["0 3 * * *"]\n'
CONSUMER = '\n[[queues.consumers]]\nqueue = "rates"\n'
ROUTE = '\nroute = "a.com/*"\n'
FETCH = ("fetch(self, request)", "return await self.pull()")
SCHEDULED = ("scheduled(self, controller)", "await self.pull()")
QUEUE = ("queue(self, batch)", "await self.pull()")
CONFIG = 'name = "rates"\nmain = "worker.py"\ncompatibility_date = "2025-11-10"\n'
CLASS = "from workers import WorkerEntrypoint\n\n\nclass Default(WorkerEntrypoint):\n"
CONSUME = "    async def queue(self, batch):\n        pass\n"
GET = "    async def fetch(self, request):\n        pass\n"


@pytest.fixture
def consumer(write_project, findings):
    """The one finding about a worker that consumes a queue."""

    async def find(source, files=None, config=CONSUMER):
        folder = write_project({"wrangler.toml": CONFIG + config, "worker.py": source, **(files or {})})
        [finding] = await findings("DEP005", folder, offline=True)
        return finding

    return find


async def test_nothing_is_sent(worker, findings):
    [finding] = await findings("DEP005", worker(FETCH), offline=True)

    assert finding.status is Status.PASS
    assert finding.message == "the config has no cron, no queue consumer and no route"


@pytest.mark.parametrize(
    ("config", "handler"),
    [(CRON, SCHEDULED), (CONSUMER, QUEUE), (ROUTE, FETCH)],
    ids=["cron", "queue", "route"],
)
async def test_the_handler_is_there(worker, findings, config, handler):
    [finding] = await findings("DEP005", worker(handler, config=config), offline=True)

    assert finding.status is Status.PASS


@pytest.mark.parametrize(
    ("config", "line", "message", "evidence"),
    [
        (
            CRON,
            6,
            "cron 0 3 * * *, but worker.py has no `scheduled` handler: each run of the cron fails",
            {"kind": "scheduled", "triggers": ["0 3 * * *"], "handlers": ["email"]},
        ),
        (
            CONSUMER,
            5,
            "queue rates, but worker.py has no `queue` handler: no message is ever consumed",
            {"kind": "queue", "triggers": ["rates"], "handlers": ["email"]},
        ),
        (
            ROUTE,
            5,
            "route a.com/*, but worker.py has no `fetch` handler: each request is answered with an error",
            {"kind": "fetch", "triggers": ["a.com/*"], "handlers": ["email"]},
        ),
    ],
    ids=["cron", "queue", "route"],
)
async def test_the_handler_is_missing(worker, findings, config, line, message, evidence):
    folder = worker(("email(self, message)", "await self.pull()"), config=config)

    [finding] = await findings("DEP005", folder, offline=True)

    assert (finding.status, finding.confidence.value) == (Status.FAIL, "high")
    assert finding.message == f"the config has the {message}"
    assert (finding.location.path, finding.location.line) == ("wrangler.toml", line)
    assert finding.evidence == evidence
    assert finding.resource == "worker/rates"


@pytest.mark.parametrize(
    "config",
    [
        "\n[triggers]\ncrons = []\n",
        CONSUMER + 'type = "http_pull"\n',
        '\nroute = "a.com/*"\nassets = { directory = "public" }\n',
    ],
    ids=["no crons", "pull consumer", "assets"],
)
async def test_what_needs_no_handler(worker, findings, config):
    folder = worker(("email(self, message)", "await self.pull()"), config=config)

    [finding] = await findings("DEP005", folder, offline=True)

    assert finding.status is Status.PASS


@pytest.mark.parametrize(
    ("source", "other"),
    [
        ("async def on_queue(batch, env, ctx):\n    pass\n", ""),
        (CLASS + CONSUME.replace("queue", "on_queue", 1), ""),
        ("from jobs import Default\n", CLASS + CONSUME),
        ("from jobs import *\n", CLASS + CONSUME),
        ("from jobs import Consumer as Default\n", CLASS.replace("Default", "Consumer") + CONSUME),
        (
            "from jobs import Base\n\n\nclass Default(Base):\n" + GET,
            CLASS.replace("Default", "Base") + CONSUME,
        ),
        ("from jobs import on_queue\n", "async def on_queue(batch, env):\n    pass\n"),
        (CLASS.replace("Default", "_Worker") + CONSUME + "\n\nDefault = _Worker\n", ""),
    ],
)
async def test_a_handler_that_is_written_elsewhere_or_otherwise(consumer, source, other):
    finding = await consumer(source, {"jobs.py": other} if other else {})

    assert finding.status is Status.PASS


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        (
            "from consumers import Default\n",
            "worker.py:1: `Default` comes from `consumers`, which is not read",
        ),
        (
            "from consumers import *\n",
            "worker.py:1: `*` comes from `consumers`, which is not read",
        ),
        (
            "from consumers import on_queue\n",
            "worker.py:1: `on_queue` comes from `consumers`, which is not read",
        ),
        (
            "from consumers import Base\n\n\nclass Default(Base):\n" + GET,
            "worker.py:4: `Default` inherits from `Base`, which is not read",
        ),
        (
            CLASS.replace("class", "@traced\nclass", 1).replace("\n\n\n", "\nfrom traces import traced\n\n\n")
            + GET,
            "worker.py:5: `Default` is decorated with `traced`",
        ),
        (
            CLASS.replace("Default", "_Worker") + GET + "\n\nDefault = traced(_Worker)\n",
            "worker.py:9: `Default` is assigned",
        ),
        (
            CLASS + GET + "\n\nDefault.queue = consume\n",
            "worker.py:9: `Default.queue` is assigned",
        ),
        (
            CLASS + GET + '\n\nsetattr(Default, "queue", consume)\n',
            'worker.py:9: `setattr(Default, "queue", consume)` sets it',
        ),
        (
            CLASS + GET + "    queue = GET\n",
            "worker.py:4: `Default.queue` is assigned",
        ),
        (
            "import jobs\n\non_queue = jobs.consume\n",
            "worker.py:3: `on_queue` is assigned",
        ),
    ],
)
async def test_a_handler_that_may_come_from_code_that_is_not_read(consumer, source, reason):
    finding = await consumer(source)

    assert finding.status is Status.SKIP
    assert finding.message == f"no `queue` handler was found, but {reason}"


async def test_a_module_that_cannot_be_read(consumer):
    finding = await consumer("import jobs\n" + CLASS + GET, {"jobs.py": "def (:\n"})

    assert finding.message == "no `queue` handler was found, but jobs.py cannot be read"


async def test_words_that_only_resemble_a_handler(consumer):
    body = "    async def fetch(self, request):\n        queue = self.env.QUEUE\n        self.queue = queue\n"
    finding = await consumer(CLASS + body + '        await queue.send({"queue": 1})\n')

    assert finding.status is Status.FAIL


async def test_the_chosen_environment_counts(write_project, findings):
    config = CONFIG + CRON + "\n[env.quiet]\ntriggers = { crons = [] }\n"
    folder = write_project({"wrangler.toml": config, "worker.py": CLASS + GET})

    statuses = [
        [finding.status for finding in await findings("DEP005", folder, offline=True, env=environment)]
        for environment in (None, "quiet")
    ]

    assert statuses == [[Status.FAIL], [Status.PASS]]


async def test_without_a_source_it_is_skipped(write_project, findings):
    [finding] = await findings(
        "DEP005", write_project({"wrangler.toml": 'name = "a"\n' + CRON}), offline=True
    )

    assert finding.status is Status.SKIP


async def test_a_crash_is_an_error(crash):
    [finding] = await crash(HandlerMissing)

    assert finding.status is Status.ERROR


async def test_a_cron_without_a_handler_does_not_count_as_a_missing_cron(worker, check):
    folder = worker(FETCH, config=CRON)

    [never] = [each for each in await check("DEP004", folder, offline=True) if each.code == "DEP004"]

    assert never.message == (
        "only a request starts the import, and nothing sends it: the cron has no handler"
    )


async def test_a_platform_class_under_another_name(consumer):
    finding = await consumer(
        CLASS.replace("WorkerEntrypoint", "WorkerEntrypoint as Base", 1).replace(
            "(WorkerEntrypoint)", "(Base)"
        )
        + GET
    )

    assert (finding.status, finding.location.line) == (Status.FAIL, 5)
