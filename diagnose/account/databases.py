"""D1: databases and queries."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from diagnose.account.errors import Exchange, StatementError
from diagnose.account.facts import DatabaseInfo, QueryResult
from diagnose.account.schema import DEFINITIONS_SQL, SCHEMA_SQL, make_schema
from diagnose.account.session import Session, malformed, shaped

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from diagnose.d1.schema import Schema

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_ABSENT: Final = frozenset({7404})
_READ_BACK: Final = (
    "read the rows back before you repeat it: a text runs as one transaction, all of it or nothing"
)


class DatabaseCalls(Session):
    """What an account can be asked about D1."""

    async def databases(self) -> tuple[DatabaseInfo, ...]:
        """All databases. Raises ApiError."""
        return self._infos(await self._list(self._databases))

    async def database(self, uuid_or_name: str) -> DatabaseInfo | None:
        """The database with that UUID, or with exactly that name, or None. Raises ApiError.

        A list that fits into one page answers for all of them.
        """
        if _UUID.fullmatch(uuid_or_name):
            return await self._by_uuid(uuid_or_name.lower())
        # Asking the API for a name is documented as a search, so the comparison is made here.
        return next((info for info in await self.databases() if info.name == uuid_or_name), None)

    async def create_database(self, name: str) -> DatabaseInfo:
        """A new database, made once however often its answer is lost.

        Raises:
            ApiError: such as code 7502, when the name is taken.
        """
        self.forget()
        known = {info.uuid for info in self._infos(await self._list(self._databases))}

        async def made() -> Any:
            def by_us(item: Mapping[str, Any]) -> bool:
                return item["name"] == name and item["uuid"] not in known

            fresh = await self._list(self._databases)
            return shaped("GET", self._databases, lambda items: next(filter(by_us, items), None), fresh)

        created = await self._write("POST", self._databases, body={"name": name}, settle=made)
        return shaped("POST", self._databases, DatabaseInfo.from_api, created)

    async def delete_database(self, database_id: str) -> None:
        """The database and its rows are gone for good. Raises ApiError."""
        await self._write("DELETE", f"{self._databases}/{database_id}")

    async def query(
        self,
        database_id: str,
        sql: str,
        params: Sequence[Any] = (),
        *,
        reads_only: bool = False,
        repeatable: bool = False,
        landed: Callable[[], Awaitable[bool]] | None = None,
    ) -> tuple[QueryResult, ...]:
        """Run a text in one transaction; one result for each of its statements.

        Args:
            database_id: a UUID; names are resolved with `database`.
            sql: one statement, or several divided by `;`.
            params: text, numbers, booleans or None for the last statement. Blobs do not travel.
            reads_only: the text changes nothing; it is repeated after a failure that passes, and
                what is known stays known.
            repeatable: running it twice leaves what running it once leaves, as `INSERT OR IGNORE` and an
                upsert by key do; it is repeated, too, and counts what the last run changed.
            landed: tells whether it has run, by reading back what it leaves; asked when its answer is lost.
                Without, nobody knows. Its results are lost in any case.

        Raises:
            OutcomeUnknownError: the text changes something, and it may have run or not.
            StatementError: D1 refused it; nothing was changed.
            ApiError: anything else went wrong.
        """
        path = f"{self._databases}/{database_id}/raw"
        body = {"sql": sql, "params": list(params)} if params else {"sql": sql}
        if reads_only:
            result = (await self._transport.call("POST", path, body=body, reads=True)).result
        else:

            async def settle() -> Any:
                return [] if landed is not None and await landed() else None

            result = await self._write(
                "POST",
                path,
                body=body,
                repeatable=repeatable,
                settle=settle if landed else None,
                find_out=_READ_BACK,
            )
        _refuse_failed(path, result)
        return shaped("POST", path, lambda items: tuple(map(QueryResult.from_api, items)), result)

    async def schema(self, database_id: str) -> Schema:
        """The tables of a database, in one request. Raises ApiError."""
        (*described, _), path = await self._described(database_id), f"{self._databases}/{database_id}/raw"
        return shaped("POST", path, lambda found: make_schema(*(result.rows for result in found)), described)

    async def definitions(self, database_id: str) -> tuple[tuple[str, str], ...]:
        """(type, CREATE statement) of everything in a database; the same request. Raises ApiError."""
        *_, definitions = await self._described(database_id)
        return tuple((str(kind), str(sql)) for kind, sql in definitions.rows)

    async def _by_uuid(self, uuid: str) -> DatabaseInfo | None:
        listed = self._infos(await self._whole(self._databases) or ())
        known = next((info for info in listed if info.uuid == uuid), None)
        if known is not None:
            return known
        path = f"{self._databases}/{uuid}"
        found = await self._find(path, _ABSENT)
        return None if found is None else shaped("GET", path, DatabaseInfo.from_api, found)

    async def _described(self, database_id: str) -> tuple[QueryResult, ...]:
        """What `schema` and `definitions` are made of, asked for once."""
        sql, path = f"{SCHEMA_SQL};\n{DEFINITIONS_SQL}", f"{self._databases}/{database_id}/raw"
        found = await self._facts.find(
            ("description", database_id), self.query(database_id, sql, reads_only=True)
        )
        if len(found) != sql.count(";\n") + 1:
            raise malformed("POST", path, f"{len(found)} results for {sql.count(';') + 1} statements")
        return found

    @property
    def _databases(self) -> str:
        return self._path("/d1/database")

    def _infos(self, items: Sequence[Any]) -> tuple[DatabaseInfo, ...]:
        return tuple(shaped("GET", self._databases, DatabaseInfo.from_api, item) for item in items)


def _refuse_failed(path: str, result: Any) -> None:
    """Raise StatementError for a statement that failed inside an envelope of success."""
    for item in result if isinstance(result, list) else ():
        if isinstance(item, dict) and item.get("success") is False:
            message = str(item.get("error") or "a statement failed without a reason")
            raise StatementError(Exchange(method="POST", path=path, message=message))
