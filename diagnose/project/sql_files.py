"""SQL files that a project's scripts hand to D1: `wrangler d1 execute … --file seed.sql`."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from diagnose.errors import ProjectError
from diagnose.model import Location
from diagnose.project.deploy_commands import script_files
from diagnose.project.files import read_regular, resolve_inside
from diagnose.project.migrations import MAX_MIGRATION_BYTES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from diagnose.project.project import Project

_MOST_SCRIPT_BYTES: Final = 1_000_000
# https://developers.cloudflare.com/workers/wrangler/commands/#d1-execute
_EXECUTE: Final = re.compile(
    r"""\bd1\s+execute\b [^\n;&|]*? \s--file (?:=|\s+) \\?["']? (?P<file>[^\s"'\\$*`]+) (?![^\s"'\\;&|)])""",
    re.VERBOSE,
)
_CONTINUED: Final = re.compile(r"\\\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class SqlFile:
    """A file that a script executes.

    Attributes:
        path: relative to the project folder.
        named_at: the line of the script.
    """

    path: str
    named_at: Location


@dataclass(frozen=True, slots=True)
class DeployedSql:
    """A SQL file that reaches D1, or why it cannot be read.

    Attributes:
        named_at: the line of the script that executes it, as `path:line`, or None for a migration.
        problem: why there is no text, or None.
    """

    path: str
    text: str = ""
    named_at: str | None = None
    problem: str | None = None


def deployed_sql(project: Project) -> Iterator[DeployedSql]:
    """The migrations of every database, then the files that scripts execute; each file once."""
    seen: set[str] = set()
    for binding in project.config.d1 if project.config else ():
        try:
            migrations = project.migrations(binding)
        except ProjectError as error:
            yield DeployedSql(str(error.where), problem=error.message)
            continue
        for migration in migrations:
            if migration.path not in seen:
                seen.add(migration.path)
                yield DeployedSql(migration.path, migration.sql)
    for file in executed_sql_files(project.root):
        if file.path in seen:
            continue
        try:
            yield DeployedSql(file.path, read_sql(project.root, file.path), str(file.named_at))
        except ProjectError as error:
            yield DeployedSql(file.path, problem=error.message)


def executed_sql_files(root: Path) -> tuple[SqlFile, ...]:
    """The files of a project that its scripts execute with wrangler, each once, as far as they exist.

    A path is looked for beside the script and in the project folder; one with a variable in it is not
    known, and a commented line executes nothing.
    """
    found: dict[str, SqlFile] = {}
    for script in script_files(root):
        for name, line in _named_in(root, script):
            path = _existing(root, script, name)
            if path is not None:
                found.setdefault(path, SqlFile(path=path, named_at=Location(script, line)))
    return tuple(found.values())


def read_sql(root: Path, path: str) -> str:
    """The text of a SQL file.

    Raises:
        ProjectError: it is missing, too large, not UTF-8, or outside the project.
    """
    try:
        return read_regular(resolve_inside(root, path), most_bytes=MAX_MIGRATION_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise ProjectError(f"cannot be read: {error.strerror}", where=path) from error
    except UnicodeDecodeError as error:
        raise ProjectError("is not UTF-8", where=path, hint="save the file as UTF-8") from error


def _named_in(root: Path, script: str) -> Iterator[tuple[str, int]]:
    """The files that a script names, each with its line."""
    try:
        content = read_regular(resolve_inside(root, script), most_bytes=_MOST_SCRIPT_BYTES)
    except (OSError, ProjectError):
        return  # a script that cannot be read names nothing
    text = content.decode(errors="replace")
    flat = _CONTINUED.sub(lambda found: " " * len(found[0]), text)
    for found in _EXECUTE.finditer(flat):
        start = flat.rfind("\n", 0, found.start()) + 1
        if not flat[start : found.start()].lstrip().startswith("#"):
            yield found["file"], text.count("\n", 0, found.start()) + 1


def _existing(root: Path, script: str, name: str) -> str | None:
    """The path of a named file relative to the project, or None where there is no such file in it."""
    for folder in dict.fromkeys((posixpath.dirname(script), "")):
        path = posixpath.normpath(posixpath.join(folder, name.replace("\\", "/")))
        try:
            if resolve_inside(root, path).is_file():
                return path
        except ProjectError:
            continue
    return None
