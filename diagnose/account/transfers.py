"""D1: whole databases in and out, and back in time."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from diagnose.account.errors import Exchange, OutcomeUnknownError, ServerError, StatementError
from diagnose.account.facts import QueryMeta
from diagnose.account.secret import Secret
from diagnose.account.session import Session, malformed, shaped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SECONDS_BETWEEN_POLLS: Final = 1.0
_POLLS: Final = 3_600
_FIND_OUT: Final = "look at the tables, or ask `wrangler d1 time-travel info` whether the bookmark moved"

_IMPORTING: Final = "long-running import"  # https://developers.cloudflare.com/d1/observability/debug-d1/


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A file whose statements have run.

    Attributes:
        queries: how many there were.
        bookmark: of the database afterwards.
    """

    queries: int
    bookmark: str
    meta: QueryMeta


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Bookmarks after and before a restore; the second one undoes it."""

    bookmark: str
    previous_bookmark: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class _Start:
    """Where an import begins: the path of its calls, and the bookmark of the database before it."""

    database_id: str
    path: str
    bookmark: str


class TransferCalls(Session):
    """What an account can be asked about a database as a whole. Its addresses of files are never shown."""

    async def import_file(self, database_id: str, file: Path) -> Imported:
        """Run all statements of a file, or none, once. The database serves nothing else meanwhile.

        An answer that is lost is looked for by the bookmark at which the import began. Where the database
        has not moved from it, nothing ran, and it is asked for again.

        Args:
            database_id: a UUID.
            file: SQL in UTF-8.

        Raises:
            StatementError: D1 refused a statement; nothing was changed.
            OutcomeUnknownError: it may have run: an answer was lost, and the database moved without showing
                an import.
            ApiError: anything else went wrong.
            OSError: the file cannot be read.
        """
        path = self._transfer_path(database_id, "import")
        etag = await asyncio.to_thread(_md5, file)
        start = _Start(database_id, path, await self.bookmark(database_id))
        answer = _mapping(path, await self._transfer(start, {"action": "init", "etag": etag}))
        if "upload_url" in answer:
            await self._upload(path, Secret(str(answer["upload_url"])), file, etag)
            ingest = {"action": "ingest", "etag": etag, "filename": answer.get("filename")}
            answer = await self._transfer(start, ingest)
        result = await self._result(path, answer, {"action": "poll"})
        return shaped(
            "POST",
            path,
            lambda found: Imported(
                queries=int(found["num_queries"]),
                bookmark=str(found["final_bookmark"]),
                meta=QueryMeta.from_api(found["meta"]),
            ),
            result,
        )

    async def export(
        self,
        database_id: str,
        file: Path,
        *,
        tables: Sequence[str] = (),
        schema: bool = True,
        data: bool = True,
    ) -> int:
        """Write a database to a file as SQL; how many bytes it has. Others wait meanwhile.

        Args:
            database_id: a UUID.
            file: there when it is whole; replaced if it is there already.
            tables: only these; empty for all.
            schema: with the statements that create tables.
            data: with the rows.

        Raises:
            StatementError: D1 does not export this database.
            ApiError: anything else went wrong.
            OSError: the file cannot be written.
        """
        path = self._transfer_path(database_id, "export")
        options = {"no_schema": not schema, "no_data": not data, "tables": list(tables)}
        body = {"output_format": "polling", "dump_options": options}
        answer = (await self._transport.call("POST", path, body=body, reads=True)).result
        result = await self._result(path, answer, body)
        url = shaped("POST", path, lambda found: Secret(str(found["signed_url"])), result)
        return await self._transport.files.fetch(url, file)

    async def bookmark(self, database_id: str, timestamp: str | None = None) -> str:
        """The bookmark of a database now, or at an ISO 8601 moment of the last days. Raises ApiError."""
        path = self._transfer_path(database_id, "time_travel/bookmark")
        query = None if timestamp is None else {"timestamp": timestamp}
        found = (await self._transport.call("GET", path, query=query)).result
        return shaped("GET", path, lambda item: str(item["bookmark"]), found)

    async def restore(
        self, database_id: str, *, bookmark: str | None = None, timestamp: str | None = None
    ) -> Restored:
        """Bring a database back to a bookmark, or to a moment. What was written since is gone.

        Raises:
            OutcomeUnknownError: it may have been done.
            ApiError: anything else went wrong.
        """
        given = {"bookmark": bookmark, "timestamp": timestamp}
        query = urlencode({name: value for name, value in given.items() if value is not None})
        path = self._transfer_path(database_id, f"time_travel/restore?{query}")
        found = await self._write("POST", path, find_out=_FIND_OUT)
        return shaped(
            "POST",
            path,
            lambda item: Restored(
                bookmark=str(item["bookmark"]),
                previous_bookmark=str(item["previous_bookmark"]),
                message=str(item.get("message") or ""),
            ),
            found,
        )

    async def _transfer(self, start: _Start, body: Mapping[str, Any]) -> Any:
        """What begins an import: also an `init` may, of content that was uploaded before."""
        return await self._write(
            "POST", start.path, body=body, settle=lambda: self._begun(start), find_out=_FIND_OUT
        )

    async def _begun(self, start: _Start) -> Mapping[str, Any] | None:
        """What the import answers that began at a bookmark; None when nothing was written since.

        An import runs as a whole or not at all, and the database serves nothing else meanwhile. An older one
        that ended at this bookmark has written nothing and is no answer. That Cloudflare names an import by
        the bookmark before it is unverified; where it does not, what has run is not known.

        Raises:
            OutcomeUnknownError: something was written, and no import shows itself.
            ApiError: it cannot be looked up.
        """
        moved = False
        for _ in range(_POLLS):
            body = {"action": "poll", "current_bookmark": start.bookmark}
            found = (await self._transport.call("POST", start.path, body=body, reads=True)).result
            if _is_import_since(start.bookmark, found):
                return _mapping(start.path, found)
            if moved:
                break
            if await self._serves(start.database_id):
                moved = await self.bookmark(start.database_id) != start.bookmark
                if not moved:
                    return None
            else:
                await self.pause(_SECONDS_BETWEEN_POLLS)
        told = "the answer is lost, and the database was written to without showing an import"
        raise OutcomeUnknownError(Exchange(method="POST", path=start.path, message=told), hint=_FIND_OUT)

    async def _serves(self, database_id: str) -> bool:
        """Whether the database answers queries, which it does not while it takes a file. Raises ApiError."""
        path = self._transfer_path(database_id, "raw")
        try:
            await self._transport.call("POST", path, body={"sql": "SELECT 1"}, reads=True)
        except ServerError as error:
            if _IMPORTING in error.text.lower():
                return False
            raise
        return True

    async def _upload(self, path: str, url: Secret, file: Path, etag: str) -> None:
        arrived = await self._transport.files.put(url, file)
        if arrived != etag:
            raise malformed("POST", path, "the uploaded file did not arrive as it was sent")

    async def _result(self, path: str, answer: Any, poll: Mapping[str, Any]) -> Any:
        """What a job brings, once it has ended."""
        for _ in range(_POLLS):
            found = _mapping(path, answer)
            if found.get("success") is False or found.get("status") == "error":
                raise StatementError(Exchange(method="POST", path=path, message=_reason(found)))
            if found.get("status") == "complete":
                return found.get("result")
            await self.pause(_SECONDS_BETWEEN_POLLS)
            body = {**poll, "current_bookmark": found.get("at_bookmark")}
            answer = (await self._transport.call("POST", path, body=body, reads=True)).result
        raise malformed("POST", path, f"it did not end within {_POLLS} polls")

    def _transfer_path(self, database_id: str, rest: str) -> str:
        return self._path(f"/d1/database/{database_id}/{rest}")


def _is_import_since(bookmark: str, answer: Any) -> bool:
    """It runs, or has moved the database from this bookmark."""
    if not isinstance(answer, dict):
        return False
    result = answer.get("result")
    ended = isinstance(result, dict) and result.get("final_bookmark") not in {None, bookmark}
    return answer.get("status") == "active" or (answer.get("status") == "complete" and ended)


def _mapping(path: str, answer: Any) -> Mapping[str, Any]:
    if not isinstance(answer, dict):
        raise malformed("POST", path, "the result is not an object")
    return answer


def _reason(answer: Mapping[str, Any]) -> str:
    errors = answer.get("errors")
    listed = "; ".join(map(str, errors)) if isinstance(errors, list) else ""
    return str(answer.get("error") or listed or "it failed without a reason")


def _md5(file: Path) -> str:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
