from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from diagnose.account import ApiError, NotFoundError, Secret, Subdomain
from diagnose.account.workers import module_type
from diagnose.embedded import Permission

pytestmark = pytest.mark.anyio

SOURCE = b"class Default(WorkerEntrypoint):\n    async def fetch(self, request):\n        pass\n"


@dataclass(frozen=True, kw_only=True)
class Upload:
    script_name: str = "importer"
    main_module: str = "entry.py"
    modules: dict = field(default_factory=lambda: {"entry.py": SOURCE})
    bindings: tuple = ()
    compatibility_date: str = "2026-05-01"
    compatibility_flags: tuple = ("python_workers",)


async def test_nothing_is_known_of_a_worker_that_was_never_uploaded(account):
    assert await account.deployments("importer") is None
    assert await account.script_settings("importer") is None
    assert await account.content("importer") is None
    assert await account.schedules("importer") is None
    assert await account.subdomain("importer") is None
    assert await account.scripts() == ()


async def test_an_upload_comes_back_byte_for_byte(account):
    modules = {
        "entry.py": SOURCE + b"\r\n--boundary\r\n\n",
        "data/blob.bin": bytes(range(256)) * 3 + b"\r\n\r\n--",
        "empty.txt": b"",
        "ünder “quotes”.py": b"x = 1",
    }
    await account.upload(Upload(modules=modules))
    assert await account.content("importer") == modules


async def test_an_upload_is_deployed_with_its_bindings(account, embedded):
    uuid = embedded.create_database("history").uuid
    bindings = (
        {"type": "d1", "name": "DB", "id": uuid},
        {"type": "plain_text", "name": "MODE", "text": "fast"},
    )
    await account.upload(Upload(bindings=bindings))
    settings = await account.script_settings("importer")
    assert settings.binding("DB") == {"type": "d1", "name": "DB", "id": uuid, "database_id": uuid}
    assert settings.binding("MODE") == {"type": "plain_text", "name": "MODE", "text": "fast"}
    assert (settings.compatibility_date, settings.compatibility_flags) == ("2026-05-01", ("python_workers",))
    (script,) = await account.scripts()
    assert (script.name, script.handlers) == ("importer", ("fetch",))
    (deployment,) = await account.deployments("importer")
    assert [share for _, share in deployment.versions] == [100.0]


async def test_an_older_version_is_deployed_again(account):
    await account.upload(Upload())
    ((first,),) = [deployment.versions for deployment in await account.deployments("importer")]
    await account.upload(Upload(modules={"entry.py": b"class Broken: ..."}))
    assert await account.content("importer") == {"entry.py": b"class Broken: ..."}
    await account.deploy_versions("importer", [first])
    assert await account.content("importer") == {"entry.py": SOURCE}
    assert len(await account.deployments("importer")) == 3


async def test_schedules_and_the_subdomain_are_set(account):
    await account.upload(Upload())
    assert await account.schedules("importer") == ()
    await account.put_schedules("importer", ["0 3 * * *", "*/5 * * * *"])
    assert await account.schedules("importer") == ("0 3 * * *", "*/5 * * * *")
    assert await account.subdomain("importer") == Subdomain(enabled=False)
    await account.set_subdomain("importer", enabled=True)
    assert (await account.subdomain("importer")).enabled is True
    await account.put_schedules("importer", [])
    assert await account.schedules("importer") == ()


async def test_a_deleted_worker_is_gone(account):
    await account.upload(Upload())
    await account.delete_script("importer")
    assert await account.deployments("importer") is None
    with pytest.raises(ApiError) as caught:
        await account.delete_script("importer")
    assert caught.value.code == 10007


async def test_a_binding_to_a_database_that_does_not_exist_is_refused(account):
    binding = {"type": "d1", "name": "DB", "id": "00000000-0000-4000-8000-000000000000"}
    with pytest.raises(ApiError, match="references database") as caught:
        await account.upload(Upload(bindings=(binding,)))
    assert caught.value.code == 10181
    assert await account.deployments("importer") is None


async def test_a_name_is_quoted_in_the_path(account):
    with pytest.raises(NotFoundError):
        await account.deployments("../../user")
    assert account.requests[-1][1].endswith("/workers/scripts/..%2F..%2Fuser/deployments")


async def test_a_token_without_the_permission_is_told_which(embedded, client_with):
    token = embedded.issue_token(permissions=frozenset({Permission.D1_EDIT}))
    async with client_with(token) as client:
        assert await client.databases() == ()
        with pytest.raises(ApiError) as caught:
            await client.scripts()
    assert (caught.value.status, caught.value.code) == (403, 10000)
    assert "“Account · Workers Scripts · Read”" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("entry.py", "text/x-python"),
        ("index.js", "application/javascript+module"),
        ("sqlite.wasm", "application/wasm"),
        ("python_modules/data.so", "application/octet-stream"),
    ],
)
async def test_modules_have_the_types_that_wrangler_gives_them(name, kind):
    assert module_type(name) == kind


async def test_secrets_are_set_named_and_taken_away(account, embedded):
    assert await account.secrets("importer") is None
    await account.upload(Upload())
    assert await account.secrets("importer") == ()
    await account.put_secret("importer", "API_KEY", Secret("q7Zr2Lw9"))
    await account.put_secret("importer", "API_KEY", Secret("q7Zr2Lw9"))
    assert await account.secrets("importer") == ("API_KEY",)
    assert await account.content("importer") == {"entry.py": SOURCE}
    await account.delete_secret("importer", "API_KEY")
    assert await account.secrets("importer") == ()


async def test_the_settings_of_what_answers_are_not_those_of_the_newest_version(account):
    assert await account.active_settings("importer") is None
    await account.upload(Upload(bindings=({"type": "plain_text", "name": "MODE", "text": "old"},)))
    (first,) = await account.deployments("importer")
    await account.upload(Upload(bindings=({"type": "plain_text", "name": "MODE", "text": "new"},)))
    await account.deploy_versions("importer", first.versions)
    active = await account.active_settings("importer")
    assert active.binding("MODE")["text"] == "old"
    assert (active.compatibility_date, active.compatibility_flags) == ("2026-05-01", ("python_workers",))
    assert (await account.script_settings("importer")).binding("MODE")["text"] == "new"


async def test_where_workers_answer(account, server, scripted):
    assert await account.account_subdomain() == "embedded"
    assert await account.domains("importer") == ()

    found = [
        {"hostname": "import.example.com", "service": "importer"},
        {"hostname": "other.example.com", "service": "other"},
    ]
    server.answer(200, json.dumps({"success": True, "result": found}).encode())
    absent = {"success": False, "errors": [{"code": 10007, "message": "no subdomain"}], "result": None}
    server.answer(404, json.dumps(absent).encode())
    assert await scripted.domains("importer") == ("import.example.com",)
    assert await scripted.account_subdomain() is None
