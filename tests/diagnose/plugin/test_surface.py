from __future__ import annotations

import inspect

import diagnose.plugin
from diagnose.model import Step


def test_the_surface_is_sorted_and_complete():
    public = {name for name, value in vars(diagnose.plugin).items() if inspect.isclass(value)}

    assert diagnose.plugin.__all__ == sorted(diagnose.plugin.__all__)
    assert public | {"Json", "listed"} == set(diagnose.plugin.__all__)
    assert diagnose.plugin.Step is Step
