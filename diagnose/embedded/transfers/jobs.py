"""Work on a whole database that goes on while its progress is asked for."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from diagnose.errors import DiagnoseError

if TYPE_CHECKING:
    from collections.abc import Callable

JobKind: TypeAlias = Literal["import", "export"]


class StoppedError(DiagnoseError):
    """The account was closed meanwhile."""


@dataclass(slots=True)
class Job:
    """One import or export.

    Attributes:
        kind: which.
        bookmark: of the database when it began; names the job to whoever polls.
        result: what a finished job brings, or None.
        error: why it failed, or None.
    """

    kind: JobKind
    bookmark: str
    result: dict[str, Any] | None = None
    error: str | None = None
    stopped: bool = False
    _messages: list[str] = field(default_factory=list)
    _done: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def start(self, work: Callable[[Job], dict[str, Any]]) -> None:
        """Do the work in a thread; what it returns is the result, what it raises the error."""
        self._thread = threading.Thread(target=self._work, args=(work,), name=self.kind, daemon=True)
        self._thread.start()

    @property
    def done(self) -> bool:
        """Whether it has ended, well or not."""
        return self._done.is_set()

    def wait(self, seconds: float) -> None:
        """Until it has ended, but no longer than that."""
        self._done.wait(seconds)

    def say(self, message: str) -> None:
        """Tell whoever polls next."""
        self._messages.append(message)

    def stop(self) -> None:
        """End it as soon as it looks, and wait for that."""
        self.stopped = True
        if self._thread is not None:
            self._thread.join()

    def require_time(self) -> None:
        """Between two steps. Raises StoppedError."""
        if self.stopped:
            raise StoppedError("the account was closed")

    def polled(self) -> dict[str, Any]:
        """The object that the API answers; each message is told once."""
        messages, self._messages = self._messages, []
        answer: dict[str, Any] = {
            "success": self.error is None,
            "type": self.kind,
            "at_bookmark": self.bookmark,
            "messages": messages,
        }
        if self.error is not None:
            return {**answer, "status": "error", "error": self.error, "errors": [self.error]}
        if self.result is None:
            return {**answer, "status": "active", "errors": []}
        return {**answer, "status": "complete", "errors": [], "result": self.result}

    def _work(self, work: Callable[[Job], dict[str, Any]]) -> None:
        try:
            self.result = work(self)
        except DiagnoseError as error:
            self.error = getattr(error, "cause", str(error))
        except OSError as error:
            self.error = f"internal error: {error.strerror}"
        finally:
            if self.result is None and self.error is None:
                self.error = "internal error"
            self._done.set()
