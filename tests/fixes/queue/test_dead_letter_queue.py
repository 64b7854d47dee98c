from __future__ import annotations

import pytest

from diagnose.embedded import EmbeddedAccount
from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio
HEAD = '# the import\nname = "candles"\n\n[[queues.consumers]]\nqueue = "candles" # rows\n'
NAMED = HEAD + 'dead_letter_queue = "candles-dead-letters"\n'


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


def queues(folder):
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        return sorted(queue.name for queue in account.queues.values())


def save(folder, *names):
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        for name in names:
            account.create_queue(name)


@pytest.mark.parametrize("before", [HEAD, HEAD + 'dead_letter_queue = "candles"\n'], ids=["none", "own"])
async def test_files_alone(before, write_project, repair, undo, tree):
    folder = write_project({"wrangler.toml": before})
    (settlement,) = of("QUE004", await repair("QUE004", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    assert settlement.detail == "what the consumer of candles gives up goes to candles-dead-letters"
    assert tree(folder) == {"wrangler.toml": NAMED.encode()}
    again = await repair("QUE004", folder, offline=True)
    assert (again.run_id, of("QUE004", again)) == (None, [])
    await undo(folder, offline=True)
    assert tree(folder) == {"wrangler.toml": before.encode()}


async def test_jsonc(write_project, repair):
    text = '{\n  // the import\n  "name": "candles",\n  "queues": {"consumers": [{"queue": "candles"}]}\n}\n'
    folder = write_project({"wrangler.jsonc": text})
    (settlement,) = of("QUE004", await repair("QUE004", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    added = '{"queue": "candles", "dead_letter_queue": "candles-dead-letters"}'
    assert (folder / "wrangler.jsonc").read_text() == text.replace('{"queue": "candles"}', added)


async def test_an_account_gets_the_queue(write_project, repair, undo, tree):
    folder = write_project({"wrangler.toml": HEAD})
    save(folder, "candles")
    (settlement,) = of("QUE004", await repair("QUE004", folder))
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 2)
    assert queues(folder) == ["candles", "candles-dead-letters"]
    await undo(folder)
    assert queues(folder) == ["candles"]
    assert tree(folder) == {"wrangler.toml": HEAD.encode()}


async def test_a_named_queue_that_is_missing_is_created(write_project, repair, tree):
    folder = write_project({"wrangler.toml": NAMED})
    save(folder, "candles")
    (settlement,) = of("QUE004", await repair("QUE004", folder))
    assert (settlement.outcome, settlement.steps) == (Outcome.FIXED, 1)
    assert settlement.detail == "candles-dead-letters, the dead-letter queue of candles, is created"
    assert queues(folder) == ["candles", "candles-dead-letters"]
    assert tree(folder) == {"wrangler.toml": NAMED.encode()}


async def test_a_rehearsed_account_leaves_the_queue_to_the_real_one(write_project, repair, tree):
    folder = write_project({"wrangler.toml": HEAD})
    (settlement,) = of("QUE004", await repair("QUE004", folder))
    assert settlement.outcome is Outcome.REHEARSED
    assert tree(folder) == {"wrangler.toml": NAMED.encode()}


@pytest.mark.parametrize("queue", ["x" * 60, "candles"])
async def test_a_name_that_cannot_be_used_is_left_to_a_person(queue, write_project, repair, tree):
    config = f'name = "a"\n[[queues.consumers]]\nqueue = "{queue}"\n'
    config += '[[queues.producers]]\nbinding = "B"\nqueue = "candles-dead-letters"\n'
    folder = write_project({"wrangler.toml": config})
    (settlement,) = of("QUE004", await repair("QUE004", folder, offline=True))
    assert settlement.outcome is Outcome.REFUSED
    assert f"{queue}-dead-letters cannot be the name of its dead-letter queue" in settlement.detail
    assert tree(folder) == {"wrangler.toml": config.encode()}
