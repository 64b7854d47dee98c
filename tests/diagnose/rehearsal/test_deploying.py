from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.embedded import ConsumerSettings, EmbeddedAccount, RefusalError
from diagnose.project import open_project
from diagnose.rehearsal.deploying import deploy_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from diagnose.project import Project

WRANGLER = """\
name = "tides"
main = "worker.py"
compatibility_date = "2026-05-01"

[[queues.producers]]
binding = "OUT"
queue = "levels"
delivery_delay = 5

[[queues.consumers]]
queue = "levels"
max_batch_size = 50
max_batch_timeout = 0.5
max_retries = 0
retry_delay = 30
max_concurrency = 1
dead_letter_queue = "levels-failed"

[[queues.consumers]]
queue = "imported"
type = "http_pull"
visibility_timeout_ms = 9000
"""
WORKER = """\
class Default:
    async def fetch(self, request): ...
    async def queue(self, batch): ...
"""


@pytest.fixture
def project(write_project: Callable[[Mapping[str, str]], Path]) -> Project:
    return open_project(write_project({"wrangler.toml": WRANGLER, "worker.py": WORKER}))


@pytest.fixture
def account() -> Iterator[EmbeddedAccount]:
    with EmbeddedAccount.memory() as account:
        yield account


def test_consumers_are_attached_as_the_config_says(project: Project, account: EmbeddedAccount):
    levels, imported = account.create_queue("levels").id, account.create_queue("imported").id

    for _ in range(2):
        assert deploy_project(project, account) == ("tides", {})

    consumer, pulling = account.queue(levels).consumer, account.queue(imported).consumer
    assert consumer is not None
    assert pulling is not None
    assert (consumer.script, consumer.settings) == (
        "tides",
        ConsumerSettings(
            batch_size=50,
            max_wait_time_ms=500,
            max_retries=0,
            retry_delay=30,
            max_concurrency=1,
            dead_letter_queue="levels-failed",
        ),
    )
    assert (pulling.script, pulling.settings.visibility_timeout_ms) == (None, 9_000)
    assert account.producers(levels) == ("tides",)


@pytest.mark.parametrize("present", [[], ["levels"], ["imported"]])
def test_what_is_missing_on_the_account_is_missing(
    project: Project, account: EmbeddedAccount, present: list[str]
):
    for name in present:
        account.create_queue(name)

    with pytest.raises(RefusalError, match="wrangler queues create") as caught:
        deploy_project(project, account)

    assert caught.value.code == 11000
    assert account.scripts == {}


def test_a_queue_that_something_else_consumes_is_not_taken_over(project: Project, account: EmbeddedAccount):
    account.create_queue("imported")
    account.attach_consumer(account.create_queue("levels").id)

    with pytest.raises(RefusalError) as caught:
        deploy_project(project, account)

    assert caught.value.code == 11004
