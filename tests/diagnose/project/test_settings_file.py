"""Settings: every key, where they are looked for, and what is refused."""

from __future__ import annotations

import re
from datetime import date

import pytest

from diagnose.d1 import LIMITS
from diagnose.errors import ConfigError
from diagnose.model import Location
from diagnose.project import (
    Ignore,
    RecordedResponse,
    RowsSettings,
    Settings,
    TriggerSettings,
    WatchSettings,
    render_settings,
)
from diagnose.project.settings_file import find_settings

FULL = """\
config = "py/wrangler.toml"
plan = "free"
limits_on = 2026-06-01

[trigger]
kind = "fetch"
method = "post"
path = "/trigger"
headers = { accept = "application/json" }
headers_env = { authorization = "TRIGGER_TOKEN" }
body = { symbol = "BTC" }
reported = "result.count"

[watch]
database = "prices"
table = "price_data"
key = ["symbol", "timestamp"]

[[responses]]
method = "get"
url = "https://api.example.com/*"
status = 201
headers = { content-type = "text/plain" }
body_file = "recorded/a.json"

[[responses]]
url = "https://other.example.com/"
body_file = "b.json"

[rows]
path = "Data.Data"
columns = { time = "timestamp", volumefrom = "volume" }

[[ignore]]
code = "QUE001"
path = "py/*"
reason = "small"
until = 2027-01-31

[[ignore]]
code = "SRC006"
reason = "constant names"
until = "2027-02-28"
"""


def expected(directory, path="diagnose.toml"):
    return Settings(
        config="py/wrangler.toml",
        plan="free",
        limits_on=date(2026, 6, 1),
        trigger=TriggerSettings(
            kind="fetch",
            method="POST",
            path="/trigger",
            headers={"accept": "application/json"},
            headers_env={"authorization": "TRIGGER_TOKEN"},
            body='{"symbol": "BTC"}',
            reported="result.count",
        ),
        watch=WatchSettings(database="prices", table="price_data", key=("symbol", "timestamp")),
        responses=(
            RecordedResponse(
                method="GET",
                url="https://api.example.com/*",
                status=201,
                headers={"content-type": "text/plain"},
                body_file="recorded/a.json",
                location=Location(path, 19, 3),
            ),
            RecordedResponse(
                url="https://other.example.com/", body_file="b.json", location=Location(path, 26, 3)
            ),
        ),
        rows=RowsSettings(path="Data.Data", columns={"time": "timestamp", "volumefrom": "volume"}),
        ignores=(
            Ignore(
                code="QUE001",
                reason="small",
                path="py/*",
                until=date(2027, 1, 31),
                location=Location(path, 34, 3),
            ),
            Ignore(
                code="SRC006",
                reason="constant names",
                until=date(2027, 2, 28),
                location=Location(path, 40, 3),
            ),
        ),
        path=path,
        directory=directory,
    )


def test_where_a_deployed_worker_answers(tmp_path):
    (tmp_path / "diagnose.toml").write_text('[trigger]\nurl = "https://import.example.com"\n')

    assert find_settings(tmp_path).trigger == TriggerSettings(url="https://import.example.com")


def test_every_setting(tmp_path):
    (tmp_path / "diagnose.toml").write_text(FULL)
    assert find_settings(tmp_path) == expected(tmp_path)


def test_the_limits_are_those_of_the_day():
    assert Settings().limits is LIMITS
    assert Settings(limits_on=date(2026, 6, 1)).limits.d1.value_bytes.enforced == 2_200_000


def test_settings_are_found_upwards(tmp_path):
    (tmp_path / "diagnose.toml").write_text('config = "a/b/wrangler.toml"\n')
    (tmp_path / "a" / "b").mkdir(parents=True)
    found = find_settings(tmp_path / "a" / "b")
    assert (found.config, found.path, found.directory) == ("wrangler.toml", "../../diagnose.toml", tmp_path)
    (tmp_path / "c").mkdir()
    assert find_settings(tmp_path / "c").config is None


