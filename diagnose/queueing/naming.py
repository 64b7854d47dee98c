"""Names of what a queue in front of a table consists of."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

# "a-z, 0-9 and hyphens, at most 63 characters": https://developers.cloudflare.com/queues/configuration/configure-queues/
_QUEUE_NAME_LENGTH: Final = 63
_LONGEST_SUFFIX: Final = len("-9-dead-letters")


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """How everything is called.

    Attributes:
        module: of the worker's new source file, without `.py`.
        send: the function in it that sends rows.
        write: the function in it that writes the rows of messages.
        binding: through which the worker sends.
        dead_letters: the queue that takes what could not be written.
        consumer: the worker that consumes the queue when it is one of its own.
        folder: of that worker, beside the config.
    """

    module: str
    send: str
    write: str
    binding: str
    queue: str
    dead_letters: str
    consumer: str
    folder: str


def names_for(
    table: str,
    worker: str,
    *,
    bindings: Collection[str] = (),
    modules: Collection[str] = (),
    queues: Collection[str] = (),
) -> Names:
    """Names derived from table and worker, none of which is taken.

    Args:
        table: whose rows are sent.
        worker: that sends them.
        bindings: names that the config uses already.
        modules: names of files beside the entry, without suffix.
        queues: names of queues that the project or the account has already.
    """
    word = re.sub(r"\W+", "_", table, flags=re.ASCII).strip("_").lower() or "rows"
    word = word if not word[0].isdigit() else f"t_{word}"
    queue = _queue_name(worker, word)
    chosen = next(name for name in _numbered(queue, "-") if not {name, _dead(name)} & set(queues))
    module = _free(f"{word}_queue", "_", modules)
    number = module.removeprefix(f"{word}_queue")
    return Names(
        module=module,
        send=f"queue_{word}{number}",
        write=f"write_{word}{number}",
        binding=_free(f"{word.upper()}_QUEUE", "_", bindings),
        queue=chosen,
        dead_letters=_dead(chosen),
        consumer=f"{chosen}-consumer",
        folder=f"{word}-consumer{number}".replace("_", "-"),
    )


def _queue_name(worker: str, word: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "-", f"{worker}-{word}".lower())
    return name.strip("-")[: _QUEUE_NAME_LENGTH - _LONGEST_SUFFIX].strip("-")


def _dead(queue: str) -> str:
    return f"{queue}-dead-letters"


def _free(name: str, glue: str, taken: Collection[str]) -> str:
    return next(candidate for candidate in _numbered(name, glue) if candidate not in taken)


def _numbered(name: str, glue: str) -> Iterator[str]:
    yield name
    yield from (f"{name}{glue}{number}" for number in count(2))
