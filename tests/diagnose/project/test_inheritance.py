from __future__ import annotations

import pytest

from diagnose.model import Location
from diagnose.project.inheritance import not_inherited
from diagnose.project.source import BindingUse, Handler, Source


def use(name, line=1, **facts):
    return BindingUse(
        binding=name,
        method=None,
        guarded=facts.pop("guarded", False),
        location=Location("w.py", line, 1),
        function="Default.fetch",
        **facts,
    )


def source(*uses, handlers=()):
    return Source(language="python", main="w.py", modules=(), handlers=handlers, binding_uses=uses)


def told(missing):
    return [(one.environment, one.key, one.names, one.declared_in) for one in missing]


@pytest.fixture
def config(toml):
    return toml(
        """
        name = "a"
        main = "w.py"

        [[d1_databases]]
        binding = "DB"

        [[d1_databases]]
        binding = "LOG"

        [[kv_namespaces]]
        binding = "CACHE"

        [[queues.consumers]]
        queue = "jobs"

        [env.live]
        kv_namespaces = [{ binding = "CACHE" }, { binding = "OWN" }]

        [env.other]
        main = "other.py"

        [env.quiet]
        queues = { consumers = [{ queue = "jobs", type = "http_pull" }] }
        d1_databases = [{ binding = "DB" }, { binding = "LOG" }]
        kv_namespaces = [{ binding = "CACHE" }, { binding = "OWN" }]
        """
    )


def test_bindings_are_grouped_by_their_key(config):
    missing = not_inherited(config, source(use("LOG", 3), use("DB", 5), use("CACHE"), use("DB", 9)))
    assert told(missing) == [("live", "d1_databases", ("DB", "LOG"), None)]
    assert missing[0].entries == (("d1_databases", 0), ("d1_databases", 1))
    assert (missing[0].used_at, missing[0].function) == (Location("w.py", 5, 1), "Default.fetch")


def test_what_only_environments_declare_is_told_once(config):
    missing = not_inherited(config, source(use("OWN")))
    assert told(missing) == [(None, "kv_namespaces", ("OWN",), "live")]
    assert missing[0].entries == (("env", "live", "kv_namespaces", 1),)


def test_reads_that_provide_for_absence_or_that_nothing_reaches(config):
    assert not_inherited(config, source(use("DB", guarded=True), use("LOG", reachable=False))) == ()


@pytest.mark.parametrize("class_name", ["Default", None])
def test_consumers_where_there_is_a_handler(config, class_name):
    handler = Handler(
        kind="queue",
        style="class" if class_name else "module",
        class_name=class_name,
        name="queue" if class_name else "on_queue",
        parameters=("batch",),
        location=Location("w.py", 4, 5),
    )
    missing = not_inherited(config, source(handlers=(handler,)))
    assert told(missing) == [("live", "queues.consumers", ("jobs",), None)]
    assert missing[0].function == ("Default.queue" if class_name else "on_queue")
