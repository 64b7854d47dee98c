"""Workers travel as `multipart/form-data`: how an upload is read and how content is written.

https://developers.cloudflare.com/workers/configuration/multipart-upload-metadata/
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, Final

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.responses import Response

from diagnose.d1 import LIMITS
from diagnose.embedded.app.bodies import read_json
from diagnose.embedded.deploying import Upload
from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.state import SECRET_TYPES, Module

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request

    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.state import VersionState

_METADATA: Final = "metadata"
_SOURCE_MAP: Final = "application/source-map"
_VARIABLES: Final = ("plain_text", "json")
_CONFIGURED: Final = ("limits", "placement", "usage_model", "cache_options", "assets")
_SETTINGS: Final = ("logpush", "tags", "tail_consumers", "observability")


async def read_upload(call: Call) -> Upload:
    """What a client uploads, whatever the order of its parts.

    wrangler sends the metadata without a file name and first, the official SDK last. wrangler names a
    part after its module, the SDK names all of them `files`: the file name decides.

    Raises:
        RefusalError: 10021 the body is not such a form, or its metadata cannot be used.
    """
    metadata, modules = await _read_form(call.request, _METADATA)
    if metadata is None:
        raise _unusable("the part `metadata` is missing")
    strict = call.request.query_params.get("bindings_inherit") == "strict"
    try:
        given = read_json(metadata)
    except (ValueError, RecursionError) as error:
        raise _unusable("the part `metadata` is no JSON") from error
    return upload_of(given, modules, source=call.source, strict=strict)


async def read_json_part(request: Request, name: str) -> dict[str, Any]:
    """The object in one part of a form.

    Raises:
        RefusalError: 10001 the body is no form; 10026 the part is missing, or no object.
    """
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        raise RefusalError(400, 10001, "Content-Type must be multipart/form-data.")
    part, _ = await _read_form(request, name)
    try:
        given = None if part is None else read_json(part)
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict):
        raise RefusalError(400, 10026, f"The part `{name}` must be a JSON object.")
    return given


async def _read_form(request: Request, wanted: str) -> tuple[str | bytes | None, dict[str, Module]]:
    """The part of that name, and the modules."""
    limit = int(LIMITS.workers.request_body_bytes)
    try:
        async with request.form(max_files=limit, max_fields=limit, max_part_size=limit) as form:
            modules: dict[str, Module] = {}
            found: str | bytes | None = None
            for name, part in form.multi_items():
                content = await part.read() if isinstance(part, UploadFile) else part
                if name == wanted:
                    found = content
                    continue
                file_name, content_type = _description(name, part)
                if content_type != _SOURCE_MAP:
                    modules[file_name] = Module(content=_bytes(content), content_type=content_type)
    except HTTPException as error:
        raise _unusable(error.detail) from error
    return found, modules


def write_content(version: VersionState) -> Response:
    """The modules of a version, as the API sends them back; `cf-entrypoint` names the main one.

    A service worker is not a form, but its text.
    """
    entry = version.modules[version.main_module]
    if is_service_worker(entry) and len(version.modules) == 1:
        return Response(entry.content, media_type=entry.content_type)
    boundary = secrets.token_hex(16)
    body = b"".join(_part(boundary, name, module) for name, module in version.modules.items())
    return Response(
        body + f"--{boundary}--\r\n".encode(),
        media_type=f"multipart/form-data; boundary={boundary}",
        headers={"cf-entrypoint": version.main_module},
    )


def is_service_worker(entry: Module) -> bool:
    """Whether an entry module is a script of the older kind, which exports nothing."""
    return entry.content_type in {"application/javascript", "text/javascript"}


def _part(boundary: str, name: str, module: Module) -> bytes:
    quoted = name.replace('"', "%22")
    head = (
        f'--{boundary}\r\nContent-Disposition: form-data; name="{quoted}"; filename="{quoted}"\r\n'
        f"Content-Type: {module.content_type}\r\n\r\n"
    )
    return head.encode() + module.content + b"\r\n"


def _description(name: str, part: UploadFile | str) -> tuple[str, str]:
    if isinstance(part, UploadFile):
        return part.filename or name, part.content_type or "application/octet-stream"
    return name, "text/plain"


def upload_of(
    given: Mapping[str, Any], modules: Mapping[str, Module], *, source: str, strict: bool
) -> Upload:
    """What metadata and modules make together. Raises RefusalError 10021 for metadata of another form."""
    try:
        return Upload(
            main_module=_main_module(given, modules),
            modules=modules,
            bindings=tuple(_binding(binding) for binding in given.get("bindings") or []),
            compatibility_date=str(given.get("compatibility_date") or ""),
            compatibility_flags=tuple(map(str, given.get("compatibility_flags") or [])),
            keep_bindings=_kept(given),
            strict=strict,
            source=source,
            annotations={str(key): str(value) for key, value in (given.get("annotations") or {}).items()},
            configured={key: given[key] for key in _CONFIGURED if given.get(key) is not None},
            settings=_settings(given),
        )
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise _unusable("the part `metadata` is not what it must be") from error


def _kept(metadata: Mapping[str, Any]) -> tuple[str, ...]:
    """Types of bindings that stay. wrangler 4.86 names none when it deploys, and secrets outlive that."""
    kept = metadata.get("keep_bindings")
    types = SECRET_TYPES if kept is None else kept
    return tuple(sorted({*map(str, types), *(_VARIABLES if metadata.get("keep_vars") else ())}))


def _settings(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What an upload says about the worker as a whole."""
    settings = {key: metadata[key] for key in _SETTINGS if metadata.get(key) is not None}
    migrations = metadata.get("migrations") or {}
    return {**settings, "migration_tag": migrations["new_tag"]} if "new_tag" in migrations else settings


def _main_module(metadata: Mapping[str, Any], modules: Mapping[str, Module]) -> str:
    """The entry module; a service worker calls its one part `body_part`."""
    if "body_part" in metadata:
        return next(iter(modules), str(metadata["body_part"]))
    return str(metadata["main_module"])


def _binding(binding: Mapping[str, Any]) -> Mapping[str, Any]:
    if not all(isinstance(binding[key], str) for key in ("name", "type")):
        raise TypeError("a binding has a name and a type")
    return dict(binding)


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content


def _unusable(reason: str) -> RefusalError:
    return RefusalError(400, 10021, f"The upload cannot be read: {reason}.")
