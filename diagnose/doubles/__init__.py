"""Test doubles for suites of other projects: a Cloudflare account and a D1 binding with the real limits.

`diagnose.pytest_plugin` hands them out as fixtures.
"""

from diagnose.d1 import D1Error
from diagnose.doubles.account import CloudflareAccount
from diagnose.doubles.binding import D1Binding, D1Executed, D1Result, D1Statement
from diagnose.doubles.doorway import Doorway
from diagnose.embedded.app.faults import Fault, FaultKind

__all__ = [
    "CloudflareAccount",
    "D1Binding",
    "D1Error",
    "D1Executed",
    "D1Result",
    "D1Statement",
    "Doorway",
    "Fault",
    "FaultKind",
]
