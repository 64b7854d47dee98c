"""D1: whole databases in and out, and back in time."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from diagnose.account.errors import Exchange, StatementError
from diagnose.account.facts import QueryMeta
from diagnose.account.secret import Secret
from diagnose.account.session import Session, malformed, shaped

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_SECONDS_BETWEEN_POLLS: Final = 1.0
_POLLS: Final = 3_600
_FIND_OUT: Final = "look at the tables, or ask `wrangler d1 time-travel info` whether the bookmark moved"


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


class TransferCalls(Session):
    """What an account can be asked about a database as a whole. Its addresses of files are never shown."""

    async def import_file(self, database_id: str, file: Path) -> Imported:
        """Run all statements of a file, or none. The database serves nothing else meanwhile.

        Args:
            database_id: a UUID.
            file: SQL in UTF-8.

        Raises:
            StatementError: D1 refused a statement; nothing was changed.
            OutcomeUnknownError: it may have begun.
            ApiError: anything else went wrong.
            OSError: the file cannot be read.
        """
        path = self._transfer_path(database_id, "import")
        etag = await asyncio.to_thread(_md5, file)
        answer = _mapping(path, await self._transfer(path, {"action": "init", "etag": etag}))
        if "upload_url" in answer:
            await self._upload(path, Secret(str(answer["upload_url"])), file, etag)
            ingest = {"action": "ingest", "etag": etag, "filename": answer.get("filename")}
            answer = await self._transfer(path, ingest)
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

    async def _transfer(self, path: str, body: Mapping[str, Any]) -> Any:
        return await self._write("POST", path, body=body, find_out=_FIND_OUT)

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
