"""Where a report goes: one format to stdout, any number into files, and the summary of a CI job."""

from __future__ import annotations

import os
import secrets
import shutil
import stat
import sys
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING

import click

from diagnose.cli.streams import wants_color
from diagnose.errors import OutputError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from diagnose.model import Report
    from diagnose.report.style import Style

FORMATS = ("table", "json", "junit", "github", "sarif", "markdown")
SUMMARY = "GITHUB_STEP_SUMMARY"
ACTIONS = "GITHUB_ACTIONS"
WIDEST = 120
_FOR_PEOPLE = frozenset({"table", "markdown"})
_COMMANDS = ("::", "##[")
"""How a line begins, or what it holds, that GitHub's runner takes for a command."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Outputs:
    """The outputs of one run.

    Attributes:
        stdout: the format that is printed.
        files: path → format.
    """

    stdout: str
    files: Mapping[Path, str]


def parse_outputs(form: str | None, given: Iterable[str]) -> Outputs:
    """What `--format` and `--output` ask for.

    Raises:
        UsageError: an unknown format, two formats for one place, or a place that cannot be written.
    """
    printed = [form] if form else []
    files: dict[Path, str] = {}
    for text in given:
        name, equals, place = text.partition("=")
        if name not in FORMATS:
            raise UsageError(
                f"--output {text!r}: there is no format {name!r}", hint=f"choose one of {', '.join(FORMATS)}"
            )
        if not equals or place == "-":
            printed.append(name)
            continue
        path = _writable(place, text)
        if path in files:
            raise UsageError(f"--output {text!r}: two reports would be written to {path}")
        files[path] = name
    if len(printed) > 1:
        raise UsageError(
            f"only one report can be printed, not {' and '.join(printed)}",
            hint=f"write the others to files: --output {printed[-1]}=FILE",
        )
    return Outputs(stdout=printed[0] if printed else "table", files=files)


def _writable(place: str, text: str) -> Path:
    path = Path(place)
    if not place or path.is_dir():
        raise UsageError(f"--output {text!r} names no file", hint="for example --output junit=report.xml")
    if not path.parent.is_dir():
        raise UsageError(f"--output {text!r}: there is no folder {path.parent}", hint="make it first")
    return path


def publish(report: Report, outputs: Outputs) -> None:
    """Print the report, then write every file; a file that cannot be written stops no other.

    A run that could not finish prints no table: its error is on stderr.

    Raises:
        OutputError: at least one file could not be written; all else was.
    """
    if report.failure is None or outputs.stdout != "table":
        print_report(report, outputs.stdout)
    problems = []
    for path, form in outputs.files.items():
        try:
            replace_file(path, render(report, form, _style_of_files()))
        except OSError as error:
            problems.append(f"{path} ({error.strerror or error})")
    summary = os.environ.get(SUMMARY)
    if summary:
        try:
            append_summary(Path(summary), report)
        except OSError as error:
            problems.append(f"{summary} ({error.strerror or error})")
    if problems:
        raise OutputError(
            f"a report could not be written: {', '.join(problems)}",
            why="what was printed and the other files are complete",
            hint="check that the folder may be written and that the disk is not full",
        )


@contextmanager
def reported_errors() -> Iterator[None]:
    """Say that a report could not be written, and go on: another error is the reason for the exit code."""
    from diagnose.cli import show_error

    try:
        yield
    except OutputError as error:
        show_error(error)


def render(report: Report, form: str, style: Style) -> str:
    """The report in a format."""
    from diagnose.report.registry import renderer

    return renderer(form)(report, style)


def print_report(report: Report, form: str) -> None:
    """Print the report."""
    text = render(report, form, output_style())
    if form in _FOR_PEOPLE and os.environ.get(ACTIONS):
        text = without_commands(text)
    # Formats that say how they are encoded, or that machines read, are UTF-8 wherever they go.
    click.echo(text if form == "table" else text.encode(), nl=False)


def without_commands(text: str) -> str:
    """The text such that GitHub's runner takes no line of it, which a worker may have worded, for a command.

    https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#stopping-and-starting-workflow-commands
    """
    first, second = _COMMANDS
    if not any(line.lstrip().startswith(first) or second in line for line in text.splitlines()):
        return text
    word = secrets.token_hex(16)
    return f"::stop-commands::{word}\n{text}::{word}::\n"


def output_style() -> Style:
    """How text on stdout may look."""
    from diagnose.report.style import Style

    width = min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
    return Style.for_encoding(sys.stdout.encoding, width=width, color=wants_color(sys.stdout))


def _style_of_files() -> Style:
    from diagnose.report.style import Style

    return Style()


def replace_file(path: Path, text: str) -> None:
    """Write a file in one rename, so that nobody reads half of it; its permissions stay as they are.

    What is no regular file, such as a pipe, is written to as it is.
    """
    mode = path.stat().st_mode if path.exists() else None
    if mode is not None and not stat.S_ISREG(mode):
        path.write_text(text, encoding="utf-8")
        return
    path = path.resolve()
    if mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(13, "Permission denied", str(path))
    with NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as file:
        temporary = Path(file.name)
        try:
            file.write(text)
            file.flush()
            temporary.chmod(stat.S_IMODE(mode) if mode is not None else 0o666 & ~_umask())
            temporary.replace(path)
        except OSError:
            temporary.unlink(missing_ok=True)
            raise


def _umask() -> int:
    """The process's umask, which can only be read by setting it."""
    mask = os.umask(0o022)
    os.umask(mask)
    return mask


def append_summary(path: Path, report: Report) -> None:
    """Append the report to the summary of a GitHub job, as much of it as there is room for."""
    from diagnose.report import markdown

    used = path.stat().st_size if path.exists() else 0
    room = markdown.LIMIT - used
    if room < markdown.LEAST:
        return
    with path.open("a", encoding="utf-8") as file:
        file.write(markdown.render(report, limit=room))
