"""An account in this process with a worker, two queues and a table; a project that belongs to it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from diagnose.account import Account, AccountKind, Secret
from diagnose.d1 import Statement
from diagnose.embedded import ConsumerSettings, EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
WORKER = b"class Default:\n    async def fetch(self, request): ...\n    async def queue(self, batch): ...\n"


@pytest.fixture
def embedded() -> Iterator[EmbeddedAccount]:
    with EmbeddedAccount.memory() as made:
        made.create_database("history", uuid=UUID)
        made.database(UUID).run(Statement("CREATE TABLE prices (day)"))
        made.create_queue("jobs")
        made.create_queue("dead")
        upload = Upload(
            main_module="entry.py",
            modules={"entry.py": Module(content=WORKER, content_type="text/x-python")},
            bindings=(
                {"type": "d1", "name": "DB", "id": UUID},
                {"type": "queue", "name": "JOBS", "queue_name": "jobs"},
            ),
        )
        script = upload_and_deploy(made.state, "importer", upload)
        made.put_script(replace(script, subdomain=True))
        settings = ConsumerSettings(dead_letter_queue="dead", max_wait_time_ms=2_000)
        made.attach_consumer(made.find_queue("jobs").id, "importer", settings)
        yield made


@pytest.fixture
async def account(embedded: EmbeddedAccount, anyio_backend: str) -> AsyncIterator[Account]:
    token = Secret(embedded.token)
    async with Account.over_app(embedded.app(), embedded.account_id, token, AccountKind.SAVED) as made:
        yield made
