"""docs/clients.md lists what the tests call: no more, no less."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from clients.proven import sdk_calls, wrangler_commands
from clients.wrangler import PROJECTS, RELEASES

PAGE = (Path(__file__).parent.parent.parent / "docs" / "clients.md").read_text(encoding="utf-8")
ABOUT_WRANGLER, ABOUT_SDK = PAGE.split("## The official Python SDK")
ROW = re.compile(r"^\| `([^`]+)` \|", re.MULTILINE)


def test_every_command_of_wrangler_is_listed():
    assert ROW.findall(ABOUT_WRANGLER) == sorted(wrangler_commands())


def test_every_call_of_the_sdk_is_listed():
    assert ROW.findall(ABOUT_SDK) == sorted(sdk_calls())


def test_the_releases_are_those_that_are_locked():
    assert f"## wrangler {RELEASES[0]} and {RELEASES[1]}\n" in PAGE
    assert {folder.name for folder in PROJECTS.iterdir()} == {f"wrangler-{release}" for release in RELEASES}


@pytest.mark.parametrize("release", RELEASES, ids=str)
def test_a_lock_names_no_registry(release):
    lock = (PROJECTS / f"wrangler-{release}" / "package-lock.json").read_text(encoding="utf-8")
    assert f'"wrangler": "{release}"' in lock
    assert '"resolved"' not in lock
