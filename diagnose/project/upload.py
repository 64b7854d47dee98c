"""What `wrangler deploy` would upload for a project."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass, field
from fnmatch import fnmatch
from typing import TYPE_CHECKING

from diagnose.errors import ProjectError, SourceError
from diagnose.project.files import resolve_inside

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from diagnose.model import Json
    from diagnose.project.bindings import OtherBinding, QueueConsumer, WorkerConfig
    from diagnose.project.project import Project

MAX_MODULE_BYTES = 5_000_000
"""A larger module cannot be part of a worker, and is not worth the memory."""

_PYTHON_MODULES = "python_modules"
_DEFAULT_EXCLUDE = ("**/*.pyc",)
_SKIPPED_FOLDERS = frozenset({"__pycache__", "node_modules", _PYTHON_MODULES})

# Keys of a binding in the config that the API calls otherwise, and keys that only `wrangler dev` reads.
_API_NAMES = {("kv_namespace", "id"): "namespace_id", ("workflow", "name"): "workflow_name"}
_LOCAL_KEYS = frozenset({"remote", "experimental_remote", "preview_id", "preview_bucket_name", "local_dev"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """A worker ready for the API.

    Attributes:
        main_module: the entry's name among `modules`.
        modules: content by name relative to the folder of the entry; vendored packages below
            `python_modules/`.
        bindings: in the API's form.
        crons: None leaves the schedules of a deployed worker alone.
        consumers: of queues; they are attached after the upload.
        workers_dev: whether it answers there from now on; None leaves that alone.
        keeps_variables: that the worker has and the config does not name (`keep_vars`).
        skipped: files that were left out, with the reason.
    """

    script_name: str
    main_module: str
    modules: Mapping[str, bytes]
    bindings: tuple[Mapping[str, Json], ...] = ()
    compatibility_date: str | None = None
    compatibility_flags: tuple[str, ...] = ()
    crons: tuple[str, ...] | None = None
    consumers: tuple[QueueConsumer, ...] = ()
    workers_dev: bool | None = None
    keeps_variables: bool = False
    skipped: Mapping[str, str] = field(default_factory=dict)


def build_upload(project: Project) -> Upload:
    """Collect modules and bindings as a deploy of the project would.

    A Python worker takes every `.py` file below the folder of its entry, and the vendored packages of
    `python_modules/` beside the config. Of a worker in another language the entry alone is taken: what it
    imports is joined by a bundler, which is not part of this tool.

    Raises:
        SourceError: there is no entry, or it cannot be read.
    """
    config = project.config
    if config is None or config.main is None:
        raise SourceError("there is nothing to upload: the config names no `main`", where=project.config_path)
    collector = _Collector(project, config.main)
    modules = collector.collect()
    return Upload(
        script_name=config.name or posixpath.basename(project.root.name) or "worker",
        main_module=collector.main_module,
        modules=modules,
        bindings=uploaded_bindings(config),
        compatibility_date=config.compatibility_date,
        compatibility_flags=config.compatibility_flags,
        crons=config.crons,
        consumers=config.consumers,
        workers_dev=config.is_at_workers_dev,
        keeps_variables=config.document.get("keep_vars") is True,
        skipped=collector.skipped,
    )


class _Collector:
    """Walks over the folders that an upload consists of."""

    def __init__(self, project: Project, main: str) -> None:
        self._root = project.root
        self._base = project.base
        self._main = posixpath.normpath(posixpath.join(project.base, main))
        self._folder = posixpath.dirname(self._main)
        self._exclude = _exclude(project)
        self.main_module = posixpath.basename(self._main)
        self.skipped: dict[str, str] = {}

    def collect(self) -> dict[str, bytes]:
        entry = self._read(self._main)
        if entry is None:
            reason = self.skipped.get(self._main, "cannot be read")
            raise SourceError(f"`main` {reason}", where=self._main)
        modules = {self.main_module: entry}
        if self.main_module.endswith(".py"):
            modules |= self._below(self._folder, "", "*.py")
            vendored = posixpath.join(self._base, _PYTHON_MODULES)
            modules |= self._below(vendored, f"{_PYTHON_MODULES}/", "*")
        return modules

    def _below(self, folder: str, prefix: str, pattern: str) -> dict[str, bytes]:
        """The readable files of a folder whose names match, by their upload name."""
        modules: dict[str, bytes] = {}
        for name in self._walk(folder):
            excluded = prefix and any(_excludes(glob, name) for glob in self._exclude)
            if fnmatch(posixpath.basename(name), pattern) and not excluded:
                content = self._read(posixpath.join(folder, name))
                if content is not None:
                    modules[prefix + name] = content
        return modules

    def _walk(self, folder: str) -> Iterator[str]:
        try:
            start = resolve_inside(self._root, folder)
        except ProjectError as error:
            self.skipped[folder] = error.message
            return
        for directory, folders, files in os.walk(start):
            folders[:] = sorted(name for name in folders if not _is_foreign(directory, name))
            below = os.path.relpath(directory, start).replace(os.sep, "/")
            for name in sorted(files):
                if not name.startswith("."):
                    yield posixpath.normpath(posixpath.join(below, name))

    def _read(self, path: str) -> bytes | None:
        """A file's content; None, with the reason kept, when it is not fit for an upload."""
        try:
            file = resolve_inside(self._root, path)
            if not file.is_file():
                self.skipped[path] = "is not a file" if file.exists() else "does not exist"
            elif (size := file.stat().st_size) > MAX_MODULE_BYTES:
                self.skipped[path] = f"has {size:,} bytes, more than a worker may have"
            else:
                return file.read_bytes()
        except ProjectError as error:
            self.skipped[path] = error.message
        except OSError as error:
            self.skipped[path] = f"cannot be read: {error.strerror}"
        return None


