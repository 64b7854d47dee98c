"""A kill -9 of `diagnose serve` at any moment: whatever was acknowledged is there, nothing is half there.

Six moments are part of every run; `pytest tests/story/test_serve_kill.py -m kill -n 0` meets a hundred.
"""

from __future__ import annotations

import random
import threading

import pytest
from story.acknowledged import Stream, merged, observe
from story.serving import Served

STREAMS = 3
LAST = 40
MOMENTS = 100
OPTIONS = ("--quiet", "--no-live")
ACCOUNT_FILES = {
    "account.json",
    "account.lock",
    "d1",
    "history",
    "messages.sqlite",
    "modules",
    "secrets.json",
}


def kill_at(served, streams, seed):
    """Let the streams run side by side, and kill the server in a seeded moment during an operation of one."""
    chance = random.Random(seed)  # noqa: S311 - repeatable
    victim, number = chance.randrange(STREAMS), chance.randint(1, LAST)
    seconds = chance.uniform(0, 0.02)

    def before(stream):
        def count(begun):
            if stream is streams[victim] and begun == number:
                threading.Timer(seconds, served.process.kill).start()

        return count

    threads = [
        threading.Thread(target=one.run, args=(served,), kwargs={"most": 10_000, "before": before(one)})
        for one in streams
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    served.kill()


def survives(folder, seed):
    """Run, kill, restart and compare; returns how many operations were acknowledged, and how many not."""
    streams = [Stream(name=f"s{number}", seed=seed * STREAMS + number) for number in range(STREAMS)]
    with Served.start("--state", folder, *OPTIONS) as served:
        for stream in streams:
            stream.prepare(served)
        kill_at(served, streams, seed)
    with Served.start("--state", folder, *OPTIONS) as served:
        for stream in streams:
            found = observe(served, stream)
            assert found in (stream.known, merged(stream.known, stream.pending)), stream.pending
        served.create_database("after")
        assert served.stop()[0] == 0
    assert {path.name for path in folder.iterdir()} <= ACCOUNT_FILES
    return sum(stream.done for stream in streams), sum(bool(stream.pending) for stream in streams)


@pytest.mark.parametrize("seed", range(6))
def test_what_was_acknowledged_survives_a_kill(tmp_path, seed):
    acknowledged, pending = survives(tmp_path / "state", seed)
    assert acknowledged > 0
    assert pending > 0


@pytest.mark.kill
def test_a_hundred_kills(tmp_path):
    figures = [survives(tmp_path / str(seed), seed) for seed in range(MOMENTS)]
    acknowledged, pending = map(sum, zip(*figures, strict=True))
    print(f"{MOMENTS} kills: {acknowledged} acknowledged operations are there,")
    print(f"{pending} that were under way are whole or absent")
