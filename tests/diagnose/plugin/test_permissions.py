from __future__ import annotations

import pytest

from diagnose.plugin import Check, Fix
from diagnose.plugin.permissions import Needed, needed_permissions, used_products
from diagnose.project import open_project

CONFIG = 'name = "tides"\n[[d1_databases]]\nbinding = "DB"\n'
QUEUE = '[[queues.consumers]]\nqueue = "levels"\n'


def check(code: str, *scopes: str) -> type[Check]:
    return type(code, (Check,), {"code": code, "scopes": scopes})


def fix(code: str, *scopes: str) -> type[Fix]:
    return type(code, (Fix,), {"code": code, "scopes": scopes})


CHECKS = (
    check("AAA001", "D1 Read"),
    check("AAA002", "D1 Read", "Queues Read"),
    check("AAA003", "Radar Read"),
)
FIXES = (fix("AAA002", "Queues Edit", "D1 Read"),)


@pytest.fixture
def config(write_project):
    return lambda text: open_project(write_project({"wrangler.toml": text})).config


def test_everything_without_a_config():
    assert needed_permissions(CHECKS, FIXES, None) == (
        Needed(permission="D1 Read", checks=("AAA001", "AAA002"), fixes=("AAA002",)),
        Needed(permission="Queues Edit", fixes=("AAA002",)),
        Needed(permission="Queues Read", checks=("AAA002",)),
        Needed(permission="Radar Read", checks=("AAA003",)),
    )


def test_what_a_config_does_not_use_is_left_out_for_checks(config):
    needed = needed_permissions(CHECKS, FIXES, config(CONFIG))
    assert [need.permission for need in needed] == ["D1 Read", "Queues Edit", "Radar Read"]


def test_what_a_config_uses(config):
    assert used_products(config(CONFIG)) == {"D1", "Workers Scripts"}
    assert used_products(config(QUEUE)) == {"Queues"}
