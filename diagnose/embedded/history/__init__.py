"""The past of databases, for Time Travel."""

from diagnose.embedded.history.folder import FolderHistory, forget_unfinished
from diagnose.embedded.history.interface import History, HistoryError, PastState, now
from diagnose.embedded.history.memory import MemoryHistory

__all__ = [
    "FolderHistory",
    "History",
    "HistoryError",
    "MemoryHistory",
    "PastState",
    "forget_unfinished",
    "now",
]
