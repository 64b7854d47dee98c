"""Workers travel as `multipart/form-data`: parts to send, and the modules that come back."""

from __future__ import annotations

import re
from email.message import Message
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES: Final = re.compile(rb';\s*(filename|name)="([^"]*)"', re.IGNORECASE)


class Part(NamedTuple):
    """One part of a form to send."""

    name: str
    file_name: str | None
    content: bytes
    content_type: str | None


def read_modules(content_type: str, body: bytes) -> dict[str, bytes]:
    """Content by module name. Raises ValueError when the body is no such form (RFC 7578)."""
    header = Message()
    header["Content-Type"] = content_type
    boundary = header.get_boundary()
    if header.get_content_type() != "multipart/form-data" or boundary is None:
        raise ValueError(f"the content type {content_type!r} is not that of a form")
    return dict(_modules(body, b"--" + boundary.encode("latin-1")))


def _modules(body: bytes, delimiter: bytes) -> Iterator[tuple[str, bytes]]:
    # A line end belongs to the delimiter that follows it, so the first one is given one as well.
    _, *parts = (b"\r\n" + body).split(b"\r\n" + delimiter)
    for part in parts:
        if part.startswith(b"--"):
            return
        head, blank, content = part.partition(b"\r\n\r\n")
        if not blank:
            break
        yield _name(head), content
    raise ValueError("the form has no end")


def _name(head: bytes) -> str:
    """The file name of a part, else its name; a quotation mark travels as %22."""
    names = {key.lower(): value for key, value in _NAMES.findall(head)}
    name = names.get(b"filename") or names.get(b"name")
    if name is None:
        raise ValueError("a part of the form has no name")
    return str(name.decode()).replace("%22", '"')