def _is_foreign(directory: str, name: str) -> bool:
    """Folders that hold no modules of the worker: hidden, dependencies, virtual environments."""
    virtual = os.path.exists(os.path.join(directory, name, "pyvenv.cfg"))  # noqa: PTH110, PTH118 - os.walk speaks str
    return name.startswith(".") or name in _SKIPPED_FOLDERS or virtual


def _exclude(project: Project) -> tuple[str, ...]:
    globs = project.document.get("python_modules", "exclude") if project.document else None
    return tuple(map(str, globs)) if isinstance(globs, list) else _DEFAULT_EXCLUDE


def _excludes(glob: str, name: str) -> bool:
    """Whether a glob names a file; `**/` also means the folder itself."""
    return fnmatch(name, glob) or fnmatch(name, glob.removeprefix("**/"))


def uploaded_bindings(config: WorkerConfig) -> tuple[Mapping[str, Json], ...]:
    """The bindings that a deploy of the config gives the worker, in the API's form."""
    return tuple(_bindings(config))


def _bindings(config: WorkerConfig) -> Iterator[Mapping[str, Json]]:
    for database in config.d1:
        identity = {"id": database.database_id} if database.database_id else {}
        yield {"type": "d1", "name": database.binding, **identity}
    for producer in config.producers:
        delay = {} if producer.delivery_delay is None else {"delivery_delay": producer.delivery_delay}
        yield {"type": "queue", "name": producer.binding, "queue_name": producer.queue or "", **delay}
    for other in config.others:
        if other.kind == "plain_text":
            yield {"type": other.kind, "name": other.binding, "text": config.vars[other.binding]}
        elif other.kind == "json":
            yield {"type": other.kind, "name": other.binding, "json": config.vars[other.binding]}
        elif other.kind == "secret_text":
            yield {"type": "inherit", "name": other.binding}  # its value stays on the account
        else:
            yield _other(other)


def _other(other: OtherBinding) -> Mapping[str, Json]:
    naming = "binding" if "binding" in other.settings else "name"
    settings = {
        _API_NAMES.get((other.kind, key), key): value
        for key, value in other.settings.items()
        if key not in _LOCAL_KEYS and key != naming
    }
    return {"type": other.kind, "name": other.binding, **settings}
