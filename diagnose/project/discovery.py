"""Finding the wrangler config of a project folder."""

from __future__ import annotations

import os
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from diagnose.errors import UsageError
from diagnose.project.files import resolve_inside
from diagnose.project.reading import parse_document, read_text

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.project.document import ConfigDocument, Format

PRECEDENCE = ("wrangler.json", "wrangler.jsonc", "wrangler.toml")
"""The names that wrangler looks for; the first that exists is read and the others are ignored silently."""

_SEARCH_DEPTH = 3
_SHOWN = 5

_FORMATS: dict[str, Format] = {".toml": "toml", ".json": "json", ".jsonc": "jsonc"}


def find_configs(root: Path) -> tuple[str, ...]:
    """The config files directly in `root` that wrangler knows, the one it takes first."""
    return tuple(name for name in PRECEDENCE if os.path.lexists(root / name))


def configs_below(root: Path) -> tuple[str, ...]:
    """Config files a few folders below, by any name that begins with `wrangler`, for a message."""
    found = [
        path
        for depth in range(1, _SEARCH_DEPTH + 1)
        for path in root.glob("*/" * depth + "wrangler*")
        if path.suffix in _FORMATS and path.is_file()
    ]
    relative = sorted(path.relative_to(root) for path in found)
    return tuple(path.as_posix() for path in relative if not any(map(_is_foreign, path.parts)))[:_SHOWN]


def _is_foreign(folder: str) -> bool:
    """Folders whose configs belong to dependencies and tools."""
    return folder.startswith(".") or folder == "node_modules"


def relative_config(root: Path, config: str) -> str:
    """A config given by the user, relative to `root`.

    Raises:
        UsageError: it lies outside `root`.
    """
    path = os.path.relpath(os.path.join(root, config), root).replace(os.sep, "/")  # noqa: PTH118 - `/` would not fold `..`
    if path == ".." or path.startswith("../"):
        raise UsageError(
            "the config lies outside the project folder",
            where=config,
            hint="give the folder that holds it as PATH",
        )
    return path


def read_document(root: Path, path: str) -> ConfigDocument:
    """Read a config file. `path` is relative to `root`.

    Raises:
        ConfigError: it is no regular file, too large, not UTF-8, or does not parse.
        NoConfigError: there is no such file.
        ProjectError: it cannot be opened.
        UsageError: its name ends in neither `.toml`, `.json` nor `.jsonc`.
    """
    file_format = _FORMATS.get(PurePosixPath(path).suffix.lower())
    if file_format is None:
        raise UsageError("wrangler reads .toml, .json and .jsonc files only", where=path)
    return parse_document(read_text(resolve_inside(root, path), path), path, file_format)
