"""`diagnose --version` beside `import click`, the least that a command line on click can take.

pytest tests/bench -m bench -n 0 -s
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import pytest

ROUNDS = 10
GOAL = 1.3
COMMANDS = {
    "import click": [sys.executable, "-c", "import click"],
    "diagnose --version": [sys.executable, "-m", "diagnose", "--version"],
}


def seconds(command: list[str]) -> float:
    started = time.perf_counter()
    subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
    return time.perf_counter() - started


@pytest.mark.bench
def test_start_up(capsys: pytest.CaptureFixture[str]):
    for command in COMMANDS.values():
        seconds(command)

    rounds = [{name: seconds(command) for name, command in COMMANDS.items()} for _ in range(ROUNDS)]

    medians = {name: statistics.median(times[name] for times in rounds) for name in COMMANDS}
    base, ours = medians.values()
    with capsys.disabled():
        print()
        for name, median in medians.items():
            print(f"{name:20} median of {ROUNDS}: {median * 1000:6.1f} ms")
        print(f"ratio {ours / base:.2f} (goal: at most {GOAL})")
