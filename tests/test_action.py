"""The GitHub action, executed step by step as the runner does, on the demo project."""

from __future__ import annotations

import importlib.util
import json
import re
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from diagnose.demo.writing import write_demo

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType

ROOT = Path(__file__).parent.parent
ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS = ACTION["runs"]["steps"]
INSTALL = "Install diagnose"


@pytest.fixture(scope="module")
def runner() -> ModuleType:
    """tools/run_action.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("run_action", ROOT / "tools" / "run_action.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["run_action"] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def act(runner: ModuleType, tmp_path: Path) -> Callable[..., object]:
    """Run the action in a workspace with the demo in a subfolder; it is installed already."""
    write_demo(tmp_path / "workspace" / "imports" / "demo")
    program = tmp_path / "temporary" / "diagnose" / "bin" / "diagnose"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m diagnose "$@"\n')
    program.chmod(0o755)

    def run(**inputs: str) -> object:
        given = {name.replace("_", "-"): value for name, value in inputs.items()}
        return runner.run(given, tmp_path / "workspace", tmp_path / "temporary", skip=(INSTALL,))

    return run


def test_no_input_is_put_into_a_script():
    scripts = [step["run"] for step in STEPS if "run" in step]

    assert len(scripts) == 2
    assert [script for script in scripts if "${{" in script] == []


def test_every_input_is_used_and_every_used_one_is_declared():
    used = set(re.findall(r"\$\{\{ inputs\.([\w-]+) \}\}", (ROOT / "action.yml").read_text()))

    assert used == set(ACTION["inputs"])
    assert [name for name, each in ACTION["inputs"].items() if "default" not in each] == []
    assert ACTION["runs"]["using"] == "composite"


def test_the_broken_demo_fails_the_job_with_everything_written(act: Callable[..., object]):
    ran = act(path="imports/demo")

    assert ran.code == 1, ran.log
    assert ran.log.startswith(
        "::error file=imports/demo/pyswarm/Data_Import/historical_worker.py,line=70,col=5,"
    )
    assert len(re.findall(r"^::(?:error|warning|notice) ", ran.log, re.MULTILINE)) == 11
    assert re.match(r"## diagnose: \d+ failed, ", ran.summary)
    assert ran.outputs["exit-code"] == "1"
    (run,) = json.loads(Path(ran.outputs["sarif"]).read_text(encoding="utf-8"))["runs"]
    assert run["invocations"][0]["exitCode"] == 1
    assert "LIM001" in {result["ruleId"] for result in run["results"]}
    uris = {
        result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] for result in run["results"]
    }
    assert all(uri.startswith("imports/demo/") for uri in uris)


@pytest.mark.parametrize(
    ("fail_on", "args", "code"),
    [
        ("never", "--offline", 0),
        ("error", "--offline  --select\n CFG002", 0),
        ("warning", "--offline --select CFG002", 1),
    ],
)
def test_inputs_reach_the_command(act: Callable[..., object], fail_on: str, args: str, code: int):
    ran = act(path="imports/demo", fail_on=fail_on, args=args)

    assert (ran.code, ran.outputs["exit-code"]) == (code, str(code)), ran.log
    assert "CFG002" in ran.summary


@pytest.mark.parametrize(
    "inputs",
    [
        {"path": "$(touch owned)"},
        {"path": "--help; touch owned"},
        {"path": "imports/demo", "args": "; touch owned"},
        {"path": "imports/demo", "args": "$(touch${IFS}owned)"},
        {"path": "imports/demo", "fail_on": 'error" ; touch owned ; "'},
    ],
)
def test_inputs_are_never_read_by_a_shell(act: Callable[..., object], tmp_path: Path, inputs: dict[str, str]):
    ran = act(**inputs)

    assert ran.code == 2, ran.log
    assert ran.outputs["exit-code"] == "2"
    assert list(tmp_path.rglob("owned")) == []


def test_it_is_installed_from_its_own_checkout(runner: ModuleType, tmp_path: Path):
    """A `python` that only notes what it is asked for stands in for the one that needs the internet."""
    step = next(step for step in STEPS if step.get("name") == INSTALL)
    stand_in = tmp_path / "bin" / "python"
    stand_in.parent.mkdir()
    echo = '#!/bin/sh\nprintf "%s\\n" "$@"\n'
    (tmp_path / "pip").write_text(echo)
    (tmp_path / "pip").chmod(0o755)
    stand_in.write_text(f'{echo}mkdir -p "$3/bin" && cp {shlex.quote(str(tmp_path / "pip"))} "$3/bin/pip"\n')
    stand_in.chmod(0o755)
    environment = {"PATH": f"{stand_in.parent}:/usr/bin:/bin", "RUNNER_TEMP": str(tmp_path / "a b")}

    ended = runner._step(step, {}, environment, tmp_path)

    assert ended.returncode == 0, ended.stdout
    assert ended.stdout.splitlines() == [
        "-m",
        "venv",
        f"{tmp_path}/a b/diagnose",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        str(ROOT.resolve()),
    ]
