from __future__ import annotations

import ast
import tomllib
from fnmatch import fnmatchcase
from importlib.resources import files

from diagnose.demo.candles import CANDLES, RESPONSE_FILE, response

PROJECT = files("diagnose.demo").joinpath("project")
WORKER = PROJECT.joinpath("pyswarm/Data_Import/historical_worker.py").read_text()
SETTINGS = tomllib.loads(PROJECT.joinpath("diagnose.toml").read_text())


def constants() -> dict:
    assignments = [node for node in ast.parse(WORKER).body if isinstance(node, ast.Assign)]
    return {node.targets[0].id: ast.literal_eval(node.value) for node in assignments}


def test_the_recorded_answer_is_for_the_request_that_the_worker_makes():
    (recorded,) = SETTINGS["responses"]
    request = f"{constants()['API_URL']}?fsym=BTC&tsym=USD&limit={constants()['LIMIT']}"
    # `?` means itself in the settings, but any character to fnmatch, so it matches either way.
    assert fnmatchcase(request, recorded["url"])
    assert recorded["body_file"] == RESPONSE_FILE


def test_the_worker_gets_as_many_candles_as_it_asks_for():
    assert constants()["LIMIT"] == CANDLES == len(response()["Data"]["Data"])


def test_the_mapped_fields_are_fetched_and_the_mapped_columns_written():
    mapped = SETTINGS["rows"]["columns"]
    assert set(mapped) <= set(response(1)["Data"]["Data"][0])
    (insert,) = [line for line in WORKER.splitlines() if line.strip().startswith('"(symbol, timestamp')]
    written = insert.strip().strip('"(').partition(")")[0].split(", ")
    assert len(written) == 10
    assert set(mapped.values()) == set(written) - {"symbol", "timeframe", "source"}
    assert set(SETTINGS["watch"]["key"]) <= set(written)


def test_the_settings_name_a_config_that_is_there():
    assert PROJECT.joinpath(SETTINGS["config"]).is_file()
