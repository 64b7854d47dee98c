"""Programs that are killed while they write."""

from __future__ import annotations

import signal
import subprocess
import sys
import time


def write_until_killed(program: str, *words: object, seconds: float) -> list[str]:
    """The lines that a Python program said, killed these seconds after its first line about a row."""
    process = subprocess.Popen(
        [sys.executable, "-c", program, *map(str, words)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if line.startswith("row"):
            break
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    with process.stdout:
        lines += process.stdout.read().split("\n")
    assert process.wait() == -signal.SIGKILL
    return [line for line in lines if line.strip()]
