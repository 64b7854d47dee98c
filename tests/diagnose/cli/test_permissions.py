from __future__ import annotations

import json

QUEUE = '\n[[queues.producers]]\nbinding = "LEVELS"\nqueue = "levels"\n'


def listed(ended):
    assert ended.code == 0
    return {each["permission"]: each for each in json.loads(ended.out)["permissions"]}


def test_the_least_token_of_a_project(run, misspelt):
    found = listed(run("permissions", misspelt, "--format", "json"))

    assert list(found) == ["D1 Read", "Workers Scripts Read"]
    assert found["D1 Read"]["dashboard"] == "Account · D1 · Read"
    assert {"CFG006", "TBL001"} <= set(found["D1 Read"]["checks"])
    assert found["D1 Read"]["fixes"] == []


def test_a_queue_adds_its_permission(run, misspelt):
    with (misspelt / "wrangler.toml").open("a") as config:
        config.write(QUEUE)

    assert "Queues Read" in listed(run("permissions", misspelt, "--format", "json"))


def test_a_live_trigger_needs_more(run, misspelt):
    config = misspelt / "wrangler.toml"
    told = ["permissions", misspelt, "--select", "E2E", "--live", "--format", "json"]
    assert list(listed(run(*told))) == ["D1 Read", "Workers Scripts Read", "Workers Tail Read"]
    config.write_text(config.read_text() + QUEUE)
    assert listed(run(*told))["Queues Edit"]["checks"] == ["E2E001", "E2E003"]


def test_the_selected_checks_alone(run, misspelt):
    assert list(listed(run("permissions", misspelt, "--select", "DEP001", "--format", "json"))) == [
        "Workers Scripts Read"
    ]
    assert listed(run("permissions", misspelt, "--select", "LIM", "--format", "json")) == {}


def test_fixes_edit_and_editing_includes_reading(run, misspelt):
    found = listed(run("permissions", misspelt, "--select", "TBL004", "--fix", "--format", "json"))

    assert found == {
        "D1 Edit": {
            "permission": "D1 Edit",
            "dashboard": "Account · D1 · Edit",
            "checks": ["TBL004"],
            "fixes": ["TBL004"],
        }
    }


def test_without_a_config_everything_is_listed(run, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()

    assert set(listed(run("permissions", empty, "--format", "json"))) >= {
        "D1 Read",
        "Queues Read",
        "Workers Scripts Read",
    }


def test_as_a_table(run, misspelt):
    ended = run("permissions", misspelt, "--select", "DEP001", "--fix")

    assert ended.code == 0
    assert ended.out.splitlines() == [
        "permission                        checks    fixes",
        "--------------------------------  --------  -------",
        "Account · Queues · Edit           –         DEP001",
        "Account · Workers Scripts · Edit  DEP001    DEP001",
    ]


def test_checks_that_ask_no_account(run, misspelt):
    ended = run("permissions", misspelt, "--select", "CFG001")

    assert ended.out == "The selected checks ask no account: they need no token.\n"


def test_a_config_that_is_named_and_not_there(run, misspelt):
    ended = run("permissions", misspelt, "--config", "other.toml")

    assert ended.code != 0
    assert "other.toml" in ended.err
