from __future__ import annotations

import pytest

from checks.queue.queue_missing import QueueMissing
from diagnose.embedded import EmbeddedAccount
from diagnose.engine.runner import run_check
from diagnose.model import Confidence, Location, Severity, Status
from diagnose.plugin import Context, Target

pytestmark = pytest.mark.anyio
CONFIG = """name = "candles-import"

[[queues.producers]]
binding = "CANDLES"
queue = "candles"

[[queues.producers]]
binding = "AGAIN"
queue = "candles"

[[queues.consumers]]
queue = "candles"
dead_letter_queue = "candles-failed"
"""


@pytest.fixture
def found(check, write_project):
    async def find(*queues, config=CONFIG, saved=True, **choices):
        folder = write_project({"wrangler.toml": config})
        if saved:
            with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
                for queue in queues:
                    account.create_queue(queue)
        return [finding for finding in await check("QUE002", folder, **choices) if finding.code == "QUE002"]

    return find


async def test_a_queue_that_the_account_does_not_have(found):
    (finding,) = await found("candles-failed", "candle-s")
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.ERROR)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "the account has no queue candles, which the config names as producer and consumer; "
        "it has candle-s, candles-failed"
    )
    assert finding.resource == "queue/candles"
    assert finding.location == Location("wrangler.toml", 3, 10)
    assert finding.evidence == {
        "queue": "candles",
        "roles": ["producer", "consumer"],
        "similar": ["candle-s", "candles-failed"],
    }
    assert finding.explains == ("DEP001", "QUE004", "E2E001", "E2E003")


async def test_each_missing_queue_is_one_finding(found):
    first, second = await found()
    assert first.evidence["queue"] == "candles"
    assert second.message == (
        "the account has no queue candles-failed, which the config names as dead-letter queue"
    )
    assert second.location == Location("wrangler.toml", 13, 1)


async def test_queues_that_exist(found):
    (finding,) = await found("candles", "candles-failed")
    assert finding.status is Status.PASS
    assert finding.evidence == {"queues": ["candles", "candles-failed"]}


@pytest.mark.parametrize(
    "config",
    ['name = "candles-import"\n', 'name = "x"\n[[queues.producers]]\nbinding = "CANDLES"\n'],
)
async def test_a_config_without_queue_names(found, config):
    (finding,) = await found(config=config)
    assert (finding.status, finding.message) == (Status.PASS, "the config names no queue")


async def test_the_chosen_environment_counts(found):
    config = CONFIG + '\n[env.live]\n[[env.live.queues.producers]]\nbinding = "CANDLES"\nqueue = "live"\n'
    (finding,) = await found("candles", "candles-failed", config=config, env="live")
    assert finding.evidence["queue"] == "live"


@pytest.mark.parametrize("offline", [True, False])
async def test_without_an_account_it_is_skipped(found, offline):
    (finding,) = await found(saved=False, offline=offline)
    assert finding.status is Status.SKIP


async def test_a_crash_is_an_error():
    (finding,) = await run_check(
        QueueMissing, Context(project=None, target=Target.EMBEDDED, account=object())
    )
    assert finding.status is Status.ERROR
