from __future__ import annotations

from pathlib import Path

import pytest

from checks.queue.dead_letter_queue import DeadLetterQueue
from diagnose.embedded import EmbeddedAccount
from diagnose.model import Confidence, Location, Severity, Status

pytestmark = pytest.mark.anyio
FIXTURES = Path(__file__).parents[2] / "fixtures"
GOOD = sorted([*(FIXTURES / "correct").iterdir(), *(FIXTURES / "bare").iterdir()])
NONE = 'name = "candles"\n\n[[queues.consumers]]\nqueue = "candles"\nmax_retries = 5\n'
OWN = NONE + 'dead_letter_queue = "candles"\n'
NAMED = NONE + 'dead_letter_queue = "failed"\n'
EMPTYING = NAMED + '\n[[queues.consumers]]\nqueue = "failed"\n'


@pytest.fixture
def found(check, write_project):
    async def find(config, *queues, saved=False, files=None, **choices):
        folder = write_project({"wrangler.toml": config, **(files or {})})
        if saved:
            with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
                for queue in queues:
                    account.create_queue(queue)
        return [finding for finding in await check("QUE004", folder, **choices) if finding.code == "QUE004"]

    return find


async def test_a_consumer_without_one_is_advised(found):
    (finding,) = await found(NONE, offline=True)
    assert (finding.status, finding.severity) == (Status.WARN, Severity.ADVICE)
    assert finding.confidence is Confidence.HIGH
    assert finding.message == (
        "a message of candles is deleted after 5 retries: its consumer names no dead-letter queue"
    )
    assert finding.location == Location("wrangler.toml", 3, 10)
    assert finding.evidence == {
        "queue": "candles",
        "dead_letter_queue": None,
        "problem": "none",
        "max_retries": 5,
    }
    assert finding.explains == ()


async def test_the_platform_s_default_retries_are_told(found):
    (finding,) = await found(NONE.replace("max_retries = 5\n", ""), offline=True)
    assert finding.evidence["max_retries"] == 3


async def test_its_own_queue_takes_nothing(found):
    (finding,) = await found(OWN, offline=True)
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.ERROR)
    assert finding.message == "the consumer of candles names the queue itself as its dead-letter queue"
    assert finding.location == Location("wrangler.toml", 6, 1)
    assert finding.explains == ("E2E003",)


async def test_one_that_the_account_does_not_have(found):
    (finding,) = await found(NAMED, "candles", saved=True)
    assert (finding.status, finding.severity) == (Status.FAIL, Severity.ERROR)
    assert finding.message == "the account has no queue failed, the dead-letter queue of candles"
    assert finding.evidence["problem"] == "missing"


@pytest.mark.parametrize(
    ("config", "choices"),
    [
        (NAMED, {"offline": True}),
        (NAMED, {}),
        (EMPTYING, {"offline": True}),
        ('name = "candles"\n', {"offline": True}),
    ],
)
async def test_look_alikes_pass(config, choices, found):
    (finding,) = await found(config, **choices)
    assert finding.status is Status.PASS


async def test_a_queue_that_exists_passes(found):
    (finding,) = await found(NAMED, "failed", saved=True)
    assert (finding.status, finding.evidence) == (Status.PASS, {"consumers": 1})


async def test_another_worker_of_the_project_may_give_up_to_it(found):
    other = NAMED.replace("candles", "writer").replace('"failed"', '"candles"')
    (finding,) = await found(NONE, offline=True, files={"writer/wrangler.toml": other})
    assert finding.status is Status.PASS


@pytest.mark.parametrize("folder", GOOD, ids=lambda folder: folder.name)
async def test_good_projects_pass(check, folder):
    findings = [f for f in await check("QUE004", folder, offline=True) if f.code == "QUE004"]
    assert {finding.status for finding in findings} == {Status.PASS}


async def test_without_a_config_it_is_skipped(found):
    (finding,) = await found("name = ", offline=True)
    assert finding.status is Status.SKIP


async def test_a_crash_is_an_error(crash):
    (finding,) = await crash(DeadLetterQueue)
    assert finding.status is Status.ERROR
