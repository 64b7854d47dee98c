"""Runs action.yml as GitHub's runner does, on this machine: `python tools/run_action.py FOLDER`."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).resolve().parent.parent
ACTION = ROOT / "action.yml"
EXPRESSION = re.compile(r"\$\{\{\s*(inputs|github)\.([\w-]+)\s*\}\}")
SHELL = ("bash", "--noprofile", "--norc", "-eo", "pipefail")
"""What `shell: bash` means: https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-syntax"""


@dataclass(frozen=True, slots=True)
class Ran:
    """How the action ended.

    Attributes:
        code: of the first step that failed, else 0.
        log: what the steps printed.
        summary: of the job, in Markdown.
        outputs: of the steps.
    """

    code: int
    log: str
    summary: str
    outputs: Mapping[str, str]


def load() -> dict[str, Any]:
    """The action."""
    loaded: dict[str, Any] = yaml.safe_load(ACTION.read_text(encoding="utf-8"))
    return loaded


def run(inputs: Mapping[str, str], folder: Path, temporary: Path, *, skip: tuple[str, ...] = ()) -> Ran:
    """Run the steps that are scripts, in a workspace, until one fails.

    Args:
        inputs: as a workflow gives them; the others have their defaults.
        folder: the workspace.
        temporary: an empty folder for the runner's own files.
        skip: names of steps that are left out.
    """
    action = load()
    given = {name: str(each.get("default", "")) for name, each in action["inputs"].items()} | dict(inputs)
    files = {name: temporary / name.lower() for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for file in files.values():
        file.touch()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("CLOUDFLARE_", "GITHUB_"))}
    environment |= {name: str(file) for name, file in files.items()}
    environment |= {"GITHUB_ACTIONS": "true", "GITHUB_WORKSPACE": str(folder), "RUNNER_TEMP": str(temporary)}
    code, log = 0, ""
    for step in action["runs"]["steps"]:
        if code == 0 and "run" in step and step["name"] not in skip:
            ended = _step(step, given, environment, folder)
            code, log = ended.returncode, log + ended.stdout
    lines = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
    outputs = dict(line.split("=", 1) for line in lines)
    return Ran(code, log, files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8"), outputs)


def _step(
    step: Mapping[str, Any], inputs: Mapping[str, str], environment: Mapping[str, str], folder: Path
) -> subprocess.CompletedProcess[str]:
    own = {name: evaluated(str(value), inputs) for name, value in step.get("env", {}).items()}
    with tempfile.NamedTemporaryFile("w", suffix=".sh", encoding="utf-8") as script:
        script.write(step["run"])
        script.flush()
        return subprocess.run(  # noqa: S603 - our own action
            [*SHELL, script.name],
            cwd=folder,
            env={**environment, **own},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )


def evaluated(text: str, inputs: Mapping[str, str]) -> str:
    """The text with its expressions replaced; only inputs and the action's own folder are known."""
    known = {"inputs": dict(inputs), "github": {"action_path": str(ROOT)}}
    return EXPRESSION.sub(lambda match: known[match[1]][match[2]], text)


def main(folder: Path) -> int:
    """Run the whole action, its installation included, and print what it did."""
    with tempfile.TemporaryDirectory() as temporary:
        ran = run({"path": folder.name}, folder.resolve().parent, Path(temporary))
        print(ran.log, ran.summary, ran.outputs, sep="\n")  # noqa: T201 - a script
    return ran.code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
