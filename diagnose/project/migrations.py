"""The migrations of a D1 binding, found and ordered as wrangler finds and orders them.

Facts from the sources of wrangler 4.164: files match `migrations_pattern` (by default `*.sql` directly
inside `migrations_dir`), both relative to the config file; paths are compared folder by folder, first by
the number before the first underscore (names without one come last), then by code units.
"""

from __future__ import annotations

import os
import posixpath
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from diagnose.errors import ProjectError
from diagnose.project.files import read_regular, resolve_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from diagnose.project.bindings import D1Binding

_LEADING_NUMBER = re.compile(r"\s*([+-]?\d+)")
_NUMBER_DIGITS = 4

MAX_MIGRATION_BYTES = 20_000_000
"""More than a schema takes; a file of this size is data under a migration's name."""

# A segment's number (names without one sort last) and the segment itself as UTF-16, as JavaScript compares.
_SegmentOrder: TypeAlias = "tuple[bool, int, bytes]"


@dataclass(frozen=True, slots=True, kw_only=True)
class Migration:
    """One migration file.

    Attributes:
        name: what wrangler records in `d1_migrations`: the path below the migrations folder.
        path: relative to the project folder.
        sql: the text of the file.
    """

    name: str
    path: str
    sql: str


def applied_table_sql(table: str) -> str:
    """Makes the table of applied migrations where there is none, as wrangler 4.164 does.

    Character by character, so that nobody can tell who was first.
    """
    quoted = '"' + table.replace('"', '""') + '"'
    return (
        f"CREATE TABLE IF NOT EXISTS {quoted}(\n"
        "\t\tid         INTEGER PRIMARY KEY AUTOINCREMENT,\n"
        "\t\tname       TEXT UNIQUE,\n"
        "\t\tapplied_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP NOT NULL\n"
        ");"
    )


def migrations_folder(binding: D1Binding, base: str) -> str:
    """The migrations folder relative to the project; `base` is the folder of the config file."""
    return posixpath.normpath(posixpath.join(base, binding.migrations_dir.replace("\\", "/")))


def find_migrations(root: Path, binding: D1Binding, base: str) -> tuple[Migration, ...]:
    """The migrations of a binding in the order of their application; () without a folder.

    Raises:
        ProjectError: the folder leaves the project, or a file cannot be read as UTF-8.
    """
    folder = migrations_folder(binding, base)
    directory = resolve_inside(root, folder)
    matcher = _glob(_pattern(binding))
    names = [name for name in _files_below(directory) if matcher.fullmatch(name)]
    return tuple(_read(root, folder, name) for name in sorted(names, key=_order))


def next_migration_name(existing: Iterable[str], slug: str) -> str:
    """The file name that `wrangler d1 migrations create` would choose, such as `0003_create_prices.sql`."""
    numbers = [number for name in existing if (number := _leading_number(name)) is not None]
    words = re.sub(r"[^\w.-]+", "_", slug.strip()).strip("_.")
    return f"{max([0, *numbers]) + 1:0{_NUMBER_DIGITS}d}_{words}.sql"


def names_behind(
    binding: D1Binding, existing: Iterable[str], name: str, count: int
) -> tuple[str, ...] | None:
    """Names for migrations that are applied right behind one of the existing ones, before the next one.

    Such as `0002_seed_2.sql` and `0002_seed_3.sql` behind `0002_seed.sql`. None where other files have these
    names or stand between them, or where the binding's pattern would not find them.
    """
    stem, dot, suffix = name.rpartition(".")
    digits = len(str(count + 1))
    names = tuple(f"{stem}_{number:0{digits}d}{dot}{suffix}" for number in range(2, count + 2))
    known = sorted({*existing, *names}, key=_order)
    matcher = _glob(_pattern(binding))
    if not stem or set(names) & set(existing) or not all(map(matcher.fullmatch, names)):
        return None
    position = known.index(name) + 1
    return names if tuple(known[position : position + count]) == names else None


def _pattern(binding: D1Binding) -> str:
    """The glob of a binding, relative to its migrations folder."""
    if binding.migrations_pattern is None:
        return "*.sql"
    folder = posixpath.normpath(binding.migrations_dir.replace("\\", "/"))
    pattern = posixpath.normpath(binding.migrations_pattern.replace("\\", "/"))
    return pattern if folder == "." else pattern.removeprefix(f"{folder}/")


def _files_below(directory: Path) -> Iterator[str]:
    """Names of regular files, hidden ones and links left out as wrangler's walk leaves them out."""
    for folder, folders, files in os.walk(directory):
        folders[:] = [name for name in folders if not name.startswith(".")]
        below = os.path.relpath(folder, directory).replace(os.sep, "/")
        for name in files:
            if not name.startswith(".") and not os.path.islink(os.path.join(folder, name)):  # noqa: PTH114, PTH118 - os.walk speaks str
                yield name if below == "." else f"{below}/{name}"


def _read(root: Path, folder: str, name: str) -> Migration:
    path = posixpath.normpath(posixpath.join(folder, name))
    try:
        sql = read_regular(resolve_inside(root, path), most_bytes=MAX_MIGRATION_BYTES).decode("utf-8-sig")
    except OSError as error:
        raise ProjectError(f"cannot be read: {error.strerror}", where=path) from error
    except UnicodeDecodeError as error:
        raise ProjectError("is not UTF-8", where=path, hint="save the migration as UTF-8") from error
    return Migration(name=name, path=path, sql=sql)


def _order(name: str) -> tuple[_SegmentOrder, ...]:
    return tuple(_segment_order(segment) for segment in name.split("/"))


def _segment_order(segment: str) -> _SegmentOrder:
    number = _leading_number(segment)
    return number is None, number or 0, segment.encode("utf-16-be", "surrogatepass")


def _leading_number(name: str) -> int | None:
    match = _LEADING_NUMBER.match(name.split("/", maxsplit=1)[0].split("_", maxsplit=1)[0])
    return int(match[1]) if match else None


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    """A glob with `*`, `?`, `**/`, `[…]` and `{a,b}` as a regular expression over forward slashes."""
    parts: list[str] = []
    braces = 0
    for token in re.findall(r"\*\*/|\*+|\[[^]]*\]|.", pattern, re.DOTALL):
        match token:
            case "**/":
                parts.append("(?:[^/]+/)*")
            case "?":
                parts.append("[^/]")
            case "{":
                braces += 1
                parts.append("(?:")
            case "}" if braces:
                braces -= 1
                parts.append(")")
            case "," if braces:
                parts.append("|")
            case _ if token.startswith("*"):
                parts.append("[^/]*")
            case _ if token.startswith("[") and len(token) > 1:
                parts.append("[^" + token[2:] if token[1] in "!^" else token)
            case _:
                parts.append(re.escape(token))
    return re.compile("".join(parts) + ")" * braces)
