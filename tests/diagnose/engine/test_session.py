from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.account import AccountKind
from diagnose.embedded import EmbeddedAccount
from diagnose.errors import ProjectError, UsageError
from diagnose.plugin import Target

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from diagnose.engine.session import Session

pytestmark = pytest.mark.anyio

HARBOUR = "5a3f7b0e-95bb-4f0a-8a93-2f9e9ad0c001"
SCHEMA = "CREATE TABLE levels (day INTEGER PRIMARY KEY, metres REAL)"


async def test_offline_knows_no_account_and_rehearses_nothing(session: Callable[..., Session]):
    async with session() as opened:
        ctx = await opened.context()
        workspace = await opened.workspace()

    assert (ctx.account, ctx.embedded, workspace.account) == (None, None, None)
    assert opened.target_name == "offline"


async def test_without_a_saved_account_one_is_derived(session: Callable[..., Session], folder: Path):
    async with session(target=Target.EMBEDDED) as opened:
        ctx = await opened.context()
        assert ctx.account is None
        assert ctx.embedded is not None
        ctx.embedded().close()

    assert opened.target_name == "embedded (derived)"
    assert not (folder / ".diagnose").exists()


async def test_the_projects_saved_account_is_taken(
    session: Callable[..., Session], folder: Path, saved_account: Callable[[Path, Mapping[str, object]], Path]
):
    saved_account(folder, {HARBOUR: ("harbour", SCHEMA)})

    async with session(target=Target.EMBEDDED) as opened:
        ctx = await opened.context()
        assert ctx.account is not None
        assert ctx.account.kind is AccountKind.SAVED
        info = await ctx.account.database(HARBOUR)

    assert info is not None
    assert info.name == "harbour"
    assert opened.target_name == "embedded (saved)"


@pytest.mark.parametrize("writable", [False, True])
async def test_only_a_writable_session_keeps_changes(
    session: Callable[..., Session],
    folder: Path,
    saved_account: Callable[[Path, Mapping[str, object]], Path],
    writable: bool,
):
    state = saved_account(folder, {HARBOUR: ("harbour", SCHEMA)})

    async with session(target=Target.EMBEDDED, writable=writable) as opened:
        account = (await opened.context()).account
        assert account is not None
        await account.query(HARBOUR, "INSERT INTO levels VALUES (1, 0.5)")

    with EmbeddedAccount.load_snapshot(state) as saved:
        rows = saved.database(HARBOUR).schema()
        assert rows.table("levels") is not None
        from diagnose.d1 import Statement

        (result,) = saved.database(HARBOUR).run_all(Statement("SELECT count(*) FROM levels"))
    assert result.rows == ((int(writable),),)


async def test_a_rehearsal_gets_a_copy_of_the_saved_account(
    session: Callable[..., Session], folder: Path, saved_account: Callable[[Path, Mapping[str, object]], Path]
):
    from diagnose.d1 import Statement

    saved_account(folder, {HARBOUR: ("harbour", SCHEMA)})

    async with session(target=Target.EMBEDDED) as opened:
        ctx = await opened.context()
        assert ctx.embedded is not None
        assert ctx.account is not None
        with ctx.embedded() as copy:
            copy.database(HARBOUR).run(Statement("DROP TABLE levels"))
        assert (await ctx.account.schema(HARBOUR)).table("levels") is not None


@pytest.mark.parametrize("writable", [False, True])
async def test_a_saved_account_with_a_damaged_database_is_refused_at_once(
    session: Callable[..., Session],
    folder: Path,
    saved_account: Callable[[Path, Mapping[str, object]], Path],
    writable: bool,
):
    state = saved_account(folder, {HARBOUR: ("harbour", SCHEMA)})
    (state / "d1" / f"{HARBOUR}.sqlite").write_bytes(b"no database" * 500)

    async with session(target=Target.EMBEDDED, writable=writable) as opened:
        with pytest.raises(ProjectError, match="a database of the embedded account cannot be read"):
            await opened.context()
    EmbeddedAccount.open(state).close()


async def test_a_state_folder_without_an_account_is_named(session: Callable[..., Session], tmp_path: Path):
    async with session(target=Target.EMBEDDED, state=tmp_path / "nowhere") as opened:
        with pytest.raises(UsageError, match="no saved account in that folder"):
            await opened.context()


async def test_a_state_folder_that_cannot_be_looked_into_is_named(
    session: Callable[..., Session], tmp_path: Path
):
    state = tmp_path / ("x" * 300)  # root may enter every folder, but none may have such a name

    async with session(target=Target.EMBEDDED, state=state) as opened:
        with pytest.raises(
            ProjectError, match="the saved account cannot be read: File name too long"
        ) as caught:
            await opened.context()
    assert caught.value.where == str(state)


async def test_cloudflare_needs_its_variables(
    session: Callable[..., Session], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("CLOUDFLARE_ACCOUNT_ID", raising=False)
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", "token")

    async with session(target=Target.CLOUDFLARE) as opened:
        with pytest.raises(UsageError, match="needs CLOUDFLARE_ACCOUNT_ID in the environment"):
            await opened.context()


async def test_the_project_is_read_again_for_every_context(session: Callable[..., Session], folder: Path):
    async with session() as opened:
        before = await opened.context()
        (folder / "wrangler.toml").write_text('name = "ebb"\n')
        after = await opened.context()

    assert (before.config.name, after.config.name) == ("tides", "ebb")


@pytest.mark.parametrize(("given", "settings", "plan"), [(None, "free", "free"), ("paid", "free", "paid")])
async def test_the_plan_is_that_of_the_settings_unless_given(
    session: Callable[..., Session], folder: Path, given: str | None, settings: str, plan: str
):
    (folder / "diagnose.toml").write_text(f'plan = "{settings}"\n')

    async with session(plan=given) as opened:
        assert (await opened.context()).plan == plan


async def test_the_command_for_an_account_repeats_what_was_said(
    session: Callable[..., Session], folder: Path
):
    said = {"config": "wrangler.toml", "environment": "test", "options": {"option": "a queue"}}
    async with session(**said) as opened:
        command = opened.command_for_account()

    told = f"{folder} --config wrangler.toml --env test --option 'option=a queue' --target cloudflare"
    assert command == f"on your account: diagnose fix {told}"
