"""What the tests of the project package share."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, settings

from diagnose.project import parse_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.project import ConfigDocument


# Other tests share the cores: how long an example takes says nothing about the code.
settings.register_profile("project", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("project")


@pytest.fixture
def toml() -> Callable[[str], ConfigDocument]:
    """Make a TOML document from indented text."""
    return lambda text: parse_document(textwrap.dedent(text).lstrip("\n"), "wrangler.toml", "toml")


@pytest.fixture
def jsonc() -> Callable[[str], ConfigDocument]:
    """Make a JSONC document from indented text."""
    return lambda text: parse_document(textwrap.dedent(text).lstrip("\n"), "wrangler.jsonc", "jsonc")
