from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from diagnose.engine.records import finding_from_json, finding_to_json
from diagnose.model import FixInfo, Location, Safety

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.model import Finding


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"location": Location("src/worker.py", 3, 7)},
        {"location": Location("wrangler.toml"), "resource": "d1/tides", "explains": ("E2E001", "E2E002")},
        {"fix": FixInfo(available=False)},
        {"fix": FixInfo(available=True, safety=Safety.DATA)},
    ],
)
def test_a_finding_survives_the_journal(finding: Callable[..., Finding], fields: dict[str, object]):
    before = finding("LIM001", **fields)

    assert finding_from_json(json.loads(json.dumps(finding_to_json(before)))) == before


def test_evidence_is_kept_without_its_timeline(finding: Callable[..., Finding]):
    before = finding("E2E002", evidence={"landed": 0, "timeline": [{"at_ms": 0.1}]})

    assert finding_from_json(finding_to_json(before)).evidence == {"landed": 0}
