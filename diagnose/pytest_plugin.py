"""Fixtures of pytest for whoever tests code that talks to Cloudflare.

Installed with diagnose, it costs other suites nothing: whatever is heavy is imported by the fixtures.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.doubles import CloudflareAccount, D1Binding, Doorway
    from diagnose.embedded.state import Plan

_PLANS: Final = ("free", "paid")
_MARKER: Final = "diagnose_plan"
_DAY: Final = "diagnose_limits_on"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Say in the ini file whose limits apply, and those of which day."""
    parser.addini(_MARKER, "whose limits of Cloudflare apply in tests: free or paid", default="paid")
    parser.addini(
        _DAY, "the day (YYYY-MM-DD) whose limits of D1 apply in tests; default: the newest", default=""
    )


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known."""
    config.addinivalue_line("markers", f"{_MARKER}(plan): whose limits of Cloudflare apply: free or paid")
    config.addinivalue_line("markers", f"{_DAY}(day): the day (YYYY-MM-DD) whose limits of D1 apply")


@pytest.fixture(scope="session")
def _cloudflare_doorway() -> Iterator[Doorway]:
    from diagnose.doubles import Doorway

    with Doorway() as doorway:
        yield doorway


@pytest.fixture
def cloudflare_account(
    request: pytest.FixtureRequest, _cloudflare_doorway: Doorway
) -> Iterator[CloudflareAccount]:
    """An empty Cloudflare account: D1, Queues, Workers and the REST API on a loopback port."""
    from diagnose.doubles import CloudflareAccount

    with CloudflareAccount(
        _cloudflare_doorway, plan=_plan(request), limits_on=_limits_on(request)
    ) as account:
        yield account


@pytest.fixture
def d1(cloudflare_account: CloudflareAccount) -> D1Binding:
    """An empty D1 database, used as a worker uses its binding, without `await`."""
    return cloudflare_account.create_database("d1")


def _said(request: pytest.FixtureRequest, name: str) -> object:
    """What the test's marker says, else the ini file."""
    marker = request.node.get_closest_marker(name)
    return marker.args[0] if marker is not None and marker.args else request.config.getini(name)


def _plan(request: pytest.FixtureRequest) -> Plan:
    plan = _said(request, _MARKER)
    if plan not in _PLANS:
        raise pytest.UsageError(f"{_MARKER} is free or paid, not {plan!r}")
    return "free" if plan == "free" else "paid"


def _limits_on(request: pytest.FixtureRequest) -> date | None:
    day = _said(request, _DAY)
    if day == "":
        return None
    try:
        return date.fromisoformat(str(day))
    except ValueError as error:
        raise pytest.UsageError(f"{_DAY} is a day such as 2026-06-01, not {day!r}") from error
