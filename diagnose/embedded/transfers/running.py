"""The imports and exports of one account: what was uploaded, what runs, what has ended."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from diagnose.embedded.refusal import RefusalError
from diagnose.embedded.time_travel import current_bookmark
from diagnose.embedded.transfers.importing import import_file
from diagnose.embedded.transfers.jobs import Job
from diagnose.embedded.transfers.links import Links

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.d1 import Database
    from diagnose.d1.dumping import DumpOptions
    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.transfers.jobs import JobKind
    from diagnose.embedded.transfers.links import Link


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """How many tables a database has, and how many bytes."""

    tables: int
    size_bytes: int

    @classmethod
    def of(cls, database: Database) -> Self:
        """As it is now."""
        return cls(len(database.schema().tables), database.size_bytes)


@dataclass(frozen=True, slots=True)
class ImportFile:
    """A file that is to be imported into one database.

    Attributes:
        uuid: of the database.
        etag: MD5 of the content in hexadecimal, as the client announced it.
        file_name: by which it is ingested.
        link: where it is put.
    """

    uuid: str
    etag: str
    file_name: str
    link: Link


class Transfers:
    """What `…/import` and `…/export` know between two requests."""

    def __init__(self, account: EmbeddedAccount, links: Links | None = None) -> None:
        self.links = links or Links()
        self._account = account
        self._uploads: dict[str, ImportFile] = {}
        self._arrived: dict[str, str] = {}
        self._jobs: dict[tuple[JobKind, str], Job] = {}
        self._before: dict[str, DatabaseFacts] = {}

    def expect(self, uuid: str, etag: str) -> ImportFile:
        """Make room for a file."""
        file_name = f"{uuid}.{secrets.token_hex(8)}.sql"
        link = self.links.make(self._account.scratch() / file_name)
        upload = ImportFile(uuid, etag, file_name, link)
        valid = {name: known for name, known in self._uploads.items() if self.links.find(known.link.key)}
        self._uploads = {**valid, file_name: upload}
        self._arrived = {name: found for name, found in self._arrived.items() if name in valid}
        return upload

    def arrived(self, link: Link, etag: str) -> None:
        """A file was put whole; `etag` is the MD5 of what came."""
        self._arrived[link.file.name] = etag

    def find(self, uuid: str, etag: str, file_name: str | None = None) -> ImportFile | None:
        """A file for that database that arrived with that content, or None."""
        return next(
            (
                upload
                for upload in self._uploads.values()
                if (upload.uuid, upload.etag) == (uuid, etag)
                and file_name in {None, upload.file_name}
                and self._arrived.get(upload.file_name) == etag
                and self.links.find(upload.link.key) is not None
            ),
            None,
        )

    def ingest(self, upload: ImportFile) -> Job:
        """Run the statements of a file. Raises RefusalError 7500 while another import runs."""
        self.require_idle(upload.uuid)
        database = self._account.database(upload.uuid)
        self._before[upload.uuid] = DatabaseFacts.of(database)
        return self._start(
            "import",
            upload.uuid,
            lambda job: import_file(
                job, database, upload.link.file, lambda: current_bookmark(self._account, upload.uuid)
            ),
        )

    def export(self, uuid: str, options: DumpOptions, address: Callable[[Link], str]) -> Job:
        """Write a database as SQL. Raises RefusalError 7500 while an import runs."""
        self.require_idle(uuid)
        database = self._account.database(uuid)
        link = self.links.make(self._account.scratch() / f"{uuid}.{secrets.token_hex(8)}.sql")

        def work(job: Job) -> dict[str, Any]:
            with link.file.open("wb") as stream:
                for statement in database.dump(options):
                    job.require_time()
                    stream.write(statement)
            return {"filename": link.file.name, "signed_url": address(link)}

        return self._start("export", uuid, work)

    def job(self, kind: JobKind, uuid: str, bookmark: str) -> Job | None:
        """The newest job of that kind if it began at that bookmark, or None."""
        job = self._jobs.get((kind, uuid))
        return job if job is not None and job.bookmark == bookmark else None

    def importing(self, uuid: str) -> bool:
        """Whether the database refuses statements, because it takes a file."""
        job = self._jobs.get(("import", uuid))
        return job is not None and not job.done

    def before(self, uuid: str) -> DatabaseFacts | None:
        """What a database held before the import that runs now, or None without one."""
        return self._before[uuid] if self.importing(uuid) else None

    def require_idle(self, uuid: str) -> None:
        """Raise RefusalError 7500 while an import runs."""
        if self.importing(uuid):
            raise RefusalError(500, 7500, "Currently processing a long-running import.", result=[])

    def close(self) -> None:
        """End what runs; an import leaves nothing behind."""
        for job in self._jobs.values():
            job.stop()
        self._jobs.clear()

    def _start(self, kind: JobKind, uuid: str, work: Callable[[Job], dict[str, Any]]) -> Job:
        job = Job(kind, current_bookmark(self._account, uuid))
        self._jobs[kind, uuid] = job
        job.start(work)
        return job
