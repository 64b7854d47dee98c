"""SQL files of the project that are no migrations, such as a schema that is executed by hand."""

from __future__ import annotations

import os
import re
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from diagnose.project.files import read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator

_MOST_FILES: Final = 200
_LARGEST: Final = 1_000_000
_FOREIGN: Final = frozenset({"node_modules", "python_modules", "__pycache__"})


def created_in(root: Path, table: str) -> str | None:
    """A `.sql` file that creates a table of that name, relative to `root`, or None."""
    name = re.escape(table)
    creates = re.compile(
        rf"""\bCREATE\s+(?:VIRTUAL\s+)?(?:TABLE|VIEW)\s+(?:IF\s+NOT\s+EXISTS\s+)?["`\[]?{name}["`\]]?[\s(]""",
        re.IGNORECASE,
    )
    for file in islice(_sql_files(root), _MOST_FILES):
        try:
            if creates.search(read_regular(file, most_bytes=_LARGEST).decode("utf-8", "replace")):
                return file.relative_to(root).as_posix()
        except OSError:
            continue  # a file that cannot be read says nothing
    return None


def _sql_files(root: Path) -> Iterator[Path]:
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(name for name in folders if not name.startswith(".") and name not in _FOREIGN)
        yield from (Path(folder, name) for name in sorted(files) if name.lower().endswith(".sql"))
