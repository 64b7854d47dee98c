"""How the user started us, so that the commands we print can be typed as they stand."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
from pathlib import Path

NAME = "diagnose"


def program() -> str:
    """`diagnose` when the shell finds this one under that name, else the way it was started, quoted."""
    started = Path(sys.argv[0])
    if started.name == "__main__.py":
        return f"{shlex.quote(_short(Path(sys.executable)))} -m {NAME}"
    found = shutil.which(NAME)
    if found is not None and Path(found).resolve() == started.resolve():
        return NAME
    return shlex.quote(_short(started))


def _short(path: Path) -> str:
    """The path from here, if that is shorter."""
    relative = os.path.relpath(path)
    if os.sep not in relative:
        relative = f"{os.curdir}{os.sep}{relative}"
    return min(str(path), relative, key=len)
