"""Entries of `[[ignore]]` where they stand in the settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from diagnose.project.edits import EditError, remove_key, remove_table
from diagnose.project.reading import parse_document, read_text, with_text
from diagnose.project.settings_file import PYPROJECT_FILE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from diagnose.project.document import ConfigDocument, Keys

KEYS = ("code", "path", "reason", "until")


def settings_document(root: Path, path: str) -> ConfigDocument:
    """The settings file as it is now.

    Raises:
        ConfigError: it does not parse.
        ProjectError: it cannot be read.
    """
    return parse_document(read_text(root / path, path), path, "toml")


def without_ignore(document: ConfigDocument, wanted: Mapping[str, str | None]) -> str | None:
    """The text without the entries that say this, or None where there is none.

    Args:
        document: the settings file.
        wanted: code, path, reason and until of the entry, each as text; None for what it does not say.

    Raises:
        EditError: one cannot be removed without changing more.
    """
    parent: Keys = ("tool", "diagnose") if document.path.rpartition("/")[2] == PYPROJECT_FILE else ()
    entries = document.get(*parent, "ignore")
    numbers = [n for n, entry in enumerate(entries or ()) if _says(entry, wanted)]
    for number in reversed(numbers):
        document = with_text(document, _without(document, (*parent, "ignore", number)))
    return document.text if numbers else None


def _says(entry: Any, wanted: Mapping[str, str | None]) -> bool:
    return all((None if entry.get(key) is None else str(entry[key])) == wanted.get(key) for key in KEYS)


def _without(document: ConfigDocument, keys: Keys) -> str:
    try:
        return remove_table(document, keys)
    except EditError:
        return remove_key(document, keys)
