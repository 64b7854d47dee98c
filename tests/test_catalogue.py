"""Code, name, file, class, documentation, tests and fix of every built-in check agree."""

from __future__ import annotations

import ast
import importlib.util
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from diagnose.engine.registry import load_registry

if TYPE_CHECKING:
    from types import ModuleType

    from diagnose.plugin import Check

ROOT = Path(__file__).parent.parent
FAMILIES = {
    "CFG": "config",
    "TBL": "table",
    "DEP": "deployment",
    "LIM": "limits",
    "SRC": "source",
    "QUE": "queue",
    "DAT": "data",
    "E2E": "end_to_end",
}
HEADINGS = [
    "What it checks",
    "Why it matters",
    "Example",
    "Remedy",
    "Fix safety",
    "Evidence",
    "Permissions",
]
REGISTRY = load_registry()
BUILT_IN = [check for check in REGISTRY.checks.values() if check.__module__.startswith("checks.")]
of_every_check = pytest.mark.parametrize("check", BUILT_IN, ids=lambda check: check.code)


def sections(check: type[Check]) -> dict[str, str]:
    """The documentation page by heading, with what stands before the first under "title"."""
    title, *parts = re.split(r"^## (.+)$", check.page(), flags=re.MULTILINE)
    return {"title": title.strip()} | {
        heading: body.strip() for heading, body in zip(parts[::2], parts[1::2], strict=True)
    }


def modules(package: str) -> set[str]:
    """The files of a plug-in package, as `family/name`."""
    files = (ROOT / package).glob("*/*.py")
    return {f"{file.parent.name}/{file.stem}" for file in files if file.stem != "__init__"}


def place(member: type) -> str:
    _, family, name = member.__module__.split(".")
    return f"{family}/{name}"


def test_every_plug_in_loads():
    assert REGISTRY.problems == ()


EXPECTED = """
    CFG001 CFG002 CFG003 CFG004 CFG005 CFG006 CFG007 CFG008 CFG009 CFG010 CFG011 TBL001 TBL002 TBL003
    TBL004 TBL005 DEP001 DEP002 DEP003 DEP004 DEP005 DEP006
    LIM001 LIM002 LIM003 LIM004 LIM005 LIM006 LIM007 LIM008 SRC001 SRC002 SRC003
    SRC004 SRC005 SRC006 SRC007 SRC008 QUE001 QUE002 QUE003 QUE004 QUE005 QUE006 DAT001 E2E001 E2E002
    E2E003 E2E004
"""


def test_every_check_of_the_catalogue_so_far_is_there():
    assert set(REGISTRY.checks) >= set(EXPECTED.split())


def test_every_file_is_one_check_and_no_code_or_name_is_used_twice():
    assert modules("checks") == {place(check) for check in BUILT_IN}
    assert len(BUILT_IN) == len(modules("checks"))
    assert len({check.name for check in BUILT_IN}) == len(BUILT_IN)


def test_every_file_of_fixes_mirrors_its_check():
    assert {place(fix): code for code, fix in REGISTRY.fixes.items()} == {
        place(check): check.code for check in BUILT_IN if check.code in REGISTRY.fixes
    }
    assert modules("fixes") == {place(fix) for fix in REGISTRY.fixes.values()}


@of_every_check
def test_names_agree(check: type[Check]):
    family, file = place(check).split("/")

    assert FAMILIES[check.code[:3]] == family
    assert check.name.replace("-", "_") == file
    assert "".join(part.capitalize() for part in check.name.split("-")) == check.__name__


@of_every_check
def test_the_page_has_its_headings(check: type[Check]):
    page = sections(check)

    assert list(page) == ["title", *HEADINGS]
    assert all(page.values())
    assert re.fullmatch(r"[^\n]+\.", page["title"])


@of_every_check
def test_the_example_shows_what_fails_and_what_is_right(check: type[Check]):
    assert sections(check)["Example"].count("```") == 4


@of_every_check
def test_the_page_says_how_safe_the_fix_is_or_why_there_is_none(check: type[Check]):
    safety = sections(check)["Fix safety"]
    fix = REGISTRY.fixes.get(check.code)

    assert re.search(rf"\b{fix.safety.value}\b" if fix else r"\b(no fix|none)\b", safety, re.IGNORECASE), (
        safety
    )
    assert len(safety.split()) > 5


def evidence_keys(check: type[Check]) -> set[str]:
    """The keys that the check's own file writes out after `evidence=`."""
    tree = ast.parse((ROOT / "checks" / f"{place(check)}.py").read_text(encoding="utf-8"))
    values = (
        node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "evidence"
    )
    dicts = (value for value in values if isinstance(value, ast.Dict))
    return {key.value for value in dicts for key in value.keys if isinstance(key, ast.Constant)}


@of_every_check
def test_every_piece_of_evidence_is_explained(check: type[Check]):
    page = sections(check)["Evidence"]

    assert {key for key in evidence_keys(check) if f"`{key}`" not in page} == set()


@of_every_check
def test_tests_stand_where_they_are_looked_for(check: type[Check]):
    family, file = place(check).split("/")

    assert (ROOT / "tests" / "checks" / family / f"test_{file}.py").is_file()
    if check.code in REGISTRY.fixes:
        assert (ROOT / "tests" / "fixes" / family / f"test_{file}.py").is_file()


@pytest.fixture(scope="module")
def build_docs() -> ModuleType:
    """tools/build_docs.py, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("build_docs", ROOT / "tools" / "build_docs.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_documentation_is_current(build_docs: ModuleType):
    written = (ROOT / "docs" / "checks.md").read_text(encoding="utf-8")

    assert written == build_docs.render(REGISTRY), "run: python tools/build_docs.py"
