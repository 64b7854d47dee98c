"""Reading and writing files of a project without ever leaving it."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from pathlib import Path, PurePosixPath, PureWindowsPath

from diagnose.errors import ProjectError

# mkstemp makes files that only their owner reads; a new project file is one that `open` would have made.
_NEW_FILE_MODE = 0o644


def resolve_inside(root: Path, relative: str) -> Path:
    """The absolute path of a project file, which need not exist.

    Raises:
        ProjectError: the path is absolute, has a `..` part, or leads out of `root` through a symbolic link.
    """
    parts = PurePosixPath(relative)
    if parts.is_absolute() or PureWindowsPath(relative).drive or "\0" in relative:
        raise _outside(relative, "is not relative to the project")
    if ".." in parts.parts:
        raise _outside(relative, "has a `..` part")
    base = root.resolve()
    try:
        target = (base / parts).resolve()
    except (OSError, RuntimeError) as error:  # Python 3.11 reports a loop of links as RuntimeError
        raise _outside(relative, "cannot be resolved") from error
    if not target.is_relative_to(base):
        raise _outside(relative, "leads out of the project through a symbolic link")
    return target


def read_regular(file: Path, *, most_bytes: int) -> bytes:
    """The content of a regular file. It is never waited for, as opening a pipe would.

    Raises:
        OSError: it is missing, a pipe, a device, a folder, larger than `most_bytes`, or not permitted.
    """
    descriptor = os.open(file, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as stream:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise OSError(errno.EINVAL, "it is not a regular file", str(file))
        if status.st_size > most_bytes:
            size = f"it has {status.st_size:,} bytes, more than {most_bytes:,}"
            raise OSError(errno.EFBIG, size, str(file))
        return stream.read(most_bytes)


def write_atomically(path: Path, content: bytes) -> None:
    """Replace a file in one rename, so that a kill leaves the old content or the new, never a part.

    The permission bits of an existing file are kept. The folder must exist. A symbolic link is
    followed, so that the file behind it is replaced and not the link.

    Raises:
        OSError: the folder cannot be written, or the disk is full; the old file is untouched.
    """
    target = Path(os.path.realpath(path))
    mode = stat.S_IMODE(target.stat().st_mode) if target.exists() else _NEW_FILE_MODE
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=".tmp")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fchmod(stream.fileno(), mode)
            os.fsync(stream.fileno())
        temporary.replace(target)
    except BaseException:  # Ctrl-C included: no temporary file stays behind
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename itself survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _outside(relative: str, reason: str) -> ProjectError:
    return ProjectError(
        f"`{relative}` {reason}",
        why="files outside the project folder are neither read nor written",
        hint="give the folder that holds all of the project as PATH",
    )
