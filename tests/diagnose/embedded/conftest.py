from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.embedded import EmbeddedAccount, Module, Upload
from diagnose.embedded.deploying import upload_and_deploy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diagnose.embedded.state import ScriptState

ACCOUNT_ID = "0123456789abcdef0123456789abcdef"


@pytest.fixture
def embedded() -> Iterator[EmbeddedAccount]:
    with EmbeddedAccount.memory(account_id=ACCOUNT_ID) as account:
        yield account


@pytest.fixture
def make_upload() -> Callable[..., Upload]:
    """An upload of one Python module."""

    def make(text: str = "async def fetch(): ...\n", **more) -> Upload:
        module = Module(content=text.encode(), content_type="text/x-python")
        return Upload(**{"main_module": "entry.py", "modules": {"entry.py": module}, **more})

    return make


@pytest.fixture
def deploy_worker(make_upload) -> Callable[..., ScriptState]:
    """Uploads and deploys a worker named `importer` into an account."""

    def deploy(account: EmbeddedAccount, **more) -> ScriptState:
        script = upload_and_deploy(account.state, "importer", make_upload(**more))
        account.put_script(script)
        return script

    return deploy
