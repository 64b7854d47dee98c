"""Tables beside the data: caches, logs, counters. A line that is lost there is no lost import."""

from __future__ import annotations

import re

_SIDE_TABLE = re.compile(
    r"(?:^|_)(?:caches?|logs?|logging|audits?|analytics|metrics?|telemetry|traces?|stats|hits|heartbeats?)(?:_|$)"
)


def is_side_table(table: str | None) -> bool:
    """Its name says that it holds log lines, cached answers or figures about the worker itself."""
    return table is not None and _SIDE_TABLE.search(table.lower()) is not None
