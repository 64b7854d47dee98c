from __future__ import annotations

import pytest

from diagnose.account import ScriptSettings
from diagnose.project import open_project
from diagnose.project.drift import Difference, differences

CONFIG = """\
name = "tides"
compatibility_date = "2026-04-01"

[vars]
STATION = "north"
"""


@pytest.fixture
def compare(write_project):
    """What a deploy of a config would change about a worker with these bindings."""

    def run(*bindings, config=CONFIG, date="2026-04-01", flags=(), crons=None):
        opened = open_project(write_project({"wrangler.toml": config}))
        settings = ScriptSettings(bindings=bindings, compatibility_date=date, compatibility_flags=flags)
        return [(one.name, one.side) for one in differences(opened.config, settings, crons)]

    return run


STATION = {"type": "plain_text", "name": "STATION", "text": "north"}


@pytest.mark.parametrize(
    ("entry", "deployed", "same"),
    [
        ('[[kv_namespaces]]\nbinding = "X"\nid = "0f"', {"type": "kv_namespace", "namespace_id": "0f"}, True),
        ('[[r2_buckets]]\nbinding = "X"\nbucket_name = "a"', {"type": "r2_bucket", "bucket_name": "a"}, True),
        (
            '[[r2_buckets]]\nbinding = "X"\nbucket_name = "a"',
            {"type": "r2_bucket", "bucket_name": "b"},
            False,
        ),
        (
            '[[services]]\nbinding = "X"\nservice = "a"',
            {"type": "service", "service": "a", "environment": "production"},
            True,
        ),
        ('[[services]]\nbinding = "X"\nservice = "a"', {"type": "service", "service": "b"}, False),
        ('[[services]]\nbinding = "X"\nservice = "a"', {"type": "r2_bucket", "bucket_name": "a"}, False),
        (
            '[[durable_objects.bindings]]\nname = "X"\nclass_name = "A"',
            {"type": "durable_object_namespace", "class_name": "A", "namespace_id": "0f"},
            True,
        ),
        (
            '[[queues.producers]]\nbinding = "X"\nqueue = "a"\ndelivery_delay = 5',
            {"type": "queue", "queue_name": "a"},
            True,
        ),
        ('[ai]\nbinding = "X"', {"type": "ai"}, True),
    ],
)
def test_what_makes_two_bindings_the_same(compare, entry, deployed, same):
    found = compare(STATION, {"name": "X", **deployed}, config=f"{CONFIG}\n{entry}\n")
    assert found == ([] if same else [("X", "both")])


def test_namespaces_whose_id_is_to_be_filled_in(compare):
    entry = '\n[[kv_namespaces]]\nbinding = "X"\nid = "<your id>"\n'
    deployed = {"type": "kv_namespace", "name": "X", "namespace_id": "0123456789abcdef0123456789abcdea"}
    assert compare(STATION, deployed, config=CONFIG + entry) == []


def test_a_variable_may_change_its_type(compare):
    assert compare({"type": "json", "name": "STATION", "json": "north"}) == []
    assert compare({"type": "json", "name": "STATION", "json": {"a": 1}}) == [("STATION", "both")]


def test_a_secret_in_the_place_of_a_variable_is_not_compared(compare):
    assert compare({"type": "secret_text", "name": "STATION"}) == []


def test_what_the_api_does_not_show_is_no_difference(compare):
    assert compare(STATION, date="") == []


def test_crons_that_are_not_known_or_not_said(compare):
    config = CONFIG + '\n[triggers]\ncrons = ["0 3 * * *"]\n'
    assert compare(STATION, config=config) == []
    assert compare(STATION, crons=("0 3 * * *",)) == []
    assert compare(STATION, config=config, crons=()) == [("0 3 * * *", "config")]
    assert compare(STATION, config=config.replace('"0 3 * * *"', ""), crons=("1 1 * * *",)) == [
        ("1 1 * * *", "deployed")
    ]


def test_values_of_variables_are_not_told():
    difference = Difference(
        kind="variable",
        name="TOKEN",
        side="both",
        deployed={"type": "plain_text", "name": "TOKEN", "text": "q7Zr2Lw9"},
        configured={"type": "plain_text", "name": "TOKEN", "text": "x"},
    )
    assert difference.told() == "variable TOKEN is another one than in the config"
    assert (difference.is_lost_by_deploy, difference.is_taken_away) == (True, False)
