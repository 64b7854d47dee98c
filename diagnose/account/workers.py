"""Workers: what is deployed, with which bindings, and what calls it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final, Protocol
from urllib.parse import quote

from diagnose.account.errors import NotFoundError
from diagnose.account.facts import Deployment, ScriptInfo, ScriptSettings, Subdomain
from diagnose.account.multipart import Part, read_modules
from diagnose.account.session import Session, shaped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from diagnose.account.answers import Answer
    from diagnose.account.secret import Secret
    from diagnose.model import Json

_ABSENT: Final = frozenset({10007, 10090})
_MODULE_TYPES: Final[Mapping[str, str]] = {
    ".py": "text/x-python",
    ".js": "application/javascript+module",
    ".mjs": "application/javascript+module",
    ".cjs": "application/javascript",
    ".wasm": "application/wasm",
    ".txt": "text/plain",
    ".html": "text/plain",
    ".sql": "text/plain",
}
_SECRETS: Final = ("secret_text", "secret_key")
_VARIABLES: Final = ("plain_text", "json")
_DATA: Final = "application/octet-stream"
_SERVICE_WORKER: Final = "worker.js"


class WorkerUpload(Protocol):
    """What is uploaded: code by module name, and bindings in the API's form."""

    @property
    def script_name(self) -> str:
        """Of the worker."""

    @property
    def main_module(self) -> str:
        """A key of `modules`."""

    @property
    def modules(self) -> Mapping[str, bytes]:
        """Content by name."""

    @property
    def bindings(self) -> Sequence[Mapping[str, Json]]:
        """With `name` and `type`."""

    @property
    def compatibility_date(self) -> str | None:
        """As in the config."""

    @property
    def compatibility_flags(self) -> Sequence[str]:
        """As in the config."""


