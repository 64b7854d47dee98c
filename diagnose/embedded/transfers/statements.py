"""The statements of a file that may be larger than memory."""

from __future__ import annotations

import codecs
from typing import TYPE_CHECKING, Final

from diagnose.d1.errors import D1Error
from diagnose.d1.splitting import statements_in

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CHUNK_BYTES: Final = 1 << 20
_MOST_CHARACTERS: Final = 16 * _CHUNK_BYTES  # far more than a statement may have


def statements_of(file: Path) -> Iterator[str]:
    """Every statement of a file, in order.

    Raises:
        D1Error: the file is not UTF-8, or one of its statements does not end.
        OSError: it cannot be read.
    """
    rest = ""
    for text in _texts(file):
        rest += text
        # The last piece may go on in the next chunk; so may a comment behind it.
        held = None
        for start, statement in statements_in(rest):
            if held is not None:
                yield held[1]
            held = start, statement
        rest = rest[held[0] :] if held else rest
        if len(rest) > _MOST_CHARACTERS:
            raise D1Error.from_sqlite("statement too long", code="SQLITE_TOOBIG")
    for _, statement in statements_in(rest):
        yield statement


def _texts(file: Path) -> Iterator[str]:
    decode = codecs.getincrementaldecoder("utf-8")().decode
    with file.open("rb") as stream:
        try:
            while chunk := stream.read(_CHUNK_BYTES):
                yield decode(chunk)
            yield decode(b"", final=True)
        except UnicodeDecodeError as error:
            raise D1Error("the file is not valid UTF-8") from error
