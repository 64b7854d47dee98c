from __future__ import annotations

from diagnose.project import open_project
from diagnose.project.queue_roles import (
    consumed_twice,
    dead_letter_queues,
    declared_consumers,
    named_queues,
    produced_queues,
    queue_sends,
)

CONFIG = """
name = "collector"

[[queues.producers]]
binding = "CANDLES"
queue = "candles"

[[queues.producers]]
binding = "UNNAMED"

[[queues.consumers]]
queue = "candles"
dead_letter_queue = "failed"

[env.live]
[[env.live.queues.consumers]]
queue = "candles"
type = "http_pull"

[env]
broken = 1
"""


def project(write_project, files=None):
    return open_project(write_project({"wrangler.toml": CONFIG, **(files or {})}))


def test_every_name_has_its_role(write_project):
    named = named_queues(project(write_project).config)
    assert [(queue.name, queue.role, queue.location.line) for queue in named] == [
        ("candles", "producer", 4),
        ("candles", "consumer", 11),
        ("failed", "dead-letter queue", 13),
    ]


def test_consumers_of_every_environment_and_config(write_project):
    other = 'name = "writer"\n[[queues.consumers]]\nqueue = "failed"\n[[queues.consumers]]\nmax_retries = 1\n'
    declared = declared_consumers(
        project(write_project, {"writer/wrangler.toml": other, "templates/wrangler.toml": other})
    )
    assert [(one.entry.queue, one.worker, one.path, one.environment, one.pulls) for one in declared] == [
        ("candles", "collector", "wrangler.toml", None, False),
        ("candles", "collector-live", "wrangler.toml", "live", True),
        ("failed", "writer", "writer/wrangler.toml", None, False),
    ]


def test_what_is_sent_and_given_up(write_project):
    opened = project(write_project)
    assert produced_queues(opened) == {"candles"}
    assert dead_letter_queues(opened) == {"failed"}


def test_whoever_pulls_is_no_second_worker(write_project):
    opened = project(write_project)
    assert consumed_twice(opened, declared_consumers(opened)) == ()
    other = 'name = "writer"\n[[queues.consumers]]\nqueue = "candles"\n'
    opened = project(write_project, {"writer/wrangler.toml": other})
    (clash,) = consumed_twice(opened, declared_consumers(opened))
    assert [one.worker for one in clash] == ["collector", "writer"]


def test_the_send_of_another_binding_is_no_queue_s(write_project):
    worker = """from workers import WorkerEntrypoint


class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        await self.env.CANDLES.send("a")
        await self.env.UNDECLARED.send("b")
        await self.env.MAIL.send("c")
"""
    config = 'name = "a"\nmain = "worker.py"\n[[send_email]]\nname = "MAIL"\n'
    opened = open_project(write_project({"wrangler.toml": config, "worker.py": worker}))
    assert [site.binding for site in queue_sends(opened.source, opened.config)] == ["CANDLES", "UNDECLARED"]
    assert len(queue_sends(opened.source, None)) == 3
