"""What the documentation promises is so."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

import click
import pytest
import yaml

from diagnose.cli import cli
from diagnose.cli.serve import command as serve
from diagnose.embedded.app.faults import FaultKind
from diagnose.exits import ExitCode
from diagnose.plugin import Need
from diagnose.project import open_project
from diagnose.report import RENDERERS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
LINK = re.compile(r"\]\((?!https?://|#)([^)#]+)")
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])

# What the examples for tests call `import.py`: a program that knows nothing of diagnose.
IMPORTER = """\
import os
from cloudflare import Cloudflare

client, account_id = Cloudflare(), os.environ["CLOUDFLARE_ACCOUNT_ID"]
(market,) = client.d1.database.list(account_id=account_id, name="market")
rows = "WITH RECURSIVE row (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM row WHERE n < 2000) SELECT n FROM row"
for sql in ("CREATE TABLE price (n)", f"INSERT INTO price {rows}"):
    client.d1.database.query(market.uuid, account_id=account_id, sql=sql)
"""


def blocks(page: Path, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", page.read_text(encoding="utf-8"), re.DOTALL)


def test_the_example_of_the_settings_is_valid(write_project: Callable[[Mapping[str, str]], Path]):
    (example,) = blocks(DOCS / "settings.md", "toml")

    settings = open_project(
        write_project({"wrangler.toml": 'name = "tides"\n', "diagnose.toml": example})
    ).settings

    assert settings.trigger is not None
    assert (settings.trigger.method, settings.trigger.body) == ("POST", '{"days": 30}')
    assert settings.watch is not None
    assert settings.watch.key == ("place", "day")
    assert settings.rows is not None
    assert settings.rows.columns == {"where": "place", "day": "day", "m": "metres"}
    assert [response.body_file for response in settings.responses] == ["recorded/levels.json"]
    assert [ignore.until for ignore in settings.ignores] == [date(2031, 1, 31)]


def test_the_gate_is_documented():
    text = (DOCS / "gate.md").read_text(encoding="utf-8")
    table = [line.strip() for line in (ExitCode.__doc__ or "").splitlines() if re.match(r"\s*\| \d", line)]
    inputs = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["inputs"]

    assert len(table) == len(ExitCode)
    assert [line for line in table if line not in text] == []
    assert [name for name in RENDERERS if f"| `{name}` |" not in text] == []
    assert [name for name in inputs if f"| `{name}` |" not in text] == []


def test_the_example_of_an_ignore_is_valid(write_project: Callable[[Mapping[str, str]], Path]):
    (example,) = blocks(DOCS / "gate.md", "toml")

    settings = open_project(
        write_project({"wrangler.toml": 'name = "tides"\n', "diagnose.toml": example})
    ).settings

    assert [(ignore.code, ignore.until) for ignore in settings.ignores] == [("QUE001", date(2031, 1, 31))]


def test_the_examples_of_workflows_name_what_there_is():
    workflow, config = (yaml.safe_load(block) for block in blocks(DOCS / "gate.md", "yaml"))
    action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
    (hook,) = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8"))
    (step,) = (step for step in workflow["jobs"]["diagnose"]["steps"] if step.get("id") == "diagnose")

    assert set(step["with"]) <= set(action["inputs"])
    assert "steps.diagnose.outputs.sarif" in str(workflow)
    assert "sarif" in action["outputs"]
    assert config["repos"][0]["hooks"][0]["id"] == hook["id"]


def test_every_option_of_serve_is_documented():
    text = (DOCS / "serve.md").read_text(encoding="utf-8")
    options = [name for option in serve.params for name in (*option.opts, *option.secondary_opts)]

    assert [name for name in options if name.startswith("--") and f"`{name}`" not in text] == []
    assert [kind for kind in FaultKind if f"| `{kind}` |" not in text] == []


def test_the_examples_of_testing_do_what_they_say(tmp_path: Path):
    for number, example in enumerate(blocks(DOCS / "testing.md", "python")):
        (tmp_path / f"test_{number}.py").write_text(example)
    (tmp_path / "import.py").write_text(IMPORTER)

    ended = subprocess.run(
        [sys.executable, "-m", "pytest", "-q"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "4 passed" in ended.stdout, ended.stdout


def test_every_need_is_documented():
    text = (DOCS / "plugins.md").read_text(encoding="utf-8")

    assert all(f"| `{need.name}` |" in text for need in Need)


@pytest.mark.parametrize("number", [0, 1])
def test_the_example_plug_in_is_valid(number: int):
    code = blocks(DOCS / "plugins.md", "python")[number]
    namespace: dict[str, object] = {}

    exec(compile(code, "plugins.md", "exec"), namespace)  # noqa: S102 - our own documentation

    assert "LowerCaseName" in namespace or "LowerCaseNameFix" in namespace


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    targets = LINK.findall(page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []


@pytest.mark.parametrize("record", sorted((DOCS / "adr").glob("*.md")), ids=lambda record: record.stem)
def test_a_decision_has_the_number_of_its_file(record: Path):
    title = record.read_text(encoding="utf-8").partition("\n")[0]

    assert title.startswith(f"# {int(record.name[:4])}. ")


def test_every_command_is_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")

    assert [name for name in cli.list_commands(click.Context(cli)) if f"diagnose {name}" not in text] == []
