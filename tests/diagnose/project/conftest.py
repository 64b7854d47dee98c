"""What the tests of the project package share."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pytest

from diagnose.project import parse_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.project import ConfigDocument


@pytest.fixture
def toml() -> Callable[[str], ConfigDocument]:
    """Make a TOML document from indented text."""
    return lambda text: parse_document(textwrap.dedent(text).lstrip("\n"), "wrangler.toml", "toml")


@pytest.fixture
def jsonc() -> Callable[[str], ConfigDocument]:
    """Make a JSONC document from indented text."""
    return lambda text: parse_document(textwrap.dedent(text).lstrip("\n"), "wrangler.jsonc", "jsonc")
