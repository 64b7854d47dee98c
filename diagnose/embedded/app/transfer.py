"""D1: whole databases in and out, and back in time.

Between two polls a real server waits about a second, because clients do not.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from typing import TYPE_CHECKING, Any, Final

from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Route

from diagnose.d1 import LIMITS
from diagnose.d1.dumping import DumpOptions
from diagnose.embedded.app.calls import ApiRoute
from diagnose.embedded.app.d1 import known_database, object_body
from diagnose.embedded.app.envelope import success
from diagnose.embedded.refusal import invalid_property
from diagnose.embedded.time_travel import bookmark_at, restore
from diagnose.embedded.tokens import Permission

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.app.calls import Call
    from diagnose.embedded.transfers import Job, JobKind, Link

_PATIENCE_SECONDS: Final = 1.0
_MD5: Final = re.compile(r"[0-9a-f]{32}")
_OPTIONS: Final = frozenset({"no_schema", "no_data", "tables", "compatibility"})


async def import_database(call: Call) -> Response:
    """Announce a file (`init`), run it once it has arrived (`ingest`), ask how far it is (`poll`).

    Raises RefusalError 7400 for a body that says none of it, or names what is not there.
    """
    uuid = known_database(call)
    body = await object_body(call)
    match body.get("action"):
        case "init":
            return await _init(call, uuid, _etag(body))
        case "ingest":
            return await _ingest(call, uuid, _etag(body), str(body.get("filename")))
        case "poll":
            return success(await _polled_by(call, "import", uuid, body.get("current_bookmark")))
        case _:
            raise invalid_property("action: must be init, ingest or poll")


async def _init(call: Call, uuid: str, etag: str) -> Response:
    transfers = call.account.transfers
    there = transfers.find(uuid, etag)
    if there is not None:
        return success(await _polled(transfers.ingest(there)))
    upload = transfers.expect(uuid, etag)
    return success({"filename": upload.file_name, "upload_url": _address(call, upload.link)})


async def _ingest(call: Call, uuid: str, etag: str, file_name: str) -> Response:
    upload = call.account.transfers.find(uuid, etag, file_name)
    if upload is None:
        raise invalid_property("filename: nothing with this etag was uploaded")
    return success(await _polled(call.account.transfers.ingest(upload)))


async def export_database(call: Call) -> Response:
    """Begin to write a database as SQL, or ask how far it is.

    Raises RefusalError 7400 for a body that asks for something else.
    """
    uuid = known_database(call)
    body = await object_body(call)
    if body.get("output_format") != "polling":
        raise invalid_property("output_format: must be polling")
    if body.get("current_bookmark") is not None:
        return success(await _polled_by(call, "export", uuid, body["current_bookmark"]))
    options = _dump_options(body.get("dump_options") or {})
    job = call.account.transfers.export(uuid, options, lambda link: _address(call, link))
    return success(await _polled(job))


async def read_bookmark(call: Call) -> Response:
    """The bookmark of the state that the database is in, or was in at `timestamp`."""
    uuid = known_database(call)
    timestamp = call.request.query_params.get("timestamp") or None
    return success({"bookmark": bookmark_at(call.account, uuid, timestamp)})


async def restore_database(call: Call) -> Response:
    """Bring back the state of `bookmark`, or of the moment `timestamp`."""
    uuid = known_database(call)
    call.account.transfers.require_idle(uuid)
    query = call.request.query_params
    restored = await call.turns.take(
        uuid,
        lambda _: restore(
            call.account, uuid, to=query.get("bookmark") or None, timestamp=query.get("timestamp") or None
        ),
    )
    return success(
        {
            "bookmark": restored.bookmark,
            "previous_bookmark": restored.previous_bookmark,
            "message": f"The database was restored; bookmark {restored.previous_bookmark} leads back",
        }
    )


def _etag(body: dict[str, Any]) -> str:
    etag = body.get("etag")
    if not isinstance(etag, str) or not _MD5.fullmatch(etag.lower()):
        raise invalid_property("etag: must be the MD5 of the file in hexadecimal")
    return etag.lower()


def _dump_options(given: Any) -> DumpOptions:
    if not isinstance(given, dict) or not set(given) <= _OPTIONS:
        raise invalid_property("dump_options: must hold no_schema, no_data and tables only")
    tables = given.get("tables") or []
    if not isinstance(tables, list) or not all(isinstance(table, str) for table in tables):
        raise invalid_property("dump_options.tables: must be names of tables")
    schema, data = not given.get("no_schema"), not given.get("no_data")
    if not (schema or data):
        raise invalid_property("dump_options: no_schema and no_data leave nothing")
    return DumpOptions(schema=schema, data=data, tables=frozenset(tables))


async def _polled(job: Job) -> dict[str, Any]:
    """How far a job is, after a while in which it may end."""
    await asyncio.to_thread(job.wait, _PATIENCE_SECONDS)
    return job.polled()


async def _polled_by(call: Call, kind: JobKind, uuid: str, bookmark: object) -> dict[str, Any]:
    if not isinstance(bookmark, str):
        raise invalid_property("current_bookmark: must be a string")
    job = call.account.transfers.job(kind, uuid, bookmark)
    if job is None:
        return {"success": False, "error": f"There is no {kind} at this bookmark."}
    return await _polled(job)


def _address(call: Call, link: Link) -> str:
    """An absolute address at the origin that the request came to."""
    return str(call.request.base_url.replace(path=_LINK.format(key=link.key)))


def link_routes(account: EmbeddedAccount) -> list[Route]:
    """Where files are put and fetched; whoever knows the address needs no token."""

    async def put(request: Request) -> Response:
        link = account.transfers.links.find(request.path_params["key"])
        if link is None:
            return PlainTextResponse("AccessDenied", status_code=403)
        etag = await _receive(request, link)
        if etag is None:
            return PlainTextResponse("EntityTooLarge", status_code=413)
        account.transfers.arrived(link, etag)
        return PlainTextResponse("", headers={"ETag": f'"{etag}"'})

    async def fetch(request: Request) -> Response:
        link = account.transfers.links.find(request.path_params["key"])
        if link is None or not link.file.is_file():
            return PlainTextResponse("AccessDenied", status_code=403)
        return FileResponse(link.file, media_type="application/sql")

    return [Route(_LINK, put, methods=["PUT"]), Route(_LINK, fetch, methods=["GET"])]


async def _receive(request: Request, link: Link) -> str | None:
    """Write the body to the link's file; its MD5, or None when it is larger than D1 takes."""
    digest = hashlib.md5(usedforsecurity=False)
    size = 0
    with link.file.open("wb") as stream:
        async for chunk in request.stream():
            size += len(chunk)
            if size > LIMITS.d1.import_file_bytes:
                return None
            digest.update(chunk)
            stream.write(chunk)
    return digest.hexdigest()


_LINK: Final = "/transfers/{key}"
_DATABASE: Final = "/accounts/{account_id}/d1/database/{database_id}"

ROUTES: Final = (
    ApiRoute("POST", _DATABASE + "/import", import_database, Permission.D1_EDIT),
    ApiRoute("POST", _DATABASE + "/export", export_database, Permission.D1_READ),
    ApiRoute("GET", _DATABASE + "/time_travel/bookmark", read_bookmark, Permission.D1_READ),
    ApiRoute("POST", _DATABASE + "/time_travel/restore", restore_database, Permission.D1_EDIT),
)
