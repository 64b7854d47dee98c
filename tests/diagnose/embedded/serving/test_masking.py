from __future__ import annotations

import pytest
from websockets.frames import Frame, Opcode
from websockets.streams import StreamReader

from diagnose.embedded.serving.masking import Masking

FRAMES = [
    Frame(Opcode.TEXT, b'{"debug":false}'),
    Frame(Opcode.PING, b""),
    Frame(Opcode.BINARY, bytes(range(256))),
    Frame(Opcode.TEXT, b"x" * 70_000),
    Frame(Opcode.CLOSE, b"\x03\xe8"),
]


def read(data: bytes) -> list[Frame]:
    """The frames as a strict server reads them."""
    reader = StreamReader()
    reader.feed_data(data)
    reader.feed_eof()
    found = []
    while reader.buffer:
        parser = Frame.parse(reader.read_exact, mask=True)
        with pytest.raises(StopIteration) as ended:
            next(parser)
        found.append(ended.value.value)
    return found


@pytest.mark.parametrize("masks", [(False,) * 5, (True,) * 5, (False, True, False, True, True)])
@pytest.mark.parametrize("step", [1, 2, 3, 7, 1000, 100_000])
def test_frames_are_what_was_sent_however_they_are_cut(masks: tuple[bool, ...], step: int):
    sent = b"".join(frame.serialize(mask=mask) for frame, mask in zip(FRAMES, masks, strict=True))
    masking = Masking()

    read_instead = b"".join(masking.feed(sent[at : at + step]) for at in range(0, len(sent), step))

    assert read(read_instead) == FRAMES


def test_masked_frames_stay_byte_for_byte():
    sent = b"".join(frame.serialize(mask=True) for frame in FRAMES)

    assert Masking().feed(sent) == sent
