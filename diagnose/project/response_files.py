"""Recorded answers as files, and as `[[responses]]` of the settings."""

from __future__ import annotations

import mimetypes
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from diagnose.errors import ProjectError
from diagnose.project.edits import append_table, set_value
from diagnose.project.files import resolve_inside, write_atomically
from diagnose.project.reading import parse_document, read_text, with_text
from diagnose.project.settings import RecordedResponse
from diagnose.project.settings_file import PYPROJECT_FILE
from diagnose.project.settings_text import response_entry

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from diagnose.project.document import ConfigDocument, Keys
    from diagnose.project.settings import Settings

FOLDER: Final = "recorded"
_LONGEST_NAME: Final = 60
_UNNAMED: Final = "answer"
_JSON: Final = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One answer to a worker's fetch, without secrets.

    Attributes:
        url: a pattern for the request, in which `*` stands for any characters.
        headers: of the answer, those that are kept; names in lower case.
        replaces: position of the entry in the settings whose answer this is, or None for a new one.
    """

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    replaces: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ResponseFile:
    """One answer and the file of its body, relative to the settings file."""

    recording: Recording
    body_file: str

    @property
    def response(self) -> RecordedResponse:
        """As the settings hold it; a content type that is assumed anyway is left out."""
        one = self.recording
        return RecordedResponse(
            method=one.method,
            url=one.url,
            status=one.status,
            headers={name: value for name, value in one.headers.items() if not _is_assumed(name, value)},
            body_file=self.body_file,
        )


def name_files(recordings: Iterable[Recording], settings: Settings) -> tuple[ResponseFile, ...]:
    """A file for each answer: that of the entry which it replaces, else a new one named after its URL."""
    taken: set[str] = set()
    named = []
    for recording in recordings:
        known = None if recording.replaces is None else settings.responses[recording.replaces].body_file
        file = known or _free_name(recording, settings.directory, taken)
        taken.add(file)
        named.append(ResponseFile(recording=recording, body_file=file))
    return tuple(named)


def write_bodies(files: Iterable[ResponseFile], directory: Path) -> None:
    """Write the bodies; one that is cut short is never seen.

    Raises:
        ProjectError: a file cannot be written, or would lie outside the folder of the settings.
    """
    for file in files:
        path = resolve_inside(directory, file.body_file)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, file.recording.body)
        except OSError as error:
            raise ProjectError(f"cannot be written: {error.strerror}", where=str(path)) from error


def with_responses(settings: Settings, root: Path, files: Iterable[ResponseFile]) -> bytes:
    """The settings file with new answers behind those it has, and the status of those that are replaced.

    Raises:
        ProjectError: the file cannot be read, or has no place for them.
    """
    path = settings.path or ""
    document = parse_document(read_text(root / path, path), path, "toml")
    keys: Keys = ("tool", "diagnose", "responses") if path.endswith(PYPROJECT_FILE) else ("responses",)
    for file in files:
        document = with_text(document, _with_response(document, keys, file, settings))
    return document.text.encode()


def _with_response(document: ConfigDocument, keys: Keys, file: ResponseFile, settings: Settings) -> str:
    position, status = file.recording.replaces, file.recording.status
    if position is None:
        return append_table(document, keys, response_entry(file.response))
    if settings.responses[position].status == status:
        return document.text
    return set_value(document, (*keys, position, "status"), status)


def _is_assumed(name: str, value: str) -> bool:
    return name == "content-type" and value.partition(";")[0].strip().lower() == _JSON


def _free_name(recording: Recording, directory: Path, taken: set[str]) -> str:
    parts = urlsplit(recording.url.replace("*", ""))
    words = re.findall(r"[A-Za-z0-9]+", parts.path.rpartition("/")[2] or parts.netloc)
    stem = "-".join(words).lower()[:_LONGEST_NAME] or _UNNAMED
    suffix = _suffix(recording.headers.get("content-type", _JSON))
    stem = stem.removesuffix("-" + suffix.lstrip("."))
    number = 1
    while True:
        name = f"{FOLDER}/{stem}{'' if number == 1 else f'-{number}'}{suffix}"
        if name not in taken and not (directory / name).exists():
            return name
        number += 1


def _suffix(content_type: str) -> str:
    kind = content_type.partition(";")[0].strip().lower()
    return mimetypes.guess_extension(kind) or (".json" if kind.endswith("+json") else ".bin")
