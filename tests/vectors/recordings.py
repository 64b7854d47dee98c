"""The recorded calls, by group, and the vectors in which the engine is known to differ."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path
from typing import Any

from vectors.encoding import read_json

FOLDER = Path(__file__).parent
# Another recording in the same format; what is committed does not concern it.
OTHER = os.environ.get("D1_VECTORS")


@cache
def vectors_by_group() -> dict[str, list[dict[str, Any]]]:
    files = [Path(OTHER)] if OTHER else sorted(FOLDER.glob("*-vectors.json"))
    groups: dict[str, list[dict[str, Any]]] = {}
    for file in files:
        for vector in read_json(file.read_text("utf-8"))["vectors"]:
            groups.setdefault(vector["group"], []).append(vector)
    return groups


@cache
def known_to_differ() -> dict[str, dict[str, list[str]]]:
    """How it is called → figure → ids."""
    return {} if OTHER else read_json((FOLDER / "differing.json").read_text("utf-8"))
