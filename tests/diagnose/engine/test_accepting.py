from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from diagnose.engine.accepting import accepted
from diagnose.engine.runner import run_checks
from diagnose.model import Ignored, Location, Status
from diagnose.project import Ignore

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from diagnose.engine.registry import Registry
    from diagnose.engine.session import Session
    from diagnose.model import Finding


@pytest.mark.parametrize(
    ("ignore", "is_accepted"),
    [
        ({}, True),
        ({"code": "lim001"}, True),
        ({"code": "LIM002"}, False),
        ({"path": "src/*"}, True),
        ({"path": "lib/*"}, False),
        ({"until": date(2999, 1, 1)}, True),
        ({"until": date(2020, 1, 1)}, False),
    ],
)
def test_what_the_settings_accept_is_a_skip_until_its_day_is_over(
    finding: Callable[..., Finding], ignore: Mapping[str, object], is_accepted: bool
):
    fields = {"code": "LIM001", "reason": "small data"} | ignore
    found = finding("LIM001", location=Location("src/worker.py", 3))

    (after,) = accepted([found], [Ignore(**fields)])

    assert after.status is (Status.SKIP if is_accepted else Status.FAIL)
    if is_accepted:
        until = " until 2999-01-01" if "until" in ignore else ""
        assert after.message == f"accepted in the settings{until} (small data): LIM001 is wrong"
        assert after.ignored == Ignored(
            reason="small data",
            until="2999-01-01" if "until" in ignore else None,
            status=Status.FAIL,
            message="LIM001 is wrong",
        )


def test_only_problems_are_accepted(finding: Callable[..., Finding]):
    broken = finding("LIM001", status=Status.ERROR)

    assert accepted([broken], [Ignore(code="LIM001", reason="no")]) == [broken]


@pytest.mark.anyio
async def test_runs_heed_the_settings(
    session: Callable[..., Session], registry: Callable[..., Registry], folder: Path, word_check: type
):
    (folder / "a.txt").write_text("wrong")
    (folder / "diagnose.toml").write_text('[[ignore]]\ncode = "WRD001"\nreason = "poetry"\n')

    async with session() as opened:
        (found,) = await run_checks(registry(word_check), await opened.context())

    assert (found.status, found.message) == (
        Status.SKIP,
        "accepted in the settings (poetry): a.txt holds the word",
    )
