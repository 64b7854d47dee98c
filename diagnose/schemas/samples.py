"""Values that the columns of a table will hold, as far as recorded answers and the source show them."""

from __future__ import annotations

import ast
import json
import re
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from diagnose.errors import ProjectError
from diagnose.project.files import read_regular, resolve_inside

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from diagnose.d1.javascript import SqliteValue
    from diagnose.project import Settings
    from diagnose.project.source.model import StatementSite

Samples: TypeAlias = "dict[str, list[SqliteValue]]"

_FIELD: Final = re.compile(
    r"""[\w.]+(?:\[\s*(?P<quote>["'])(?P<item>[^"']+)(?P=quote)\s*\]
        |\.get\(\s*["'](?P<got>[^"']+)["'][^()]*\)
        |\.(?P<attribute>\w+))""",
    re.VERBOSE,
)
_LARGEST_ANSWER: Final = 20_000_000


def recorded_samples(settings: Settings, sites: Iterable[StatementSite]) -> Samples:
    """Values by column in lower case: from recorded answers, and constants of the source.

    Fields of an answer are told to columns by the `[rows]` mapping, else by how the source makes a row
    (`candle["open"]` in the place of column `open`).
    """
    samples: Samples = {}
    answers = list(recorded_answers(settings))
    if settings.rows is not None:
        _gather(samples, answers, settings.rows.columns)
    for site in sites:
        _from_source(samples, site, answers)
    return samples


def recorded_answers(settings: Settings) -> Iterator[Any]:
    """The recorded answers that are JSON."""
    for response in settings.responses:
        try:
            file = resolve_inside(settings.directory, response.body_file)
            yield json.loads(read_regular(file, most_bytes=_LARGEST_ANSWER))
        except (OSError, ValueError, RecursionError, ProjectError):
            continue  # what is wrong with it is the rehearsal's to say


def _from_source(samples: Samples, site: StatementSite, answers: Sequence[Any]) -> None:
    values = site.row.values if site.row else ()
    if len(values) != len(site.columns):
        return
    fields: dict[str, str] = {}
    for column, source in zip(site.columns, values, strict=True):
        constant = _constant(source)
        if constant is not None:
            samples.setdefault(column.lower(), []).append(constant)
        elif match := _FIELD.fullmatch(source):
            fields[match["item"] or match["got"] or match["attribute"]] = column
    unknown = {field: column for field, column in fields.items() if column.lower() not in samples}
    _gather(samples, answers, unknown)


def _constant(source: str) -> SqliteValue:
    try:
        value = ast.literal_eval(source)
    except (ValueError, SyntaxError):
        return None
    return value if isinstance(value, str | int | float | bytes) else None


def lists_of_objects(value: Any) -> Iterator[list[dict[str, Any]]]:
    """Every list of objects in a JSON value, however deep."""
    if isinstance(value, list):
        if value and all(isinstance(item, dict) for item in value):
            yield value
        for item in value:
            yield from lists_of_objects(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from lists_of_objects(item)


def _gather(samples: Samples, answers: Iterable[Any], columns: Mapping[str, str]) -> None:
    """Take the values of these fields from every list of objects that have them all."""
    for answer in answers if columns else ():
        for rows in lists_of_objects(answer):
            if all(field in rows[0] for field in columns):
                _take(samples, rows, columns)


def _take(samples: Samples, rows: Iterable[Mapping[str, Any]], columns: Mapping[str, str]) -> None:
    for row in rows:
        for field, column in columns.items():
            value = row.get(field)
            if isinstance(value, str | int | float):
                samples.setdefault(column.lower(), []).append(value)
