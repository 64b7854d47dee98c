"""What every test shares: projects in folders, and the real engine over them."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from diagnose.embedded import EmbeddedAccount
from diagnose.engine.fixing import Fixer
from diagnose.engine.journal import find_journal
from diagnose.engine.registry import load_registry
from diagnose.engine.runner import Selection, run_checks
from diagnose.engine.session import Session, SessionOptions
from diagnose.engine.undoing import undo_run
from diagnose.plugin import Target

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from pathlib import Path

    from diagnose.engine.settlement import FixResult
    from diagnose.engine.undoing import UndoResult
    from diagnose.model import Choice, Finding, Plan, Step

# Other tests share the cores: how long an example takes says nothing about the code.
settings.register_profile("shared cores", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared cores")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print figures that tests recorded, whichever process ran them."""
    agreement: dict[str, dict[str, str]] = {}
    mutants: dict[str, Counter[str]] = {}
    for outcome in ("passed", "failed"):
        for report in terminalreporter.stats.get(outcome, ()):
            for name, value in getattr(report, "user_properties", ()):
                if name == "agreement":
                    group, figures = value
                    agreement[group] = figures
                elif name == "mutant":
                    for operator, figures in value.items():
                        mutants.setdefault(operator, Counter()).update(figures)
    _print_agreement(terminalreporter, agreement)
    _print_mutants(terminalreporter, mutants)


def _print_agreement(reporter: pytest.TerminalReporter, rows: dict[str, dict[str, str]]) -> None:
    """How far D1's engine agrees with the recorded vectors."""
    if rows:
        reporter.section("agreement with the recorded vectors")
    for group, figures in sorted(rows.items()):
        told = "".join(f"  {name} {figure:>9}" for name, figure in figures.items())
        reporter.write_line(f"{group:16}{told}")


def _print_mutants(reporter: pytest.TerminalReporter, rows: dict[str, Counter[str]]) -> None:
    """How many planted defects were found, and what became of them."""
    if not rows:
        return
    reporter.section("planted defects")
    figures = ("planted", "found", "line", "repaired", "refused", "failed", "lands")
    total: Counter[str] = sum(rows.values(), Counter())
    for operator, row in [*sorted(rows.items()), ("all", total)]:
        told = "".join(f"  {name} {row[name]:>3}" for name in figures)
        reporter.write_line(f"{operator:52}{told}")


