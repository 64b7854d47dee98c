"""Commands of the project that deploy a worker: in package scripts, makefiles, shell scripts and CI files."""

from __future__ import annotations

import json
import os
import posixpath
import re
import shlex
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final, TypeAlias

from diagnose.errors import ProjectError
from diagnose.model import Location
from diagnose.project.discovery import find_configs
from diagnose.project.files import read_regular, resolve_inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from diagnose.project.project import Project

_MOST_FILES: Final = 200
_MOST_BYTES: Final = 500_000
_FOREIGN: Final = frozenset({"node_modules", "python_modules", "__pycache__", "venv"})
_HIDDEN: Final = frozenset({".github", ".circleci", ".gitlab"})
_MAKEFILES: Final = frozenset({"Makefile", "makefile", "GNUmakefile", "justfile", "Justfile"})
_CI_FILES: Final = frozenset({".gitlab-ci.yml", "azure-pipelines.yml", "bitbucket-pipelines.yml"})

_WRANGLER: Final = re.compile(r"\b(?:py)?wrangler(?:@[\w.^~-]+)?[ \t]+(?P<rest>[^;&|#]*)")
_PACKAGE_SCRIPT: Final = re.compile(
    r"\b(?:npm|pnpm|yarn|bun)[ \t]+(?:run[ \t]+)?[\w:-]*deploy[\w:-]*(?P<rest>[ \t][^;&|#]*)"
)
_PRINTED: Final = re.compile(r"\b(?:echo|printf)\b[^;&|]*$")
_VARIABLE: Final = re.compile(r"\bCLOUDFLARE_ENV[=:][ \t]*[\"']?(?P<name>[\w.-]+)")
_FOLDER: Final = re.compile(r"(?:working-directory|workingDirectory):[ \t]*[\"']?(?P<name>[\w./-]+)")
_CHANGED_FOLDER: Final = re.compile(r"\bcd[ \t]+[\"']?(?P<name>[\w./-]+)[\"']?[ \t]*(?:&&|;)")
_ACTION: Final = re.compile(r"uses:[ \t]*[\"']?cloudflare/wrangler-action\b")
_NEXT_STEP: Final = re.compile(r"^[ \t]*- ")
_SETTING: Final = re.compile(r"^[ \t]*(?P<name>command|environment):[ \t]*(?P<value>[^\n|>]*?)[ \t]*$")

_OTHER_PRODUCTS: Final = frozenset({"pages", "d1", "dispatch-namespace", "secret", "containers"})

