from __future__ import annotations

import pytest

from diagnose.embedded import EmbeddedAccount
from diagnose.engine.fixing import Outcome

pytestmark = pytest.mark.anyio
CONFIG = """name = "candles-import"

[[queues.consumers]]
queue = "candles"
dead_letter_queue = "candles-failed"
"""


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


def queues(folder):
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        return sorted(queue.name for queue in account.queues.values())


@pytest.fixture
def folder(write_project):
    folder = write_project({"wrangler.toml": CONFIG})
    with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
        account.create_queue("other")
    return folder


async def test_the_queues_are_created_and_deleted_again(folder, repair, undo, tree):
    before = tree(folder)
    first, second = of("QUE002", await repair("QUE002", folder))
    assert (first.outcome, first.detail) == (Outcome.FIXED, "queue candles is created")
    assert (second.outcome, second.detail) == (Outcome.FIXED, "queue candles-failed is created")
    assert queues(folder) == ["candles", "candles-failed", "other"]
    again = await repair("QUE002", folder)
    assert (again.run_id, of("QUE002", again)) == (None, [])
    await undo(folder)
    assert queues(folder) == ["other"]
    assert tree(folder) == before


async def test_without_an_account_there_is_nothing_to_repair(write_project, repair):
    assert of("QUE002", await repair("QUE002", write_project({"wrangler.toml": CONFIG}))) == []
