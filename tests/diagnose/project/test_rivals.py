from __future__ import annotations

from diagnose.project import open_project
from diagnose.project.rivals import Ignored, ignored_configs, same_worker

TOML = 'name = "rates"\nmain = "src/w.py"\nworkers_dev = false\n'


def test_what_differs_beside_the_first(write_project):
    folder = write_project(
        {
            "wrangler.json": '{"name": "rates", "main": "src/w.py", "$schema": "x", "routes": []}',
            "wrangler.jsonc": "{",
            "wrangler.toml": TOML,
        }
    )
    assert ignored_configs(open_project(folder)) == (
        Ignored(path="wrangler.jsonc", differs=None),
        Ignored(path="wrangler.toml", differs=("routes", "workers_dev")),
    )


def test_the_same_entry_module_written_from_elsewhere(write_project):
    folder = write_project(
        {
            "wrangler.toml": TOML,
            "src/wrangler.toml": 'name = "rates"\nmain = "w.py"\n',
            "jobs/wrangler.toml": 'name = "rates"\nmain = "w.py"\n',
        }
    )
    project = open_project(folder)
    assert [document.path for document in same_worker(project, project.config)] == ["jobs/wrangler.toml"]
