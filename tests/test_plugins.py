"""Third-party checks and fixes, installed as their users would install them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import diagnose
from diagnose.engine.registry import load_registry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

SITE = Path(diagnose.__file__).parent.parent
CHECK = '''
"""A house rule: workers are named in lower case."""

from collections.abc import AsyncIterator

from diagnose.plugin import Check, Confidence, Context, Finding, Need, Severity


class LowerCaseName(Check):
    """Workers are named in lower case."""

    code = "ABC001"
    name = "lower-case-name"
    severity = Severity.ERROR
    requires = frozenset({Need.CONFIG})

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        name = ctx.config.name
        if name == name.lower():
            yield self.passed("the worker's name is in lower case")
        else:
            location = ctx.config.document.locate("name")
            yield self.problem(
                f"the worker is called {name}", confidence=Confidence.HIGH, location=location
            )
'''
FIX = """
from diagnose.plugin import Context, Finding, Fix, Plan, Safety
from diagnose.steps import EditFile


class LowerCaseNameFix(Fix):
    code = "ABC001"
    safety = Safety.REVIEW

    async def plan(self, ctx: Context, finding: Finding) -> Plan:
        document = ctx.config.document
        name = ctx.config.name
        if name == name.lower():
            return self.nothing("the name is in lower case")
        after = document.text.replace(name, name.lower())
        return self.steps("names are in lower case here", EditFile.text(document.path, document.text, after))
