from __future__ import annotations

import pytest

from diagnose.errors import ProjectError
from diagnose.model import Location
from diagnose.project import with_text
from diagnose.project.environment_copies import copied
from diagnose.project.inheritance import NotInherited


def missing(key, *entries, environment="staging"):
    return NotInherited(
        environment=environment,
        key=key,
        names=("NAME",),
        entries=entries,
        declared_in=None,
        function="on_fetch",
        used_at=Location("w.py", 1, 1),
    )


def test_ids_are_to_be_filled_in_and_names_are_its_own(toml):
    document = toml(
        """
        [[d1_databases]]
        binding = "DB"
        database_id = "8f2c6a1e-4b0d-4f39-9a57-3c1e5d7b9042"

        [[d1_databases]]
        binding = "LOG"
        database_name = "log"
        """
    )
    copy = copied(document, missing("d1_databases", ("d1_databases", 0), ("d1_databases", 1)))
    assert with_text(document, copy.text).get("env", "staging", "d1_databases") == [
        {"binding": "DB", "database_id": "<id of DB in staging>"},
        {"binding": "LOG", "database_name": "log-staging"},
    ]
    assert copy.made == ("log-staging",)


def test_the_environment_as_a_suffix(toml):
    document = toml('queues = { producers = [{ binding = "Q", queue = "jobs" }] }\n')
    copy = copied(document, missing("queues", ("queues", "producers", 0), environment="Pre View_2"))
    assert copy.made == ("jobs-pre-view-2",)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            '[ai]\nbinding = "AI"\n\n[env.staging]\nlogpush = true\n',
            '[ai]\nbinding = "AI"\n\n[env.staging]\nlogpush = true\n\n[env.staging.ai]\nbinding = "AI"\n',
        ),
        (
            '[ai]\nbinding = "AI"\n\n[env]\nstaging = { logpush = true }\n',
            '[ai]\nbinding = "AI"\n\n[env]\nstaging = { logpush = true, ai = { binding = "AI" } }\n',
        ),
    ],
)
def test_what_has_no_identity_is_copied_as_it_is(toml, text, expected):
    assert copied(toml(text), missing("ai", ("ai",))).text == expected


@pytest.mark.parametrize("key", ["services", "durable_objects", "hyperdrive", "vectorize"])
def test_what_may_be_shared_or_not_is_left_to_a_person(toml, key):
    document = toml(f'[[{key}]]\nbinding = "NAME"\n')
    with pytest.raises(ProjectError, match=f"whether `{key}` of the top level may be used in staging"):
        copied(document, missing(key, (key, 0)))