class WorkerCalls(Session):
    """What an account can be asked about Workers. An answer of None means that there is no such worker."""

    async def scripts(self) -> tuple[ScriptInfo, ...]:
        """All workers. Raises ApiError."""
        path = self._path("/workers/scripts")
        return tuple(shaped("GET", path, ScriptInfo.from_api, item) for item in await self._read(path) or ())

    async def script_settings(self, name: str) -> ScriptSettings | None:
        """Bindings and compatibility. Raises ApiError."""
        path = self._script(name, "/settings")
        found = await self._find(path, _ABSENT)
        return None if found is None else shaped("GET", path, ScriptSettings.from_api, found)

    async def deployments(self, name: str) -> tuple[Deployment, ...] | None:
        """The newest deployments; the first is the active one. Raises ApiError."""
        path = self._script(name, "/deployments")
        found = await self._find(path, _ABSENT)
        return None if found is None else shaped("GET", path, _deployments, found)

    async def active_settings(self, name: str) -> ScriptSettings | None:
        """Bindings and compatibility of the version that most requests reach. Raises ApiError.

        None when there is no such worker, or nothing of it is deployed.
        """
        deployments = await self.deployments(name)
        if not deployments or not deployments[0].versions:
            return None
        version_id, _ = max(deployments[0].versions, key=lambda share: share[1])
        path = self._script(name, f"/versions/{version_id}")
        return shaped("GET", path, _version_settings, await self._read(path))

    async def secrets(self, name: str) -> tuple[str, ...] | None:
        """Names of the worker's secrets; their values can be read by nobody. Raises ApiError."""
        path = self._script(name, "/secrets")
        found = await self._find(path, _ABSENT)
        return None if found is None else shaped("GET", path, _names, found)

    async def content(self, name: str) -> Mapping[str, bytes] | None:
        """The deployed code by module name, as it was uploaded. Raises ApiError."""
        path = self._script(name, "/content/v2")
        answer = await self._facts.find(path, self._content(path))
        return None if answer is None else shaped("GET", path, _modules, answer)

    async def schedules(self, name: str) -> tuple[str, ...] | None:
        """The cron triggers. Raises ApiError."""
        path = self._script(name, "/schedules")
        found = await self._find(path, _ABSENT)
        return None if found is None else shaped("GET", path, _crons, found)

    async def subdomain(self, name: str) -> Subdomain | None:
        """Whether it answers at workers.dev. Raises ApiError."""
        path = self._script(name, "/subdomain")
        found = await self._find(path, _ABSENT)
        return None if found is None else shaped("GET", path, _subdomain, found)

    async def account_subdomain(self) -> str | None:
        """The account's part of `WORKER.SUBDOMAIN.workers.dev`; None where it has none. Raises ApiError."""
        path = self._path("/workers/subdomain")
        found = await self._find(path, _ABSENT)
        return None if found is None else shaped("GET", path, lambda item: str(item["subdomain"]), found)

    async def domains(self, name: str) -> tuple[str, ...]:
        """The custom domains on which it answers. Raises ApiError."""
        path = self._path("/workers/domains")
        items = await self._read(path) or ()
        return shaped("GET", path, lambda found: _hostnames(found, name), items)

    async def upload(self, upload: WorkerUpload, *, keeps_variables: bool = False) -> None:
        """Make the worker, or a new version of it, and let it answer. Secrets that it has stay.

        With `keeps_variables` those variables stay, too, that the upload does not name.

        An answer that is lost leads to no second version: what is deployed then is looked at first.

        Raises:
            ApiError: such as code 10021, when the code cannot be used.
        """
        metadata = {
            "main_module": upload.main_module,
            "bindings": [dict(binding) for binding in upload.bindings],
            "compatibility_date": upload.compatibility_date or "",
            "compatibility_flags": list(upload.compatibility_flags),
            "keep_bindings": [*_SECRETS, *(_VARIABLES if keeps_variables else ())],
        }
        parts = [Part("metadata", None, json.dumps(metadata).encode(), "application/json")]
        parts += [
            Part(name, name, content, module_type(name)) for name, content in sorted(upload.modules.items())
        ]
        name, before = upload.script_name, await self.deployments(upload.script_name)

        async def uploaded() -> Any:
            now = await self.deployments(name)
            is_new = now is not None and now[:1] != (before or ())[:1]
            return {} if is_new and await self.content(name) == dict(upload.modules) else None

        await self._write("PUT", self._script(name), parts=parts, settle=uploaded)

    async def deploy_versions(self, name: str, versions: Sequence[tuple[str, float]]) -> None:
        """Let these versions (id, percentage) answer. Raises ApiError."""

        async def deployed() -> Any:
            newest = (await self.deployments(name) or ())[:1]
            return {} if newest and sorted(newest[0].versions) == sorted(versions) else None

        shares = [{"version_id": version_id, "percentage": share} for version_id, share in versions]
        body = {"strategy": "percentage", "versions": shares}
        await self._write("POST", self._script(name, "/deployments"), body=body, settle=deployed)

    async def put_schedules(self, name: str, crons: Sequence[str]) -> None:
        """Let exactly these cron expressions call it. Raises ApiError."""
        await self._write("PUT", self._script(name, "/schedules"), body=[{"cron": cron} for cron in crons])

    async def set_subdomain(self, name: str, *, enabled: bool) -> None:
        """Let it answer at workers.dev, or not. Raises ApiError."""
        body = {"enabled": enabled}
        await self._write("POST", self._script(name, "/subdomain"), body=body, repeatable=True)

    async def put_secret(self, name: str, secret: str, text: Secret) -> None:
        """Set a secret of a worker; that is a new version with the same code, which answers at once.

        Raises:
            ApiError: such as code 10215, when the newest version is not deployed.
        """
        body = {"name": secret, "text": text.reveal(), "type": "secret_text"}
        await self._write("PUT", self._script(name, "/secrets"), body=body)

    async def delete_secret(self, name: str, secret: str) -> None:
        """Take a secret away from a worker. Raises ApiError."""
        await self._write("DELETE", self._script(name, f"/secrets/{quote(secret, safe='')}"))

    async def delete_script(self, name: str) -> None:
        """The worker with its versions and schedules is gone for good. Raises ApiError."""
        await self._write("DELETE", self._script(name))

    def _script(self, name: str, rest: str = "") -> str:
        return self._path(f"/workers/scripts/{quote(name, safe='')}{rest}")

    async def _content(self, path: str) -> Answer | None:
        try:
            return await self._transport.content(path)
        except NotFoundError as error:
            if error.code in _ABSENT:
                return None
            raise


def module_type(name: str) -> str:
    """The content type under which wrangler uploads a module of that name."""
    return next((kind for ending, kind in _MODULE_TYPES.items() if name.endswith(ending)), _DATA)


def _modules(answer: Answer) -> Mapping[str, bytes]:
    content_type = answer.headers.get("content-type", "")
    if content_type.startswith("multipart/"):
        return read_modules(content_type, answer.content)
    return {answer.headers.get("cf-entrypoint", _SERVICE_WORKER): answer.content}


def _deployments(result: Mapping[str, Any]) -> tuple[Deployment, ...]:
    return tuple(map(Deployment.from_api, result["deployments"]))


def _version_settings(result: Mapping[str, Any]) -> ScriptSettings:
    resources = result["resources"]
    runtime = resources.get("script_runtime") or {}
    return ScriptSettings.from_api({**runtime, "bindings": resources.get("bindings") or ()})


def _names(result: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(str(item["name"]) for item in result)


def _hostnames(items: Sequence[Mapping[str, Any]], script: str) -> tuple[str, ...]:
    return tuple(str(item["hostname"]) for item in items if item.get("service") == script)


def _crons(result: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(str(item["cron"]) for item in result["schedules"])


def _subdomain(result: Mapping[str, Any]) -> Subdomain:
    return Subdomain(enabled=bool(result["enabled"]), previews_enabled=bool(result.get("previews_enabled")))
