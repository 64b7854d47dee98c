from __future__ import annotations

import pytest

from diagnose.project import Settings, TriggerSettings
from diagnose.rehearsal.reporting import reported

SETTINGS = Settings(trigger=TriggerSettings(reported="result.count"))


@pytest.mark.parametrize(
    ("body", "number"),
    [
        (b'{"result": {"count": 7}}', 7),
        (b'{"result": {"count": true}}', None),
        (b'{"result": {"count": "7"}}', None),
        (b'{"result": {}}', None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_the_number_that_the_answer_claims(body, number):
    assert reported(SETTINGS, body) == number


@pytest.mark.parametrize("settings", [Settings(), Settings(trigger=TriggerSettings())])
def test_settings_that_name_no_place(settings):
    assert reported(settings, b'{"result": {"count": 7}}') is None