"""
WRANGLER = """\
# named by the marketing department
name = "TideTables"
main = "worker.py"
compatibility_date = "2026-04-01"
compatibility_flags = ["python_workers"]
"""
WORKER = """\
from workers import Response, WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("ok")
"""
CHECKS_ENTRY = "[diagnose.checks]\nhouse = {}\n"
FIXES_ENTRY = "[diagnose.fixes]\nhouse = {}\n"


def files_of_distribution(modules: Mapping[str, str], entry_points: str) -> dict[str, str]:
    """What a wheel of the distribution `house-rules` holds, by path."""
    info = "house_rules-1.0.dist-info"
    files = dict(modules) | {
        f"{info}/METADATA": "Metadata-Version: 2.1\nName: house-rules\nVersion: 1.0\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": entry_points,
    }
    return files | {f"{info}/RECORD": "".join(f"{name},,\n" for name in [*files, f"{info}/RECORD"])}


def run_diagnose(
    command: list[str | Path], *words: str | Path, cwd: Path | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("CLOUDFLARE_", "PYTHON"))
    }
    return subprocess.run(
        [*map(str, command), *map(str, words)],
        cwd=cwd,
        env=kept | {"NO_COLOR": "1"} | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment of its own that sees this one, with the plug-in installed by pip."""
    folder = tmp_path_factory.mktemp("plug-in")
    wheel = folder / "house_rules-1.0-py3-none-any.whl"
    modules = {"house/__init__.py": "", "house/naming.py": CHECK, "house_fixes.py": FIX}
    entries = CHECKS_ENTRY.format("house") + FIXES_ENTRY.format("house_fixes:LowerCaseNameFix")
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in files_of_distribution(modules, entries).items():
            archive.writestr(name, content)

    environment = folder / "venv"
    venv.create(environment, with_pip=True, symlinks=True)
    (site,) = environment.glob("lib/python*/site-packages")
    ours = next(path for path in sys.path if path.endswith("site-packages"))
    (site / "this_environment.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    python = environment / "bin" / "python"
    pip = [python, "-m", "pip", "--isolated", "install", "--quiet", "--no-deps", "--no-index"]
    subprocess.run([*pip, wheel], check=True, timeout=120)
    return python


@pytest.fixture
def project(write_project: Callable[[Mapping[str, str]], Path]) -> Path:
    return write_project({"wrangler.toml": WRANGLER, "worker.py": WORKER})


@pytest.fixture
def with_plugin(tmp_path: Path, project: Path) -> Callable[..., list[dict[str, Any]]]:
    """The findings about plug-ins of a run that sees one more distribution."""

    def run(modules: Mapping[str, str], entry_points: str) -> list[dict[str, Any]]:
        folder = tmp_path / "site"
        for name, content in files_of_distribution(modules, entry_points).items():
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
        words = ("run", project, "--offline", "--select", "ABC001,CFG001", "--format", "json")
        ended = run_diagnose([sys.executable, "-m", "diagnose"], *words, PYTHONPATH=str(folder))
        findings = json.loads(ended.stdout)["findings"]
        assert ended.returncode == 5, ended.stdout + ended.stderr
        assert {f["status"] for f in findings if f["code"] == "CFG001"} == {"pass"}
        return [f for f in findings if f["code"] == "PLUGIN"]

    return run


def test_a_plug_in_is_listed_beside_the_built_ins(python: Path):
    ended = run_diagnose([python, "-m", "diagnose"], "checks", "--format", "json")

    listed = {line["code"]: line for line in json.loads(ended.stdout)}
    assert ended.returncode == 0, ended.stderr
    assert listed["ABC001"] == {
        "code": "ABC001",
        "name": "lower-case-name",
        "severity": "error",
        "needs": ["config"],
        "fix": "review",
        "title": "Workers are named in lower case.",
    }
    assert set(load_registry().checks) < set(listed)


def test_a_plug_in_finds_repairs_and_takes_back(python: Path, project: Path):
    command: list[str | Path] = [python, "-m", "diagnose"]
    only = ("--select", "ABC001", "--offline")

    before = run_diagnose(command, "run", project, *only, "--format", "json")
    repaired = run_diagnose(command, "fix", project, *only, "--yes")
    config = (project / "wrangler.toml").read_text()
    after = run_diagnose(command, "run", project, *only, "--format", "json")
    undone = run_diagnose(command, "undo", project, "--yes")

    (finding,) = json.loads(before.stdout)["findings"]
    assert before.returncode == 1
    assert (finding["code"], finding["status"], finding["message"]) == (
        "ABC001",
        "fail",
        "the worker is called TideTables",
    )
    assert finding["location"]["line"] == 2
    assert (finding["fix"]["available"], finding["fix"]["safety"]) == (True, "review")
    assert repaired.returncode == 0, repaired.stdout + repaired.stderr
    assert "ABC001  fixed" in repaired.stdout
    assert config == WRANGLER.replace("TideTables", "tidetables")
    assert after.returncode == 0
    assert json.loads(after.stdout)["findings"][0]["status"] == "pass"
    assert undone.returncode == 0
    assert (project / "wrangler.toml").read_text() == WRANGLER


BROKEN = {
    "it raises": ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
    "it exits": ("raise SystemExit('bye')", "SystemExit: bye"),
    "it does not parse": ("def", "SyntaxError: "),
    "it holds nothing": ("", "PluginError: it holds no check"),
    "its code is no code": (
        CHECK.replace("ABC001", "abc-1"),
        "LowerCaseName.code must be letters and three digits",
    ),
    "its code is taken": (CHECK.replace("ABC001", "CFG001"), "code CFG001 is taken by checks.config"),
    "it has no name": (CHECK.replace("    name =", "    label ="), "LowerCaseName.name must be a str"),
}


@pytest.mark.parametrize("reason", BROKEN)
def test_a_broken_check_is_one_finding(with_plugin: Callable[..., list[dict[str, Any]]], reason: str):
    code, message = BROKEN[reason]

    (finding,) = with_plugin({"house.py": code}, CHECKS_ENTRY.format("house"))

    assert finding["status"] == "error"
    assert "plug-in `house = house` cannot be used" in finding["message"]
    assert message in finding["message"]


def test_an_entry_point_that_leads_nowhere_is_one_finding(with_plugin: Callable[..., list[dict[str, Any]]]):
    (finding,) = with_plugin({}, CHECKS_ENTRY.format("house.naming:Missing"))

    assert "ModuleNotFoundError" in finding["message"]


def test_a_fix_without_a_check_is_one_finding(with_plugin: Callable[..., list[dict[str, Any]]]):
    (finding,) = with_plugin({"house_fixes.py": FIX}, FIXES_ENTRY.format("house_fixes"))

    assert finding["status"] == "error"
    assert "the fix ABC001 belongs to no check" in finding["message"]


@pytest.mark.parametrize("name", ["checks", "fixes"])
@pytest.mark.parametrize("way", ["module", "script"])
def test_a_folder_with_our_packages_names_does_no_harm(project: Path, name: str, way: str):
    (project / name).mkdir()
    (project / name / "__init__.py").write_text("raise RuntimeError('not yours')\n")
    (project / f"{name}_config.py").write_text("raise RuntimeError('not yours')\n")
    script = Path(sys.executable).parent / "diagnose"
    command = [sys.executable, "-m", "diagnose"] if way == "module" else [script]

    listed = run_diagnose(command, "checks", "--format", "json", cwd=project)
    ran = run_diagnose(command, "run", "--offline", "--select", "CFG001", cwd=project)

    assert listed.returncode == 0, listed.stderr
    assert {line["code"] for line in json.loads(listed.stdout)} == set(load_registry().checks)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_names_may_be_taken_before_the_registry_is_loaded(tmp_path: Path):
    (tmp_path / "checks").mkdir()
    (tmp_path / "checks" / "__init__.py").write_text("mine = True\n")
    program = (
        "import checks; assert checks.mine\n"
        "from diagnose.engine.registry import load_registry\n"
        "registry = load_registry()\n"
        "print(len(registry.checks), *registry.problems)"
    )

    ended = run_diagnose([sys.executable, "-c", program], cwd=tmp_path)

    assert ended.stdout == f"{len(load_registry().checks)}\n", ended.stderr
