from __future__ import annotations

from diagnose.project import open_project
from diagnose.project.neighbours import (
    bound_as_service,
    neighbour_configs,
    neighbour_projects,
    queues_fed_elsewhere,
)

CALLER = '{"name": "front", "services": [{"binding": "IMPORT", "service": "rates"}]}'


def test_other_configs_of_the_project_are_found(write_project):
    folder = write_project(
        {
            "wrangler.toml": 'name = "rates"',
            "front/wrangler.json": CALLER,
            "broken/wrangler.toml": "name =",
            "node_modules/x/wrangler.json": CALLER,
            ".wrangler/wrangler.json": CALLER,
        }
    )
    project = open_project(folder)
    assert [document.path for document in neighbour_configs(project)] == ["front/wrangler.json"]
    assert bound_as_service(project, "rates") == "front/wrangler.json"
    assert bound_as_service(project, "prices") is None


def test_other_workers_are_opened_for_the_same_environment(write_project):
    both = '\n[env.live]\nname = "live"\n[env.test]\nname = "test"\n'
    folder = write_project(
        {
            "wrangler.toml": f'name = "rates"{both}',
            "front/wrangler.toml": f'name = "front"\nmain = "front.py"{both}',
            "back/wrangler.toml": 'name = "back"\n[env.other]\nname = "other"\n',
        }
    )
    (front,) = neighbour_projects(open_project(folder, environment="live"))
    assert (front.config_path, front.config.name) == ("front/wrangler.toml", "live")
    assert front.config.main == "front.py"


def test_a_service_binding_of_an_environment_counts(write_project):
    config = 'name = "front"\n[[env.live.services]]\nbinding = "IMPORT"\nservice = "rates"\n'
    folder = write_project({"wrangler.toml": 'name = "rates"', "front/wrangler.toml": config})
    assert bound_as_service(open_project(folder), "rates") == "front/wrangler.toml"


def test_queues_that_other_workers_feed(write_project):
    producer = '[[queues.producers]]\nbinding = "Q"\nqueue = "own"\n'
    config = (
        'name = "front"\n[[queues.producers]]\nbinding = "Q"\nqueue = "rates"\n'
        '[[env.live.queues.producers]]\nbinding = "Q"\nqueue = "rates-live"\n'
    )
    folder = write_project({"wrangler.toml": 'name = "rates"\n' + producer, "front/wrangler.toml": config})
    assert queues_fed_elsewhere(open_project(folder)) == {"rates", "rates-live"}
