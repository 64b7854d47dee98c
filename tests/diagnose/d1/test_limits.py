from __future__ import annotations

import copy
import pickle
from dataclasses import fields
from datetime import date

import pytest

from diagnose.d1.engine import Database, Statement
from diagnose.d1.errors import D1Error
from diagnose.d1.limits import LIMITS, ByPlan, Limit, SafeDoubles


def all_limits():
    for group in fields(LIMITS):
        limits = getattr(LIMITS, group.name)
        for entry in fields(limits):
            value = getattr(limits, entry.name)
            if isinstance(value, ByPlan):
                yield f"{group.name}.{entry.name}.free", value.free
                yield f"{group.name}.{entry.name}.paid", value.paid
            else:
                yield f"{group.name}.{entry.name}", value


@pytest.mark.parametrize(("name", "limit"), list(all_limits()))
def test_every_limit_says_where_it_comes_from(name, limit):
    assert limit.source.startswith(("https://", "measured: "))
    assert date.fromisoformat(limit.date) <= date(2026, 11, 23)
    if isinstance(limit, Limit):
        assert limit.unit


def test_a_limit_is_its_number():
    limit = LIMITS.d1.bound_parameters
    assert (limit, limit.value, limit.enforced, limit // 10) == (100, 100, 100, 10)
    assert limit.error == "too many SQL variables at offset N: SQLITE_ERROR"


def test_the_runtime_may_accept_more_than_is_documented():
    assert (LIMITS.d1.value_bytes, LIMITS.d1.value_bytes.enforced) == (2_000_000, 8_388_642)
    assert (LIMITS.d1.function_arguments, LIMITS.d1.function_arguments.enforced) == (32, 127)
    documented = LIMITS.d1.documented()
    assert (documented.value_bytes.enforced, documented.function_arguments.enforced) == (2_000_000, 32)


def test_limits_are_pinned_by_name():
    pinned = LIMITS.d1.pinned(bound_parameters=999, value_bytes=1_000)
    assert (pinned.bound_parameters.enforced, pinned.value_bytes.enforced) == (999, 1_000)
    assert LIMITS.d1.bound_parameters == 100


@pytest.mark.parametrize(
    ("day", "bytes_of_a_value"),
    [
        ("2026-11-26", 8_388_642),
        ("2026-11-17", 8_388_642),
        ("2026-11-16", 4_194_304),
        ("2026-08-22", 4_194_304),
        ("2026-07-30", 2_200_000),
        ("2020-01-01", 2_200_000),
    ],
)
def test_limits_are_pinned_to_a_day(day, bytes_of_a_value):
    limits = LIMITS.at(day)
    assert (limits.d1.value_bytes, limits.d1.value_bytes.enforced) == (2_000_000, bytes_of_a_value)
    assert limits.d1.value_bytes.error == LIMITS.d1.value_bytes.error
    assert limits.queues == LIMITS.queues
    assert limits.workers.subrequests == LIMITS.workers.subrequests


def test_the_engine_holds_to_the_limits_of_a_day():
    longest = Statement("SELECT length(zeroblob(?)) AS n", (2_200_000,))
    longer = Statement("SELECT length(zeroblob(?)) AS n", (2_200_001,))
    with Database.memory(limits=LIMITS.at("2026-07-30").d1) as database:
        assert database.run(longest).rows == ((2_200_000,),)
        with pytest.raises(D1Error, match="string or blob too big: SQLITE_TOOBIG"):
            database.run(longer)
    with Database.memory() as database:
        assert database.run(longer).rows == ((2_200_001,),)


def test_what_has_changed_is_enforced_by_the_engine_and_nowhere_else():
    """A day is given to the engine alone; what is documented has been the same as long as it is known."""
    changed = {name: limit for name, limit in all_limits() if isinstance(limit, Limit) and limit.earlier}
    assert list(changed.values()) == [LIMITS.d1.value_bytes]
    assert all(period.value == limit for limit in changed.values() for period in limit.earlier)


def test_periods_follow_each_other():
    for _, limit in all_limits():
        if isinstance(limit, Limit):
            days = [limit.since, *(period.since for period in limit.earlier)]
            assert days == [None] or (None not in days and days == sorted(days, reverse=True))
            assert all(period.source.startswith(("https://", "measured: ")) for period in limit.earlier)


def test_plans_differ():
    assert LIMITS.d1.queries_per_invocation.of("free") == 50
    assert LIMITS.d1.queries_per_invocation.of("paid") == 1_000


def test_a_limit_survives_copying():
    for twin in (
        copy.deepcopy(LIMITS.d1.value_bytes),
        pickle.loads(pickle.dumps(LIMITS.d1.value_bytes)),  # noqa: S301 - our own bytes
    ):
        assert twin.at("2026-07-30").runtime == 2_200_000
        assert (twin, twin.unit, twin.source, twin.runtime) == (
            2_000_000,
            "bytes per string, blob or row",
            "https://developers.cloudflare.com/d1/platform/limits/",
            8_388_642,
        )


@pytest.mark.parametrize(
    ("number", "safe"),
    [
        (0.0, True),
        (-0.0, True),
        (1e-80, True),
        (9.9e-81, False),
        (-1e115, True),
        (1.1e115, False),
        (float("nan"), False),
        (float("inf"), False),
    ],
)
def test_doubles_that_json_carries_safely(number, safe):
    assert SafeDoubles().holds(number) is safe
