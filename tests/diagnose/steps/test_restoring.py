from __future__ import annotations

import pytest

from diagnose.errors import StepError
from diagnose.model import Effect
from diagnose.steps import KINDS, restore_step


def test_every_kind_is_known_by_its_name():
    assert list(KINDS) == [
        "edit-file",
        "apply-migration",
        "create-queue",
        "attach-consumer",
        "deploy-worker",
        "import-rows",
        "put-secret",
    ]
    assert all(step.kind == kind for kind, step in KINDS.items())
    assert {kind for kind, step in KINDS.items() if step.effect is Effect.FILES} == {"edit-file"}


def test_an_unknown_kind_is_refused():
    with pytest.raises(StepError, match="unknown kind 'format-disk'"):
        restore_step("format-disk", {})


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("record", [{}, {"path": 1}, {"script_name": "tides", "previous_versions": 7}])
def test_a_record_of_something_else_is_refused(kind: str, record: dict[str, object]):
    with pytest.raises(StepError, match=f"record of a step '{kind}' cannot be read"):
        restore_step(kind, record)
