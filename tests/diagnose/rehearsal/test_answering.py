from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.embedded.invocation import OutboundRequest
from diagnose.errors import ProjectError
from diagnose.project import RecordedResponse, Settings
from diagnose.rehearsal.answering import recorded_responses

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "recorded").mkdir()
    (tmp_path / "recorded" / "levels.json").write_bytes(b'{"levels": []}')
    (tmp_path / "recorded" / "other.json").write_bytes(b"{}")
    return tmp_path


def answer(folder: Path, request: tuple[str, str], *responses: RecordedResponse) -> tuple | None:
    settings = Settings(responses=responses, directory=folder, path="diagnose.toml")
    found = recorded_responses(settings)(OutboundRequest(method=request[0], url=request[1]))
    return None if found is None else (found.status, dict(found.headers), found.body)


@pytest.mark.parametrize(
    ("pattern", "url", "matches"),
    [
        ("https://a.example/levels", "https://a.example/levels", True),
        ("https://a.example/levels", "https://a.example/levels?day=1", False),
        ("https://a.example/levels?day=1", "https://a.example/levels?day=1", True),
        ("https://a.example/levels?day=1", "https://a.example/levelday=1", False),
        ("https://a.example/*", "https://a.example/x/y?z=1", True),
        ("https://*.example/levels", "https://b.example/levels", True),
        ("https://a.example/levels", "https://aXexample/levels", False),
        ("*", "https://a.example/", True),
    ],
)
def test_a_star_stands_for_anything_and_all_else_for_itself(
    folder: Path, pattern: str, url: str, matches: bool
):
    recorded = RecordedResponse(url=pattern, body_file="recorded/levels.json")

    assert (answer(folder, ("GET", url), recorded) is not None) is matches


def test_the_first_that_matches_method_and_url_answers(folder: Path):
    posted = RecordedResponse(url="*", method="post", status=201, body_file="recorded/other.json")
    any_method = RecordedResponse(url="*", headers={"X-Page": "1"}, body_file="recorded/levels.json")

    assert answer(folder, ("POST", "https://a.example/"), posted, any_method) == (
        201,
        {"content-type": "application/json"},
        b"{}",
    )
    assert answer(folder, ("GET", "https://a.example/"), posted, any_method) == (
        200,
        {"content-type": "application/json", "x-page": "1"},
        b'{"levels": []}',
    )


def test_headers_of_the_settings_win(folder: Path):
    recorded = RecordedResponse(
        url="*", headers={"Content-Type": "text/csv"}, body_file="recorded/levels.json"
    )

    found = answer(folder, ("GET", "https://a.example/"), recorded)

    assert found is not None
    assert found[1] == {"content-type": "text/csv"}


def test_without_a_match_there_is_no_answer(folder: Path):
    assert answer(folder, ("GET", "https://a.example/")) is None


@pytest.mark.parametrize("body_file", ["recorded/missing.json", "recorded"])
def test_a_body_that_cannot_be_read_is_named(folder: Path, body_file: str):
    recorded = RecordedResponse(url="*", body_file=body_file)

    with pytest.raises(ProjectError, match="recorded response cannot be read") as caught:
        answer(folder, ("GET", "https://a.example/"), recorded)
    assert caught.value.where == f"diagnose.toml: {body_file}"


def test_a_body_outside_the_project_is_refused(folder: Path):
    recorded = RecordedResponse(url="*", body_file="../secret.json")

    with pytest.raises(ProjectError, match=r"`\.\.` part"):
        answer(folder, ("GET", "https://a.example/"), recorded)
