"""The exit codes, defined once."""

from __future__ import annotations

from enum import IntEnum


class ExitCode(IntEnum):
    """What the process answers to its caller.

    | code | meaning |
    |---|---|
    | 0 | clean |
    | 1 | findings at or above `--fail-on`, or plans that were not applied |
    | 2 | wrong usage, or a config that does not parse |
    | 3 | no wrangler config found |
    | 4 | could not finish: authentication, network, disk |
    | 5 | a check broke, or an internal error |
    """

    CLEAN = 0
    FINDINGS = 1
    USAGE = 2
    NO_CONFIG = 3
    UNFINISHED = 4
    BROKEN = 5
