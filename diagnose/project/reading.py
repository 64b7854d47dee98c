"""Config text: from bytes on disk to a document."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from diagnose.errors import ConfigError, NoConfigError, ProjectError
from diagnose.project.document import ConfigDocument
from diagnose.project.jsonc import read_jsonc
from diagnose.project.toml_text import read_toml

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.project.document import Format, Layout

MAX_CONFIG_BYTES = 500_000
"""A config has some kilobytes; a file of megabytes is something else under a config's name."""

_SEPARATOR = re.compile(r"^---[ \t]*\r?$", re.MULTILINE)


class SplitDocumentsError(ConfigError):
    """Several documents in one file, divided by `---` lines, which belong to YAML.

    Attributes:
        line: of the first `---`.
        documents: the texts between the dividing lines, in order.
    """

    def __init__(self, path: str, line: int, documents: tuple[str, ...]) -> None:
        super().__init__(
            f"holds {len(documents)} documents divided by `---`",
            where=f"{path}:{line}:1",
            line=line,
            column=1,
            why="wrangler reads one document per file and stops here",
            hint="give each worker a config file of its own: `diagnose fix` splits the file",
        )
        self.documents = documents


def parse_document(text: str, path: str, file_format: Format) -> ConfigDocument:
    """A document from its text.

    Raises:
        ConfigError: it does not parse, or is no table of keys (SplitDocumentsError: several documents).
    """
    try:
        layout = _read_layout(text, path, file_format)
    except ConfigError as error:
        raise _split(text, path) or error from error
    if not isinstance(layout.data, dict):
        raise ConfigError("must hold an object", where=f"{path}:1:1", line=1, column=1)
    return ConfigDocument(path=path, format=file_format, text=text, data=layout.data, layout=layout)


def with_text(document: ConfigDocument, text: str) -> ConfigDocument:
    """The document after an edit of its text. Raises ConfigError when the text does not parse."""
    return parse_document(text, document.path, document.format)


def _read_layout(text: str, path: str, file_format: Format) -> Layout:
    return read_toml(text, path) if file_format == "toml" else read_jsonc(text, path)


def _split(text: str, path: str) -> SplitDocumentsError | None:
    """The more telling error, when a `---` line divides the text into several documents."""
    dividers = list(_SEPARATOR.finditer(text))
    parts: list[str] = []
    start = 0
    for divider in dividers:
        parts.append(text[start : divider.start()])
        start = min(divider.end() + 1, len(text))
    documents = tuple(part for part in (*parts, text[start:]) if part.strip())
    if len(documents) < 2:  # noqa: PLR2004 - several
        return None
    return SplitDocumentsError(path, text.count("\n", 0, dividers[0].start()) + 1, documents)


def read_text(file: Path, path: str) -> str:
    """The text of a config file; messages name it by `path`.

    Raises:
        ConfigError: it is no regular file, too large, or not UTF-8.
        NoConfigError: there is no such file.
        ProjectError: it cannot be opened.
    """
    content = _read_bytes(file, path)
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise ConfigError(
            "is not UTF-8",
            where=f"{path}:{line}",
            line=line,
            why="wrangler cannot read it",
            hint="save the file as UTF-8",
        ) from error


def _read_bytes(file: Path, path: str) -> bytes:
    try:
        if not file.is_file() and file.exists():
            raise ConfigError("is not a regular file", where=path, hint="put the wrangler config there")
        size = file.stat().st_size
        if size > MAX_CONFIG_BYTES:
            raise ConfigError(
                f"has {size:,} bytes, and a wrangler config has some thousands",
                where=path,
                hint="name the right file with --config",
            )
        return file.read_bytes()
    except FileNotFoundError as error:
        raise NoConfigError("there is no such config file", where=path) from error
    except OSError as error:
        raise ProjectError(f"cannot be read: {error.strerror}", where=path) from error
