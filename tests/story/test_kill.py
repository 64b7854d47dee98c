"""A kill -9 at every step of `fix`: what is left can be continued, and can be undone.

The process kills itself right before it opens the journal for the n-th time, so that every state between
two events is met: before a step, between its record and its act, and between its act and its receipt.
"""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys

import pytest

ANSWERS = ("--option", "option=direct", "--option", "trigger=cron:0 3 * * *")
DRIVER = """
import os, signal, sys
left = int(sys.argv.pop(1))
def hook(event, arguments):
    global left
    if event == "open" and str(arguments[0]).endswith(".jsonl") and "a" in str(arguments[1]):
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
sys.addaudithook(hook)
from diagnose.cli import main
main()
"""
LAST = 34


def fix_until(folder, opening):
    return subprocess.run(
        [sys.executable, "-c", DRIVER, str(opening), "fix", str(folder), "--yes", *ANSWERS],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


@pytest.mark.parametrize("opening", range(LAST))
def test_a_killed_fix_continues_and_can_be_undone(
    diagnose, broken_demo, fixed_demo, tmp_path, opening, sources
):
    killed = shutil.copytree(broken_demo, tmp_path / "killed")
    ended = fix_until(killed, opening)
    if ended.returncode == 0:
        pytest.skip(f"fix opens its journal {opening} times at most")
    assert ended.returncode == -signal.SIGKILL, ended.stdout + ended.stderr

    undone = shutil.copytree(killed, tmp_path / "undone")
    assert diagnose("undo", undone, "--yes").code == 0
    assert sources(undone) == sources(broken_demo)

    continued = diagnose("fix", killed, "--yes", *ANSWERS)
    assert continued.code == 0, continued.out + continued.err
    assert sources(killed) == sources(fixed_demo)
    assert rows_of(killed) == rows_of(fixed_demo)

    assert diagnose("undo", killed, "--yes").code == 0
    assert sources(killed) == sources(broken_demo)


def rows_of(folder):
    from diagnose.d1 import Statement
    from diagnose.demo.account import MAIN
    from diagnose.embedded import EmbeddedAccount

    with EmbeddedAccount.load_snapshot(folder / ".diagnose" / "account") as account:
        result = account.database(MAIN.uuid).run(
            Statement("SELECT * FROM price_data ORDER BY symbol, timestamp, timeframe")
        )
    return result.rows