_Line: TypeAlias = tuple[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployCommand:
    """A command that deploys a worker.

    Attributes:
        text: as it is written.
        environment: the one it deploys, or None for the top level.
        config: the config file that it names, or None.
        folders: where it may run, relative to the project; `""` is the project folder.
    """

    text: str
    environment: str | None
    config: str | None
    folders: tuple[str, ...]
    location: Location


def deploy_commands(project: Project) -> tuple[DeployCommand, ...]:
    """The commands that deploy the project's config; one with a variable environment tells nothing."""
    return tuple(command for command in all_deploy_commands(project.root) if _reads(project, command))


def all_deploy_commands(root: Path) -> tuple[DeployCommand, ...]:
    """The deploy commands of every worker in a folder, in the order of the files."""
    found: list[DeployCommand] = []
    for path in script_files(root):
        try:
            file = resolve_inside(root, path)
            text = read_regular(file, most_bytes=_MOST_BYTES).decode(errors="replace")
        except (OSError, ProjectError):
            continue  # what cannot be read tells nothing about deploys
        found += _in_package(path, text) if path.endswith("package.json") else _in_script(path, text)
    return tuple(found)


def _reads(project: Project, command: DeployCommand) -> bool:
    """Whether wrangler would read the project's config when the command runs."""
    for folder in command.folders:
        if command.config is not None:
            path = posixpath.normpath(posixpath.join(folder, command.config))
        else:
            first = next(iter(find_configs(project.root / folder)), None)
            path = posixpath.normpath(posixpath.join(folder, first)) if first else ""
        if path == project.config_path:
            return True
    return False


def script_files(root: Path) -> Iterator[str]:
    """The package scripts, makefiles, shell scripts and CI files of a project, of very many the first."""
    return islice(_files(root), _MOST_FILES)


def _files(root: Path) -> Iterator[str]:
    for folder, folders, files in os.walk(root):
        top = folder == str(root)
        folders[:] = sorted(
            name
            for name in folders
            if name not in _FOREIGN and (not name.startswith(".") or (top and name in _HIDDEN))
        )
        for name in sorted(files):
            path = Path(folder, name).relative_to(root).as_posix()
            if name == "package.json" or name in _MAKEFILES or name.endswith(".sh") or _is_ci(path):
                yield path


def _is_ci(path: str) -> bool:
    parts = PurePosixPath(path)
    return path in _CI_FILES or (parts.parts[0] in _HIDDEN and parts.suffix in {".yml", ".yaml"})


def _in_package(path: str, text: str) -> Iterator[DeployCommand]:
    """Package scripts run in the folder of their `package.json`."""
    try:
        data = json.loads(text)
    except (ValueError, RecursionError):
        return  # npm cannot run its scripts either
    scripts = data.get("scripts") if isinstance(data, dict) else None
    for name, script in scripts.items() if isinstance(scripts, dict) else ():
        if isinstance(script, str):
            start = text.find(json.dumps(name, ensure_ascii=False) + ":")
            number = text.count("\n", 0, max(start, 0)) + 1
            yield from _in_line(path, (number, script), (posixpath.dirname(path),), None)


def _in_script(path: str, text: str) -> Iterator[DeployCommand]:
    """Other scripts run in the project folder or in their own, CI steps where they say."""
    lines = list(_logical_lines(text))
    own = posixpath.dirname(path)
    folders = ("",) if _is_ci(path) else tuple(dict.fromkeys(("", own)))
    named = tuple(dict.fromkeys(_normal(found["name"]) for found in _FOLDER.finditer(text)))
    variables = {found["name"] for found in _VARIABLE.finditer(text) if _is_ci(path)}
    environment = variables.pop() if len(variables) == 1 else None
    for line in lines:
        yield from _in_line(path, line, named or folders, environment)
    yield from _actions(path, lines, named or folders)


def _logical_lines(text: str) -> Iterator[_Line]:
    """Lines with what continues them, without comments."""
    waiting: list[str] = []
    for number, line in enumerate(text.splitlines(), start=1):
        if line.lstrip().startswith("#"):
            continue
        waiting.append(line.rstrip().removesuffix("\\"))
        if not line.rstrip().endswith("\\"):
            yield number - len(waiting) + 1, " ".join(waiting)
            waiting.clear()


def _in_line(
    path: str, line: _Line, folders: tuple[str, ...], environment: str | None
) -> Iterator[DeployCommand]:
    number, text = line
    changed = _CHANGED_FOLDER.search(text)
    if changed is not None:
        folders = tuple(_normal(posixpath.join(folder, changed["name"])) for folder in folders)
    variable = _VARIABLE.search(text)
    default = variable["name"] if variable else environment
    for pattern in (_WRANGLER, _PACKAGE_SCRIPT):
        for found in pattern.finditer(text):
            if _PRINTED.search(text[: found.start()]):
                continue
            words = _words(found["rest"])
            if pattern is _WRANGLER and not _is_deploy(words):
                continue
            command = _command(found[0].strip(), words, default, folders, Location(path, number, 1))
            if command is not None and (pattern is _WRANGLER or command.environment is not None):
                yield command


def _actions(path: str, lines: Sequence[_Line], folders: tuple[str, ...]) -> Iterator[DeployCommand]:
    """Steps with `cloudflare/wrangler-action`, which deploys unless told otherwise.

    https://github.com/cloudflare/wrangler-action
    """
    for position, (number, line) in enumerate(lines):
        if not _ACTION.search(line):
            continue
        settings = _step_settings(lines[position + 1 :])
        text = settings.get("command", "deploy")
        if _is_deploy(words := _words(text)):
            place = Location(path, number, 1)
            command = _command(f"wrangler {text}", words, settings.get("environment"), folders, place)
            if command is not None:
                yield command


def _step_settings(lines: Sequence[_Line]) -> dict[str, str]:
    settings: dict[str, str] = {}
    for _, line in lines:
        if _NEXT_STEP.match(line):
            break
        found = _SETTING.match(line)
        if found is not None:
            settings.setdefault(found["name"], found["value"].strip("\"'"))
    return settings


def _command(
    text: str, words: Sequence[str], default: str | None, folders: tuple[str, ...], place: Location
) -> DeployCommand | None:
    """The command, or None where its environment or config is only known when it runs."""
    environment = _option(words, "--env", "-e")
    environment = default if environment is None else environment
    config = _option(words, "--config", "-c")
    if any(sign in (word or "") for word in (environment, config) for sign in "${"):
        return None
    return DeployCommand(
        text=text, environment=environment or None, config=config, folders=folders, location=place
    )


def _is_deploy(words: Sequence[str]) -> bool:
    """Whether these words after `wrangler` deploy a worker; `pages deploy` does not."""
    if "--dry-run" in words or _OTHER_PRODUCTS & set(words):
        return False
    uploads = any(pair == ("versions", "upload") for pair in pairwise(words))
    return uploads or "deploy" in words or "publish" in words


def _option(words: Sequence[str], *names: str) -> str | None:
    for word, following in pairwise([*words, ""]):
        name, equals, value = word.partition("=")
        if name in names:
            return value if equals else following
    return None


def _words(text: str) -> list[str]:
    try:
        return shlex.split(text)
    except ValueError:  # a quote that another part of the line closes
        return text.replace('"', " ").replace("'", " ").split()


def _normal(folder: str) -> str:
    path = posixpath.normpath(folder)
    return "" if path == "." else path
