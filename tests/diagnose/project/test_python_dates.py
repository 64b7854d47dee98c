"""The runtime that a config selects for a Python worker."""

from __future__ import annotations

import pytest

from diagnose.project import open_project
from diagnose.project.python_dates import NO_DATE, PythonRuntime, Sdk, python_runtime


@pytest.fixture
def runtime_of(write_project):
    def read(config, **files):
        folder = write_project({"app/wrangler.toml": f'main = "w.py"\n{config}', **files})
        project = open_project(folder, config="app/wrangler.toml")
        assert project.config is not None
        return python_runtime(project, project.config)

    return read


@pytest.mark.parametrize(
    ("date", "flags", "pyodide", "classes_only"),
    [
        ("2025-01-01", set(), "0.26.0a2", False),
        ("2025-08-13", set(), "0.26.0a2", False),
        ("2025-08-14", set(), "0.26.0a2", True),
        ("2025-09-29", set(), "0.28.2", True),
        ("2025-09-29", {"no_python_workers_20250116"}, "0.26.0a2", True),
        ("2025-01-01", {"python_workers_20250116"}, "0.28.2", False),
        ("2026-01-01", {"python_workers_20260610"}, "314.0.4", True),
        ("2026-09-07", set(), "0.28.2", True),
        ("2026-09-08", set(), "314.0.6", True),
        (NO_DATE, set(), "314.0.6", True),
    ],
)
def test_date_and_flags_decide(date, flags, pyodide, classes_only):
    runtime = PythonRuntime(date=date, flags=frozenset(flags))
    assert (runtime.pyodide, runtime.classes_only) == (pyodide, classes_only)
    assert runtime.dict_becomes_map == (not pyodide.startswith("314"))


@pytest.mark.parametrize(
    ("config", "files", "sdk", "wraps"),
    [
        ('compatibility_date = "2026-04-20"', {}, Sdk.BUILT_IN, False),
        (
            'compatibility_date = "2026-05-01"\ncompatibility_flags = ["disable_python_external_sdk"]',
            {},
            Sdk.BUILT_IN,
            False,
        ),
        ('compatibility_date = "2026-04-21"', {}, Sdk.ABSENT, True),
        (
            'compatibility_date = "2026-04-21"',
            {"app/pyproject.toml": '[dependency-groups]\ndev = ["workers_py", "workers-py"]\n'},
            Sdk.DECLARED,
            True,
        ),
        (
            'compatibility_date = "2026-04-21"',
            {
                "pyproject.toml": '[project]\ndependencies = ["workers-runtime-sdk==1.0"]\n',
                "uv.lock": '[[package]]\nname = "workers-runtime-sdk"\nversion = "1.0.3"\n',
            },
            Sdk.DECLARED,
            None,
        ),
        (
            'compatibility_date = "2026-04-21"',
            {"app/python_modules/workers/_env.py": "class WorkerQueue: ...\n"},
            Sdk.VENDORED,
            True,
        ),
        (
            'compatibility_date = "2026-04-21"',
            {"python_modules/workers/__init__.py": "class Request: ...\n", "pyproject.toml": "not toml"},
            Sdk.VENDORED,
            False,
        ),
    ],
)
def test_where_the_sdk_comes_from(runtime_of, config, files, sdk, wraps):
    runtime = runtime_of(config, **files)
    assert (runtime.sdk, runtime.wraps) == (sdk, wraps)


def test_no_date_is_the_newest(runtime_of):
    runtime = runtime_of('compatibility_flags = ["python_workers"]')
    assert runtime.enabled
    assert str(runtime) == "no compatibility date (Pyodide 314.0.6)"
    assert runtime.facts() == {"compatibility_date": None, "pyodide": "314.0.6", "sdk": "absent"}
