from __future__ import annotations

import io
import subprocess
import sys

import pytest

from diagnose.cli.streams import Progress, has_terminal, tell_wait, wants_color


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("stream", "environment", "color"),
    [
        (Terminal(), {}, True),
        (io.StringIO(), {}, False),
        (Terminal(), {"NO_COLOR": "1"}, False),
        (Terminal(), {"NO_COLOR": ""}, True),
        (io.StringIO(), {"FORCE_COLOR": "1"}, True),
        (io.StringIO(), {"FORCE_COLOR": ""}, False),
        (io.StringIO(), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (Terminal(), {"TERM": "dumb"}, False),
    ],
)
def test_the_environment_and_the_stream_decide_colour(
    stream: io.StringIO, environment: dict[str, str], color: bool
):
    assert wants_color(stream, environment) is color


@pytest.mark.parametrize("stdin", [Terminal, io.StringIO])
@pytest.mark.parametrize("stderr", [Terminal, io.StringIO])
def test_a_person_is_at_both_ends(monkeypatch: pytest.MonkeyPatch, stdin: type, stderr: type):
    monkeypatch.setattr(sys, "stdin", stdin())
    monkeypatch.setattr(sys, "stderr", stderr())

    assert has_terminal() is (stdin is stderr is Terminal)


def test_progress_is_one_line_at_a_terminal(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", Terminal())

    progress = Progress()
    progress.checking("LIM001", 0, 19)
    progress.clear()

    assert sys.stderr.getvalue() == "\r\x1b[2Kchecking LIM001 (1/19)\r\x1b[2K"


def test_progress_is_silent_elsewhere(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())

    Progress().checking("LIM001", 0, 19)

    assert sys.stderr.getvalue() == ""


@pytest.mark.parametrize(("stream", "start"), [(Terminal, "\r\x1b[2K"), (io.StringIO, "")])
def test_a_wait_is_told_wherever_stderr_goes(monkeypatch: pytest.MonkeyPatch, stream: type, start: str):
    monkeypatch.setattr(sys, "stderr", stream())

    tell_wait(37.4, "the API asked to wait (HTTP 429)")

    assert sys.stderr.getvalue() == f"{start}waiting 37 s: the API asked to wait (HTTP 429)\n"


@pytest.mark.parametrize(
    ("closed", "out", "err"),
    [("<&-", "out\n", "err\n"), (">&-", "", "err\n"), ("2>&-", "out\n", ""), ("<&- >&- 2>&-", "", "")],
)
def test_a_stream_that_the_caller_closed_is_read_and_written_nowhere(closed: str, out: str, err: str):
    code = (
        "import os, sys; from diagnose.cli.streams import has_terminal, open_closed_streams; "
        "open_closed_streams(); assert os.open('.', os.O_RDONLY) > 2; "
        "assert sys.stdin.read() == ''; print('out'); print('err', file=sys.stderr); sys.exit(has_terminal())"
    )
    ended = subprocess.run(
        ["sh", "-c", f'exec "$@" {closed}', "sh", sys.executable, "-c", code],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, out, err)