def test_the_project_file_of_python_serves_too(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n\n[tool.diagnose]\nplan = "free"\n')
    found = find_settings(tmp_path)
    assert (found.plan, found.path) == ("free", "pyproject.toml")
    (tmp_path / "diagnose.toml").write_text("")
    assert find_settings(tmp_path) == Settings(path="diagnose.toml", directory=tmp_path)


def test_a_project_file_without_our_table_is_passed_over(tmp_path):
    (tmp_path / "pyproject.toml").write_text("not even TOML")
    (tmp_path / "diagnose.toml").write_text('plan = "free"')
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "pyproject.toml").write_text("not even TOML")
    assert find_settings(tmp_path / "a").plan == "free"


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("plan = \n", "1:8", None),
        ('plan = "gold"', "1:1", '`plan` must be one of "free", "paid"'),
        ("config = 1", "1:1", "`config` must be a text"),
        ('\nplam = "free"', "2:1", "`plam` is not a setting"),
        ("trigger = 1", "1:1", "`trigger` must be a table"),
        ('[trigger]\nkind = "cron"', "2:1", '`kind` must be one of "fetch", "scheduled", "queue"'),
        ("[trigger]\nheaders = { a = 1 }", "2:1", "`headers` must be a table of texts"),
        ("[trigger]\nbody = 2026-01-01", "2:1", "`body` must be a text, or a value that JSON has, too"),
        ("[trigger]\nhost = 1", "2:1", "`host` is not a setting"),
        ("[watch]\nkey = []", "1:2", "`table` is missing"),
        ('[watch]\ntable = "t"\nkey = [1]', "3:1", "`key` must be an array of texts"),
        ('[responses]\nurl = "x"', "1:2", "`responses` must be an array of tables: write [[responses]]"),
        ('[[responses]]\nurl = "x"', "1:3", "`body_file` is missing"),
        (
            '[[responses]]\nurl = "x"\nbody_file = "y"\nstatus = 99',
            "4:1",
            "`status` must be an HTTP status from 200 to 599",
        ),
        ('[[ignore]]\ncode = "A"', "1:3", "`reason` is missing"),
        ('[[ignore]]\ncode = "A"\nreason = " "', "1:3", "`reason` is missing"),
        (
            '[[ignore]]\ncode = "A"\nreason = "b"\nuntil = "soon"',
            "4:1",
            "`until` must be a date such as 2027-01-31",
        ),
        (
            '[[ignore]]\ncode = "A"\nreason = "b"\nuntil = 2027-01-31T00:00:00',
            "4:1",
            "`until` must be a date such as 2027-01-31",
        ),
    ],
)
def test_what_is_refused(tmp_path, text, place, message):
    (tmp_path / "diagnose.toml").write_text(text)
    with pytest.raises(ConfigError) as caught:
        find_settings(tmp_path)
    assert caught.value.where == f"diagnose.toml:{place}"
    assert message in {None, caught.value.message}


def test_an_unknown_key_names_the_known_ones(tmp_path):
    (tmp_path / "diagnose.toml").write_text('[watch]\ntable = "t"\ncolumn = "c"\n')
    with pytest.raises(ConfigError) as caught:
        find_settings(tmp_path)
    assert caught.value.hint == "known here: table, database, key"


def test_rendered_settings_read_back(tmp_path):
    (tmp_path / "diagnose.toml").write_text(FULL)
    settings = find_settings(tmp_path)
    (tmp_path / "diagnose.toml").write_text(render_settings(settings))
    again = find_settings(tmp_path)
    assert (again.config, again.plan, again.trigger, again.watch, again.rows) == (
        settings.config,
        settings.plan,
        settings.trigger,
        settings.watch,
        settings.rows,
    )
    assert [(each.url, each.method, each.status) for each in again.responses] == [
        ("https://api.example.com/*", "GET", 201),
        ("https://other.example.com/", None, 200),
    ]
    assert [(each.code, each.until) for each in again.ignores] == [
        ("QUE001", date(2027, 1, 31)),
        ("SRC006", date(2027, 2, 28)),
    ]


def test_rendered_examples_are_settings_once_they_are_uncommented(tmp_path):
    empty = render_settings(Settings())
    (tmp_path / "diagnose.toml").write_text(empty)
    assert find_settings(tmp_path) == Settings(path="diagnose.toml", directory=tmp_path)
    uncommented = re.sub(r"^# (?=\[|\w+ = )", "", empty, flags=re.MULTILINE)
    (tmp_path / "diagnose.toml").write_text(uncommented)
    found = find_settings(tmp_path)
    assert found.watch == WatchSettings(database="prices", table="price_data", key=("symbol", "timestamp"))
    assert found.ignores[0].code == "QUE001"
