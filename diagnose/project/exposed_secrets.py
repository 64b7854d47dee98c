"""Secrets that stand in the `vars` of a config, and texts in which they are hidden."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any, Final

from diagnose.errors import ConfigError
from diagnose.project.environments import environment_names
from diagnose.project.reading import parse_document
from diagnose.project.secret_shapes import secret_in

if TYPE_CHECKING:
    from collections.abc import Iterator

    from diagnose.model import Location
    from diagnose.project.document import ConfigDocument, Format, Keys
    from diagnose.project.secret_shapes import Guess

HIDDEN: Final = "[hidden]"

_FORMATS: Final[dict[str, Format]] = {".toml": "toml", ".json": "json", ".jsonc": "jsonc"}
_PAIR: Final = re.compile(
    r"""(?P<before>["']?(?P<name>[A-Za-z_][\w.-]*)["']?\s*[=:]\s*)(?P<quote>["'])(?P<value>[^"'\r\n]+)(?P=quote)"""
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExposedSecret:
    """A variable whose value is a secret. The value itself is not part of it, so that nothing can print it.

    Attributes:
        name: of the variable; for a part of one, with the path to it, such as `CONFIG.api.token`.
        environment: whose `vars` it stands in, or None for the top level.
        keys: where it stands.
        is_part: it is inside of a variable that is a table or a list.
    """

    name: str
    environment: str | None
    keys: Keys
    location: Location | None
    guess: Guess
    is_part: bool


def exposed_secrets(document: ConfigDocument) -> tuple[ExposedSecret, ...]:
    """The secrets in the `vars` of every environment: whoever reads the file reads them all."""
    return tuple(
        secret
        for environment in (None, *environment_names(document))
        for secret in _in_section(document, environment)
    )


def without_secrets(path: str, text: str) -> str:
    """The text of a config, for a person to read: secrets in `vars` and in comments are hidden.

    Lines stay where they are. Other files than configs are returned as they are.
    """
    file_format = _FORMATS.get(PurePosixPath(path).suffix.lower())
    if file_format is None:
        return text
    try:
        document = parse_document(text, path, file_format)
    except ConfigError:
        return _PAIR.sub(_hide_pair, text)
    return _PAIR.sub(_hide_pair, _hide_values(document))


def _in_section(document: ConfigDocument, environment: str | None) -> Iterator[ExposedSecret]:
    section: Keys = () if environment is None else ("env", environment)
    for keys, value in _texts((*section, "vars"), document.get(*section, "vars")):
        names = keys[len(section) + 1 :]
        named = [name for name in names if isinstance(name, str)]
        guess = secret_in(named[-1], value) if named else None
        if guess is not None:
            yield ExposedSecret(
                name=".".join(map(str, names)),
                environment=environment,
                keys=keys,
                location=document.locate(*keys),
                guess=guess,
                is_part=len(names) > 1,
            )


def _texts(keys: Keys, value: Any) -> Iterator[tuple[Keys, str]]:
    match value:
        case str():
            yield keys, value
        case dict():
            for key, item in value.items():
                yield from _texts((*keys, str(key)), item)
        case list():
            for index, item in enumerate(value):
                yield from _texts((*keys, index), item)


def _hide_values(document: ConfigDocument) -> str:
    text = document.text
    places = [document.layout.places.get(secret.keys) for secret in exposed_secrets(document)]
    spans = [place.value for place in places if place is not None and place.value is not None]
    for span in sorted(spans, key=lambda span: span.start, reverse=True):
        lines = "\n" * span.of(text).count("\n")
        text = f'{text[: span.start]}"{HIDDEN}"{lines}{text[span.end :]}'
    return text


def _hide_pair(pair: re.Match[str]) -> str:
    if secret_in(pair["name"], pair["value"]) is None:
        return pair[0]
    return f"{pair['before']}{pair['quote']}{HIDDEN}{pair['quote']}"
