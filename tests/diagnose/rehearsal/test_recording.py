from __future__ import annotations

import pytest

from diagnose.account.outbound import OutboundError
from diagnose.embedded.invocation import BindingError, HttpAnswer, OutboundRequest
from diagnose.project.response_files import Recording
from diagnose.project.settings import RecordedResponse, Settings
from diagnose.rehearsal.recording import Recorder
from diagnose.rehearsal.redacting import Redaction

pytestmark = pytest.mark.anyio
ROWS = OutboundRequest(url="https://a.example/rows?token=x")
NOTHING = Settings()


def recorder(*answers, settings=NOTHING, overwrite=False) -> Recorder:
    given = iter(answers)

    async def fetch(request: OutboundRequest) -> HttpAnswer:
        answer = next(given)
        if isinstance(answer, Exception):
            raise answer
        return HttpAnswer(status=200, headers={"content-type": "text/plain", "server": "s"}, body=answer)

    return Recorder(fetch, Redaction(("hush!",)), settings, overwrite=overwrite)


async def test_the_worker_sees_the_answer_and_the_record_no_secret():
    recording = recorder(b"hush!")
    answer = await recording(ROWS)
    assert (answer.body, answer.headers["server"]) == (b"hush!", "s")
    assert recording.recordings == (
        Recording(
            method="GET",
            url="https://a.example/rows?token=*",
            status=200,
            headers={"content-type": "text/plain"},
            body=b"[hidden]",
        ),
    )


@pytest.fixture
def settings(tmp_path):
    (tmp_path / "rows.txt").write_bytes(b"old")
    entry = RecordedResponse(url="https://a.example/rows*", body_file="rows.txt")
    return Settings(responses=(entry,), directory=tmp_path)


async def test_what_is_on_file_is_not_asked_again(settings):
    recording = recorder(settings=settings)
    assert (await recording(ROWS)).body == b"old"
    assert (recording.recordings, recording.kept) == ((), 1)


async def test_what_is_on_file_can_be_asked_again(settings):
    recording = recorder(b"new", settings=settings, overwrite=True)
    assert (await recording(ROWS)).body == b"new"
    (found,) = recording.recordings
    assert (found.url, found.body, found.replaces) == ("https://a.example/rows*", b"new", 0)


async def test_the_first_of_several_answers_is_kept_and_the_change_told():
    recording = recorder(b"1", b"2", b"1")
    for _ in range(3):
        await recording(ROWS)
    assert [one.body for one in recording.recordings] == [b"1"]
    assert recording.changing == ["https://a.example/rows?token=*"]


async def test_a_failure_is_one_for_the_worker_too():
    recording = recorder(OutboundError("no answer: hush!", where="https://a.example/rows"))
    with pytest.raises(BindingError, match=r"fetch failed: https://a.example/rows: no answer: \[hidden\]"):
        await recording(ROWS)
    assert recording.problems == ["https://a.example/rows: no answer: [hidden]"]
    assert recording.recordings == ()