@pytest.fixture
def anyio_backend() -> str:
    """Async tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture
def write_project(tmp_path: Path) -> Callable[[Mapping[str, str | bytes]], Path]:
    """Write files into a new project folder."""

    def write(files: Mapping[str, str | bytes]) -> Path:
        folder = tmp_path / "project"
        for name, content in files.items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content.encode() if isinstance(content, str) else content)
        return folder

    return write


@pytest.fixture
def tree() -> Callable[[Path], dict[str, bytes]]:
    """All files of a folder, without what belongs to the tool itself."""

    def read(folder: Path) -> dict[str, bytes]:
        files = (path for path in sorted(folder.rglob("*")) if path.is_file())
        return {
            str(path.relative_to(folder)): path.read_bytes()
            for path in files
            if ".diagnose" not in path.relative_to(folder).parts
        }

    return read


@pytest.fixture
def saved_account() -> Callable[[Path, Mapping[str, tuple[str, str]]], Path]:
    """Write a saved embedded account beside a project: database id → (name, SQL)."""

    def save(folder: Path, databases: Mapping[str, tuple[str, str]]) -> Path:
        from diagnose.d1 import Statement

        state = folder / ".diagnose" / "account"
        with EmbeddedAccount.open(state) as account:
            for uuid, (name, sql) in databases.items():
                account.create_database(name, uuid=uuid)
                if sql:
                    account.database(uuid).run_all(Statement(sql))
        return state

    return save


class Confirming:
    """Confirms every plan and answers no question."""

    def checking(self, code: str, done: int, total: int) -> None: ...

    def show(self, finding: Finding, plan: Plan) -> None: ...

    def confirm(self, plan: Plan) -> bool:
        return True

    def answer(self, choice: Choice) -> str | None:
        return None

    def applying(self, step: Step) -> None: ...

    def settled(self, finding: Finding, outcome: str, detail: str) -> None: ...

    def undone(self, step: Step, left: str | None) -> None: ...


def open_session(
    folder: Path, *, offline: bool = False, writable: bool = False, **choices: object
) -> Session:
    """A session as the command line would open it."""
    target = Target.OFFLINE if offline else Target.EMBEDDED
    return Session(SessionOptions(path=folder, target=target, writable=writable, **choices))


@pytest.fixture
def check() -> Callable[..., object]:
    """Run one check over a project folder, as `diagnose run --select CODE` does."""

    async def run(
        code: str,
        folder: Path,
        *,
        options: dict[str, str] | None = None,
        env: str | None = None,
        **choices: object,
    ) -> list[Finding]:
        registry = load_registry()
        async with open_session(folder, options=options or {}, environment=env, **choices) as session:
            ctx = await session.context()
            return list(await run_checks(registry, ctx, selection=Selection(select=(code,))))

    return run


@pytest.fixture
def repair() -> Callable[..., object]:
    """Repair what one check finds, as `diagnose fix --select CODE --yes` does."""

    async def fix(
        code: str, folder: Path, *, options: dict[str, str] | None = None, **choices: object
    ) -> FixResult:
        registry = load_registry()
        async with open_session(folder, options=options or {}, writable=True, **choices) as session:
            fixer = Fixer(session, registry, Confirming(), session.journal_folder)
            return await fixer.fix(Selection(select=(code,)))

    return fix


@pytest.fixture
def undo() -> Callable[..., object]:
    """Take back the last fix, as `diagnose undo --yes` does."""

    async def restore(folder: Path, **choices: object) -> UndoResult:
        async with open_session(folder, writable=True, **choices) as session:
            journal = find_journal(session.journal_folder, None)
            assert journal is not None
            return await undo_run(session, journal, Confirming())

    return restore


@asynccontextmanager
async def serve_account(account: EmbeddedAccount) -> AsyncIterator[str]:
    """Serve an embedded account on a loopback port; yields the API's root."""
    from diagnose.embedded.serving import Server, listen

    ready = asyncio.Event()
    server = Server(account.app(), listen(), ready=ready.set)
    serving = asyncio.create_task(server.serve())
    await ready.wait()
    try:
        yield server.base_url
    finally:
        server.stop()
        server.stop()
        await serving


@pytest.fixture
def cloudflare(monkeypatch: pytest.MonkeyPatch) -> Callable[..., object]:
    """A session with `--target cloudflare`, whose account is the saved one of a folder, over HTTP.

    `permissions` are those of the token, by default all.
    """

    @asynccontextmanager
    async def open_over_http(
        folder: Path,
        *,
        permissions: frozenset[object] | None = None,
        status: str = "active",
        **choices: object,
    ) -> AsyncIterator[Session]:
        with EmbeddedAccount.open(folder / ".diagnose" / "account") as account:
            granted = {} if permissions is None else {"permissions": permissions}
            token = account.issue_token(status=status, **granted)
            async with serve_account(account) as base_url:
                monkeypatch.setenv("CLOUDFLARE_API_BASE_URL", base_url)
                monkeypatch.setenv("CLOUDFLARE_API_TOKEN", token)
                monkeypatch.setenv("CLOUDFLARE_ACCOUNT_ID", account.account_id)
                options = SessionOptions(path=folder, target=Target.CLOUDFLARE, writable=True, **choices)
                async with Session(options) as session:
                    yield session

    return open_over_http


@pytest.fixture
def check_over_http(cloudflare: Callable[..., object]) -> Callable[..., object]:
    """Run checks over a project and its saved account, as `run --target cloudflare --select …` does."""

    async def run(codes: str, folder: Path, **choices: object) -> list[Finding]:
        async with cloudflare(folder, **choices) as session:
            ctx = await session.context()
            return list(
                await run_checks(load_registry(), ctx, selection=Selection(select=tuple(codes.split(","))))
            )

    return run


@pytest.fixture
def repair_over_http(cloudflare: Callable[..., object]) -> Callable[..., object]:
    """Repair what checks find, as `fix --target cloudflare --select … --yes` does."""

    async def fix(codes: str, folder: Path, **choices: object) -> FixResult:
        async with cloudflare(folder, **choices) as session:
            fixer = Fixer(session, load_registry(), Confirming(), session.journal_folder)
            return await fixer.fix(Selection(select=tuple(codes.split(","))))

    return fix
