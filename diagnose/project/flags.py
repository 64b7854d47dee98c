"""Adding a compatibility flag to a config."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from diagnose.project.children import insert_child
from diagnose.project.edits import set_value

if TYPE_CHECKING:
    from diagnose.project.bindings import WorkerConfig
    from diagnose.project.document import Keys

_KEY = "compatibility_flags"


def add_flag(config: WorkerConfig, flag: str) -> str:
    """The config's text with one more flag, in the list that holds for the chosen environment.

    Raises:
        EditError: the list cannot be edited.
    """
    document = config.document
    keys: Keys = (_KEY,)
    if config.environment is not None and document.get("env", config.environment, _KEY) is not None:
        keys = ("env", config.environment, _KEY)
    container = document.layout.containers.get(keys)
    if container is None:
        return set_value(document, keys, [flag])
    # A flag is written the same in TOML and JSON.
    return insert_child(document.text, container, lambda _indent: json.dumps(flag), spread=False)
