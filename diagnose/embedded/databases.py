"""The databases of an embedded account: its part of `EmbeddedAccount`."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from diagnose.d1 import LIMITS
from diagnose.embedded.holding import StateHolder
from diagnose.embedded.records import UUID
from diagnose.embedded.refusal import RefusalError, invalid_property, no_database
from diagnose.embedded.state import DatabaseSettings, DatabaseState, timestamp
from diagnose.errors import DiagnoseError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from diagnose.d1 import Database
    from diagnose.d1.limits import D1Limits
    from diagnose.embedded.history import History
    from diagnose.embedded.state import AccountState, Plan
    from diagnose.embedded.storage import Storage


class DatabaseHolder(StateHolder):
    """Databases, their rows and their past. A database is named by its UUID, as in the API."""

    def __init__(self, storage: Storage, state: AccountState, *, plan: Plan) -> None:
        super().__init__(storage, state, plan=plan)
        self._engines: dict[str, Database] = {}
        self._histories: dict[str, History] = {}
        self._limits = LIMITS.d1

    @property
    def databases(self) -> Mapping[str, DatabaseState]:
        """The databases by UUID."""
        return self._state.databases

    def database(self, uuid: str) -> Database:
        """The engine of a database. Raises RefusalError 7404 for an unknown UUID."""
        if uuid not in self.databases:
            raise no_database(uuid)
        if uuid not in self._engines:
            engine = self._storage.open_database(uuid)
            engine.hold_to(self._limits)
            self._histories[uuid] = self._storage.open_history(uuid, engine)
            self._engines[uuid] = engine
        return self._engines[uuid]

    def history(self, uuid: str) -> History:
        """The past of a database. Raises RefusalError 7404 for an unknown UUID."""
        self.database(uuid)
        return self._histories[uuid]

    def hold_to(self, limits: D1Limits) -> None:
        """Judge statements by other limits than the newest from now on, until the account is closed."""
        self._limits = limits
        for engine in self._engines.values():
            engine.hold_to(limits)

    def find_database(self, uuid_or_name: str) -> DatabaseState | None:
        """The database with that UUID, or with exactly that name."""
        by_name = (database for database in self.databases.values() if database.name == uuid_or_name)
        return self.databases.get(uuid_or_name) or next(by_name, None)

    def create_database(
        self,
        name: str,
        *,
        uuid: str | None = None,
        created_at: str | None = None,
        settings: DatabaseSettings | None = None,
    ) -> DatabaseState:
        """A new, empty database.

        Raises:
            RefusalError: 7502 the name or the UUID is taken; 7400 they cannot be used; 7406 the plan allows
                no more databases.
        """
        uuid = uuid or str(uuid4())
        self._refuse_database(name, uuid)
        database = DatabaseState(
            uuid=uuid,
            name=name,
            created_at=created_at or timestamp(),
            settings=settings or DatabaseSettings(),
        )
        engine = self._storage.create_database(uuid)
        engine.hold_to(self._limits)
        try:
            self._keep(self._state.with_database(database))
        except DiagnoseError:
            engine.close()
            raise
        self._histories[uuid] = self._storage.open_history(uuid, engine)
        self._engines[uuid] = engine
        return database

    def _refuse_database(self, name: str, uuid: str) -> None:
        if not name:
            raise invalid_property("name: must not be empty")
        if not UUID.fullmatch(uuid):
            raise invalid_property(f"uuid: {uuid!r} is none")
        if uuid in self.databases or any(database.name == name for database in self.databases.values()):
            raise RefusalError(400, 7502, "A database with that name already exists", result=[])
        if len(self.databases) >= LIMITS.d1.databases.of(self.plan):
            raise RefusalError(400, 7406, "The account has reached its number of databases", result=[])

    def put_database(self, database: DatabaseState) -> None:
        """Keep other settings of a database. Raises RefusalError 7404 for an unknown UUID."""
        self.database(database.uuid)
        self._keep(self._state.with_database(database))

    def delete_database(self, uuid: str) -> None:
        """Remove a database and its rows. Raises RefusalError 7404 for an unknown UUID."""
        self.database(uuid).close()
        del self._engines[uuid], self._histories[uuid]
        self._keep(self._state.without_database(uuid))
        self._storage.drop_database(uuid)

    def interrupt(self) -> None:
        """End the statements that run in other threads; they change nothing."""
        for database in self._engines.values():
            database.interrupt()

    def close_databases(self) -> None:
        """Close those that were opened."""
        for database in self._engines.values():
            database.close()
        self._engines.clear()
