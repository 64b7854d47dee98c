"""The record of applied steps, from which `fix` continues and `undo` restores.

One file per run, one JSON line per event, each on disk before what it announces happens:

    {"event": "run", "id": …, "started": …, "target": …, "agenda": [finding, …]}
    {"event": "step", "number": 1, "code": "LIM001", "kind": "edit-file", "record": {…}}
    {"event": "applied", "number": 1}
    {"event": "settled", "code": "LIM001", "outcome": "fixed"}
    {"event": "undone", "number": 1, "left": null}
    {"event": "finished"} or {"event": "restored"}

A line that a kill cut short is ignored: what it announced had not begun.
"""

from __future__ import annotations

import json
import os
import re
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, Self

from diagnose.errors import ProjectError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from diagnose.model import Json

_STEP: Final = frozenset({"number", "code", "kind", "record"})
RUN_ID = re.compile(r"^\d{8}T\d{6}-\d{6}-[0-9a-f]{4}$")


@dataclass(frozen=True, slots=True)
class JournalStep:
    """One step of a run as the journal knows it."""

    number: int
    code: str
    kind: str
    record: Mapping[str, Json]
    applied: bool = False
    undone: bool = False


@dataclass(slots=True)
class Journal:
    """The journal of one run, read from and appended to its file."""

    path: Path
    events: list[dict[str, Any]] = field(default_factory=list)

    @classmethod
    def begin(cls, folder: Path, *, target: str, agenda: Sequence[Mapping[str, Json]]) -> Self:
        """Start a run; raises ProjectError when the folder cannot be written."""
        now = datetime.now(UTC)
        run_id = f"{now:%Y%m%dT%H%M%S-%f}-{secrets.token_hex(2)}"  # sorts by time
        journal = cls(folder / f"{run_id}.jsonl")
        journal.append(
            event="run",
            id=run_id,
            started=now.isoformat(timespec="seconds"),
            target=target,
            agenda=list(agenda),
        )
        return journal

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a run back, without the line that a kill cut short."""
        events: list[dict[str, Any]] = []
        *complete, _ = path.read_bytes().split(b"\n")
        for line in complete:
            try:
                event = json.loads(line)
            except ValueError:
                break
            if not _is_event(event):
                break
            events.append(event)
        return cls(path, events)

    @property
    def run_id(self) -> str:
        """The name under which `undo --run` finds it."""
        return self.path.stem

    @property
    def agenda(self) -> list[Mapping[str, Any]]:
        """The findings that the run set out to repair, as JSON."""
        return [finding for event in self._all("run") for finding in event.get("agenda", [])]

    @property
    def target(self) -> str:
        """Which account the run acted on."""
        return next((str(event.get("target")) for event in self._all("run")), "")

    @property
    def settled(self) -> set[str]:
        """Codes whose repair the run finished."""
        return {str(event.get("code")) for event in self._all("settled")}

    @property
    def steps(self) -> list[JournalStep]:
        """All steps, in the order in which they were begun."""
        applied = {event.get("number") for event in self._all("applied")}
        undone = {event.get("number") for event in self._all("undone")}
        return [
            JournalStep(
                number=event["number"],
                code=event["code"],
                kind=event["kind"],
                record=event["record"],
                applied=event["number"] in applied,
                undone=event["number"] in undone,
            )
            for event in self._all("step")
        ]

    @property
    def unsettled(self) -> list[JournalStep]:
        """The steps of the plan that was being applied when the run was cut short."""
        numbers: set[int] = set()
        for event in self.events:
            if event["event"] == "step":
                numbers.add(event["number"])
            elif event["event"] == "settled":
                numbers.clear()
        return [step for step in self.steps if step.number in numbers and not step.undone]

    @property
    def is_open(self) -> bool:
        """True when the run was cut short: neither finished nor restored."""
        return not any(event["event"] in {"finished", "restored"} for event in self.events)

    @property
    def can_be_undone(self) -> bool:
        """True when a step is left that was begun and not undone."""
        return any(not step.undone for step in self.steps)

    @property
    def _ways_on(self) -> str:
        if not self.can_be_undone:
            return "run `diagnose fix` again"
        return f"go on with `diagnose fix`, or take back what stands with `diagnose undo --run {self.run_id}`"

    def _all(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self.events if event.get("event") == name]

    def append(self, **event: object) -> None:
        """Write one event and wait until it is on disk; raises ProjectError (a full disk, no permission)."""
        line = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
        try:
            make_private_folder(self.path.parent)
            _append_line(self.path, line)
        except OSError as error:
            raise ProjectError(
                f"the journal cannot be written: {error.strerror}",
                where=str(self.path),
                why="what is not recorded cannot be undone, so nothing more is changed",
                hint=f"free some space or check the folder's permissions, then {self._ways_on}",
            ) from error
        self.events.append(event)


def _is_event(line: object) -> bool:
    """Whether it is what a run writes, as far as undoing needs it."""
    if not isinstance(line, dict) or "event" not in line:
        return False
    return line["event"] != "step" or line.keys() >= _STEP


def _append_line(path: Path, line: bytes) -> None:
    """Append behind the last complete line, dropping a torn one, and sync.

    Only the owner reads the file: it holds what was in edited files, which may have been a secret.
    """
    with open(path, "ab+", opener=_open_private) as file:
        file.seek(0)
        content = file.read()
        file.truncate(content.rfind(b"\n") + 1)
        file.write(line)
        file.flush()
        os.fsync(file.fileno())


def _open_private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def make_private_folder(folder: Path) -> None:
    """Make a folder below `.diagnose`, which keeps itself out of git."""
    folder.mkdir(parents=True, exist_ok=True)
    top = next((parent for parent in (folder, *folder.parents) if parent.name == ".diagnose"), None)
    if top is not None and not (top / ".gitignore").exists():
        (top / ".gitignore").write_text("*\n", encoding="utf-8")


def journals(folder: Path) -> list[Journal]:
    """All runs in a folder, oldest first; one that a kill cut short in its first line is none.

    Raises:
        ProjectError: the folder, or a file in it, cannot be read.
    """
    try:
        names = sorted(path for path in folder.iterdir() if path.suffix == ".jsonl")
        found = [Journal.read(path) for path in names if RUN_ID.match(path.stem)]
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ProjectError(
            f"the journal cannot be read: {error.strerror}", where=str(error.filename or folder)
        ) from error
    return [journal for journal in found if journal.events]


def find_journal(folder: Path, run_id: str | None) -> Journal | None:
    """The named run, or the last one that has something to undo; None when there is none.

    Raises:
        UsageError: a run of that name does not exist.
        ProjectError: the journal cannot be read.
    """
    known = journals(folder)
    if run_id is None:
        return next((journal for journal in reversed(known) if journal.can_be_undone), None)
    for journal in known:
        if journal.run_id == run_id:
            return journal
    names = ", ".join(journal.run_id for journal in known) or "none yet"
    raise UsageError(f"there is no run {run_id}", where=str(folder), hint=f"known runs: {names}")
