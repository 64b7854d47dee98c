"""A project folder: its config, its settings, and what hangs on them."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from diagnose.d1.limits import LIMITS
from diagnose.errors import ConfigError, NoConfigError, ProjectError, SourceError, UsageError
from diagnose.project.discovery import configs_below, find_configs, read_document, relative_config
from diagnose.project.environments import environment_warning
from diagnose.project.files import resolve_inside
from diagnose.project.migrations import find_migrations, migrations_folder
from diagnose.project.settings_file import find_settings
from diagnose.project.wrangler import read_config

if TYPE_CHECKING:
    from pathlib import Path

    from diagnose.project.bindings import D1Binding, WorkerConfig
    from diagnose.project.document import ConfigDocument
    from diagnose.project.migrations import Migration
    from diagnose.project.settings import Settings
    from diagnose.project.source import Source


@dataclass(frozen=True, kw_only=True)  # without slots: cached properties need a __dict__
class Project:
    """What is on disk.

    Attributes:
        root: the folder given as PATH, resolved; it acts as wrangler's working directory.
        document: the config file, or None where it does not parse.
        config: what the document says for the chosen environment, or None where it does not parse.
        config_path: the config file relative to `root`, parsed or not.
        config_error: why the config does not parse, or None.
        config_candidates: every file that wrangler would find by itself, the one it takes first.
        config_chosen: `--config` or the settings named the config file.
        environment: as chosen with `--env`, or None.
        environment_warning: why the chosen environment does nothing, or None.
    """

    root: Path
    settings: Settings
    config_path: str
    document: ConfigDocument | None = None
    config: WorkerConfig | None = None
    config_error: ConfigError | None = None
    config_candidates: tuple[str, ...] = ()
    config_chosen: bool = False
    environment: str | None = None
    environment_warning: str | None = None

    @property
    def base(self) -> str:
        """The folder of the config file relative to `root` (`""` for `root`); `main` starts there."""
        return posixpath.dirname(self.config_path)

    @property
    def source(self) -> Source | None:
        """The worker's source, or None: no config, no `main`, or it cannot be read (`source_error`)."""
        return self._source[0]

    @property
    def source_error(self) -> SourceError | None:
        """Why the source cannot be read, or None."""
        return self._source[1]

    def migrations(self, binding: D1Binding) -> tuple[Migration, ...]:
        """The migrations of a D1 binding in the order of their application; () where there are none.

        Raises:
            ProjectError: one cannot be read.
        """
        return find_migrations(self.root, binding, self.base)

    def migrations_folder(self, binding: D1Binding) -> str:
        """Where a new migration of the binding belongs, relative to `root`."""
        return migrations_folder(binding, self.base)

    @cached_property
    def _source(self) -> tuple[Source | None, SourceError | None]:
        if self.config is None or self.config.main is None:
            return None, None
        try:
            return _read_source(self.root, self.config, self.config.main, self.base), None
        except SourceError as error:
            return None, error


def open_project(root: Path, *, config: str | None = None, environment: str | None = None) -> Project:
    """Read a project folder. A config that does not parse is a fact (`config_error`), not an exception.

    Args:
        root: the folder that acts as wrangler's working directory.
        config: the config file relative to it, as with wrangler's `--config`; else the settings say, else
            it is looked for.
        environment: as with wrangler's `--env`.

    Raises:
        ConfigError: the settings file does not parse.
        NoConfigError: there is no config.
        ProjectError: the folder or the config cannot be opened.
        UsageError: there is no such folder; the config lies outside it or has an unknown format; the
            environment does not exist while others do.
    """
    root = _open_folder(root)
    settings = find_settings(root)
    candidates = find_configs(root)
    path = _chosen(root, config or settings.config, candidates)
    project = Project(
        root=root,
        settings=settings,
        config_path=path,
        config_candidates=candidates,
        config_chosen=bool(config or settings.config),
        environment=environment,
    )
    try:
        document = read_document(root, path)
    except ConfigError as error:
        return replace(project, config_error=error)
    return replace(
        project,
        document=document,
        config=read_config(document, environment),
        environment_warning=environment_warning(document, environment),
    )


def _chosen(root: Path, config: str | None, candidates: tuple[str, ...]) -> str:
    if config is not None:
        return relative_config(root, config)
    if candidates:
        return candidates[0]
    below = configs_below(root)
    raise NoConfigError(
        "no wrangler.json, wrangler.jsonc or wrangler.toml",
        where=str(root),
        hint="name one with --config: " + ", ".join(below)
        if below
        else "give the project folder as PATH, or the file with --config",
    )


def _open_folder(root: Path) -> Path:
    root = root.resolve()
    try:
        next(root.iterdir(), None)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise UsageError("there is no such folder", where=str(root)) from error
    except OSError as error:
        raise ProjectError(f"the folder cannot be read: {error.strerror}", where=str(root)) from error
    return root


def _read_source(root: Path, config: WorkerConfig, main: str, base: str) -> Source:
    """The source behind `main`. Raises SourceError, also for an entry module outside the project."""
    path = posixpath.normpath(posixpath.join(base, main))
    try:
        resolve_inside(root, path)
    except ProjectError as error:
        reason = error.message.removeprefix(f"`{path}` ")
        raise SourceError(f"`main` {reason}", where=path, why=error.why, hint=error.hint) from error
    from diagnose.project.source import read_source

    return read_source(root, main, base=base, delivered=_delivered(config))


def _delivered(config: WorkerConfig) -> int:
    """Messages that one call of the `queue` handler receives at most."""
    default = int(LIMITS.queues.default_batch_size)
    return max((one.max_batch_size or default for one in config.consumers), default=default)
