from __future__ import annotations

import copy
import pickle
from dataclasses import fields
from datetime import date

import pytest

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


def test_plans_differ():
    assert LIMITS.d1.queries_per_invocation.of("free") == 50
    assert LIMITS.d1.queries_per_invocation.of("paid") == 1_000


def test_a_limit_survives_copying():
    for twin in (
        copy.deepcopy(LIMITS.d1.value_bytes),
        pickle.loads(pickle.dumps(LIMITS.d1.value_bytes)),  # noqa: S301 - our own bytes
    ):
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
