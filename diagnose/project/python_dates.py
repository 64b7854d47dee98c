"""What a Python Worker runs on: decided by its compatibility date, its flags, and the SDK it brings along.

The dates and flags are those of workerd 1.20261117.1 (its compatibility table and its Python entrypoint),
https://github.com/cloudflare/workerd/blob/main/src/workerd/io/compatibility-date.capnp.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final

from diagnose.errors import DiagnoseError
from diagnose.project.files import read_regular, resolve_inside

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.model import Json
    from diagnose.project.bindings import WorkerConfig
    from diagnose.project.project import Project

PYTHON_WORKERS: Final = "python_workers"
"""The flag without which no Python runs; it has no date that switches it on."""

NO_DATE: Final = "9999-12-31"
"""What a config without a compatibility date is read as: the newest behaviour."""

MEASURED_SDK: Final = (1, 9, 5)
"""The version of workers-runtime-sdk whose conversions were measured: it wraps D1 databases and queues."""

_VENDORED_SDK = "python_modules/workers"
_WRAPPER_OF_QUEUES = "WorkerQueue"  # a class of every SDK that converts at queues, and of none before
_LARGEST_FILE = 2_000_000


@dataclass(frozen=True, slots=True)
class Change:
    """A change of the runtime: a flag makes it at any date, and a date makes it unless a flag forbids."""

    flag: str
    opposite: str | None
    date: str | None

    def applies(self, date: str, flags: frozenset[str]) -> bool:
        """Whether it holds. The runtime refuses a config with a flag and its opposite."""
        if self.flag in flags:
            return True
        return self.date is not None and date >= self.date and self.opposite not in flags


CLASSES_ONLY: Final = Change("python_no_global_handlers", "disable_python_no_global_handlers", "2025-08-14")
EXTERNAL_SDK: Final = Change("enable_python_external_sdk", "disable_python_external_sdk", "2026-04-21")
PYODIDE_0_28: Final = Change("python_workers_20250116", "no_python_workers_20250116", "2025-09-29")
PYODIDE_314_0_4: Final = Change("python_workers_20260610", "no_python_workers_20260610", None)
PYODIDE_314_0_6: Final = Change("python_workers_314", "no_python_workers_314", "2026-09-08")


class Sdk(StrEnum):
    """Where the module `workers` comes from."""

    BUILT_IN = "built in"
    """The runtime holds a frozen one; it leaves D1 databases and queues as they are."""
    VENDORED = "vendored"
    """It is in `python_modules/`."""
    DECLARED = "declared"
    """A dev dependency names it; `pywrangler` vendors it before a deploy."""
    ABSENT = "absent"
    """The runtime holds none, and the project's files neither: something vendors it at the deploy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonRuntime:
    """The runtime that a config selects for a Python Worker.

    Attributes:
        date: the compatibility date, or NO_DATE.
        sdk: where the module `workers` comes from.
        wraps: the SDK converts values at D1 databases and queues, or None when its version is not known
            to.
    """

    date: str
    flags: frozenset[str] = frozenset()
    sdk: Sdk = Sdk.BUILT_IN
    wraps: bool | None = False

    @property
    def enabled(self) -> bool:
        """Whether Python runs at all."""
        return PYTHON_WORKERS in self.flags

    @property
    def classes_only(self) -> bool:
        """Whether handlers must be methods of a class; before, they are `on_fetch` and its like."""
        return CLASSES_ONLY.applies(self.date, self.flags)

    @property
    def pyodide(self) -> str:
        """The version of Pyodide."""
        for change, version in (
            (PYODIDE_314_0_6, "314.0.6"),
            (PYODIDE_314_0_4, "314.0.4"),
            (PYODIDE_0_28, "0.28.2"),
        ):
            if change.applies(self.date, self.flags):
                return version
        return "0.26.0a2"

    @property
    def dict_becomes_map(self) -> bool:
        """Whether `to_js` without a converter makes a Map of a dict (measured: not so in Pyodide 314)."""
        return not self.pyodide.startswith("314.")

    def facts(self) -> dict[str, Json]:
        """What decided, as evidence of a finding."""
        dated = None if self.date == NO_DATE else self.date
        return {"compatibility_date": dated, "pyodide": self.pyodide, "sdk": self.sdk.value}

    def __str__(self) -> str:
        """Such as `compatibility date 2025-11-10 (Pyodide 0.28.2)`."""
        dated = "no compatibility date" if self.date == NO_DATE else f"compatibility date {self.date}"
        return f"{dated} (Pyodide {self.pyodide})"


def python_runtime(project: Project, config: WorkerConfig) -> PythonRuntime:
    """The runtime that the config selects, with the SDK that the project's files hold or name."""
    date, flags = config.compatibility_date or NO_DATE, frozenset(config.compatibility_flags)
    if not EXTERNAL_SDK.applies(date, flags):
        return PythonRuntime(date=date, flags=flags)
    sdk, wraps = _project_sdk(project)
    return PythonRuntime(date=date, flags=flags, sdk=sdk, wraps=wraps)


def _project_sdk(project: Project) -> tuple[Sdk, bool | None]:
    for folder in dict.fromkeys((project.base, "")):
        texts = list(_vendored(project, folder))
        if texts:
            return Sdk.VENDORED, any(_WRAPPER_OF_QUEUES in text for text in texts)
    for folder in dict.fromkeys((project.base, "")):
        if _names_sdk(_read_toml(project, folder, "pyproject.toml")):
            return Sdk.DECLARED, _locked_sdk_wraps(_read_toml(project, folder, "uv.lock"))
    return Sdk.ABSENT, True  # whatever vendors it at the deploy takes the newest


def _vendored(project: Project, folder: str) -> Iterator[str]:
    """The modules of a vendored SDK."""
    try:
        place = resolve_inside(project.root, f"{folder}/{_VENDORED_SDK}".lstrip("/"))
        for file in sorted(place.glob("*.py")):
            yield read_regular(file, most_bytes=_LARGEST_FILE).decode("utf-8", "replace")
    except (DiagnoseError, OSError):
        return


def _read_toml(project: Project, folder: str, name: str) -> dict[str, Any]:
    """The data of a TOML file, or nothing where there is none that can be read."""
    try:
        file = resolve_inside(project.root, f"{folder}/{name}".lstrip("/"))
        return tomllib.loads(read_regular(file, most_bytes=_LARGEST_FILE).decode())
    except (DiagnoseError, OSError, ValueError):
        return {}


def _names_sdk(pyproject: dict[str, Any]) -> bool:
    """Whether any dependency, of development or not, brings the SDK."""
    project = pyproject.get("project", {})
    groups = [project.get("dependencies", []), *pyproject.get("dependency-groups", {}).values()]
    names = (str(requirement) for group in groups for requirement in group)
    return any(
        re.match(r"workers-(?:py|runtime-sdk)(?![\w.-])", name.strip(), re.IGNORECASE) for name in names
    )


def _locked_sdk_wraps(lock: dict[str, Any]) -> bool | None:
    """True without a lock, because then the newest version is vendored; None for one older than measured."""
    versions = [
        tuple(map(int, re.findall(r"\d+", str(package.get("version", "")))[:3]))
        for package in lock.get("package", [])
        if package.get("name") == "workers-runtime-sdk"
    ]
    return True if all(version >= MEASURED_SDK for version in versions) else None
