"""Every error that the product raises on purpose.

    DiagnoseError                 exit 5 unless a subclass says otherwise
    ├── UsageError                exit 2   an option or a value that cannot be used
    ├── ConfigError               exit 2   a config or settings file that does not parse
    ├── NoConfigError             exit 3   no wrangler config where one was looked for
    ├── ProjectError              exit 4   a folder that cannot be read or written
    ├── SourceError               –        worker source that cannot be read; becomes a finding
    ├── OutputError               exit 4   a report that cannot be written to its file
    ├── AccountError              exit 4   the account's API refused, or could not be reached
    ├── SandboxError              exit 4   worker code cannot be executed safely here
    ├── ServeError                exit 4   an account that cannot be served at that place
    ├── PluginError               –        a check or fix that cannot be loaded; becomes a finding
    ├── StepError                 exit 4   a step of a fix could not be applied, verified or undone
    └── D1Error                   –        what D1 answers to a statement (diagnose.d1.errors)

A message has four parts: what is wrong, where, why it matters, and what to run next.
"""

from __future__ import annotations

from diagnose.exits import ExitCode


class DiagnoseError(Exception):
    """Root of all errors raised on purpose.

    Attributes:
        message: what is wrong, in one sentence without a final full stop.
        where: the file (with line) or resource, or None.
        why: what follows from it, or None.
        hint: what to run or change next, or None.
    """

    exit_code: ExitCode = ExitCode.BROKEN

    def __init__(
        self, message: str, *, where: str | None = None, why: str | None = None, hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.why = why
        self.hint = hint

    def __str__(self) -> str:
        """The message as one line of text, with the parts that are known."""
        head = f"{self.where}: {self.message}" if self.where else self.message
        return "; ".join(part for part in (head, self.why, self.hint) if part)


class UsageError(DiagnoseError):
    """An option or a value that cannot be used."""

    exit_code = ExitCode.USAGE


class ConfigError(DiagnoseError):
    """A wrangler config or settings file that does not parse.

    Attributes:
        line: the 1-based line of the first problem, or None.
        column: the 1-based column, or None.
    """

    exit_code = ExitCode.USAGE

    def __init__(
        self,
        message: str,
        *,
        where: str | None = None,
        line: int | None = None,
        column: int | None = None,
        why: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, where=where, why=why, hint=hint)
        self.line = line
        self.column = column


class NoConfigError(DiagnoseError):
    """No wrangler config where one was looked for."""

    exit_code = ExitCode.NO_CONFIG


class ProjectError(DiagnoseError):
    """A project folder or file that cannot be read or written."""

    exit_code = ExitCode.UNFINISHED


class OutputError(DiagnoseError):
    """A report that cannot be written to its file."""

    exit_code = ExitCode.UNFINISHED


class SourceError(DiagnoseError):
    """Worker source that cannot be read or analysed. The engine turns it into a finding."""


class AccountError(DiagnoseError):
    """The account's API refused a request or could not be reached."""

    exit_code = ExitCode.UNFINISHED


class SandboxError(DiagnoseError):
    """Worker code cannot be executed safely on this machine."""

    exit_code = ExitCode.UNFINISHED


class ServeError(DiagnoseError):
    """The embedded account cannot be served at that place."""

    exit_code = ExitCode.UNFINISHED


class PluginError(DiagnoseError):
    """A check or a fix that cannot be loaded. The engine turns it into a finding."""


class StepError(DiagnoseError):
    """A step of a fix that could not be applied, verified or undone."""

    exit_code = ExitCode.UNFINISHED
