from __future__ import annotations

import asyncio

import pytest

from diagnose.embedded.invocation import RuntimeLimits
from diagnose.embedded.runtime.codec import MalformedFrameError
from diagnose.embedded.runtime.frames import FrameReader, location_of, pack, parse_frame
from diagnose.model import Location

LIMITS = RuntimeLimits(frame_bytes=100, total_bytes=150)


def _reader(content: bytes) -> FrameReader:
    stream = asyncio.StreamReader()
    stream.feed_data(content)
    stream.feed_eof()
    return FrameReader(stream, LIMITS)


@pytest.mark.anyio
async def test_reads_frames_until_the_end():
    reader = _reader(pack({"op": "a"}) + pack({"op": "b"}))
    assert [await reader.read(), await reader.read(), await reader.read()] == [{"op": "a"}, {"op": "b"}, None]


@pytest.mark.anyio
@pytest.mark.parametrize(
    "content", [b"\x00", b"\x00\x00\x00\x05{}", b"\x7f\xff\xff\xff", pack({"op": "x" * 101})]
)
async def test_refuses_cut_and_large_frames(content):
    with pytest.raises(MalformedFrameError):
        await _reader(content).read()


@pytest.mark.anyio
async def test_all_frames_together_are_bounded():
    reader = _reader(pack({"op": "x" * 80}) * 2)
    await reader.read()
    with pytest.raises(MalformedFrameError):
        await reader.read()


@pytest.mark.parametrize("content", [b"", b"nope", b"[]", b"{}", b'{"op": 1}', b"[" * 5000, b"\xff"])
def test_refuses_what_is_no_operation(content):
    with pytest.raises(MalformedFrameError):
        parse_frame(content)


@pytest.mark.parametrize(
    ("at", "location"),
    [
        (["a.py", 3], Location("a.py", 3)),
        (["/etc/passwd", 3], None),
        (["a.py", 0], None),
        (["a.py", "3"], None),
        (None, None),
    ],
)
def test_places_must_be_the_workers_own(at, location):
    assert location_of({"op": "log", "at": at}, frozenset({"a.py"})) == location
