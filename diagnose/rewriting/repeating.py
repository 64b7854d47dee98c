"""Several rewrites of one file, each of which starts from what the one before has left."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final, TypeAlias

from diagnose.errors import SourceError
from diagnose.project.source import read_source
from diagnose.rewriting.outcome import Refused

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from diagnose.project.source import Source
    from diagnose.rewriting.outcome import Outcome, Rewritten

Attempt: TypeAlias = "Callable[[Source, str], Outcome | None]"
"""The next rewrite of a text of the given source, or None when nothing is left to do."""

Attempts: TypeAlias = "Callable[[Source], Iterable[tuple[str, Outcome]]]"
"""The rewrites of a source that could be next, each with the file that it changes, the wanted ones first."""

_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Files:
    """The new texts of files by path, and what was done in one sentence."""

    texts: dict[str, str]
    how: str


def rewrite_files(source: Source, attempts: Attempts) -> Files | Refused | None:
    """The files after as many rewrites as there are to do; None when there is none.

    Of several that could be next the first that can be done is. When the very first one cannot be done,
    nothing is; later on what cannot be done is left.
    """
    texts: dict[str, str] = {}
    how = ""
    for turn in range(_MOST):
        refused: Refused | None = None
        for path, outcome in attempts(source):
            if isinstance(outcome, Refused):
                if turn == 0:
                    return outcome
                refused = refused or outcome
            elif outcome.text != source.text(path):
                texts[path], how = outcome.text, outcome.how
                break
        else:
            return Files(texts, how) if texts else refused
        try:
            source = reread(source, path, outcome.text)
        except SourceError as error:
            return Refused("the rewritten file cannot be read", str(error))
    return Files(texts, how)


def rewrite_until_done(source: Source, path: str, attempt: Attempt) -> Outcome | None:
    """The file after as many rewrites as there are to do; None when there is none, or no such file.

    A rewrite that cannot be done ends it: what was rewritten before it is kept.
    """
    done: Rewritten | None = None
    if path not in {module.path for module in source.modules}:
        return None
    for _ in range(_MOST):
        text = source.text(path)
        outcome = attempt(source, text)
        if outcome is None:
            return done
        if isinstance(outcome, Refused) or outcome.text == text:
            return done or outcome
        done = outcome
        try:
            source = reread(source, path, outcome.text)
        except SourceError as error:
            return Refused("the rewritten file cannot be read", str(error))
    return done


def reread(source: Source, path: str, text: str) -> Source:
    """What the source would establish if one of its files had another text.

    Raises:
        SourceError: the text cannot be read.
    """
    modules = tuple(
        replace(module, text=text) if module.path == path else module for module in source.modules
    )
    with tempfile.TemporaryDirectory(prefix="diagnose-") as folder:
        for module in modules:
            file = Path(folder, module.path)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(module.text.encode())
        return read_source(Path(folder).resolve(), source.main, delivered=source.delivered)
