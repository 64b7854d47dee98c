"""The API answers what workerd was recorded to do, as far as the calls can be said in its bodies."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import anyio.from_thread
import httpx
import pytest
from vectors.comparing import Agreement, known_of, replay
from vectors.over_http import Api
from vectors.recordings import known_to_differ, vectors_by_group

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from diagnose.d1 import Database
    from diagnose.embedded import EmbeddedAccount

D1 = "http://embedded.invalid/client/v4/accounts/0123456789abcdef0123456789abcdef/d1/database"

Behind: TypeAlias = "tuple[Database, Callable[[str, bytes], tuple[int, str]]]"


@pytest.fixture
def new_database(embedded: EmbeddedAccount) -> Iterator[Callable[[], Behind]]:
    """Makes a database and what sends bodies to it."""
    headers = {"Authorization": f"Bearer {embedded.token}"}
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=embedded.app()), headers=headers)
    with anyio.from_thread.start_blocking_portal() as portal:

        def make() -> Behind:
            uuid = embedded.create_database(f"vectors-{len(embedded.databases)}").uuid

            def post(path: str, body: bytes) -> tuple[int, str]:
                answer = portal.call(partial(client.post, f"{D1}/{uuid}/{path}", content=body))
                return answer.status_code, answer.text

            return embedded.database(uuid), post

        yield make
        portal.call(client.aclose)


# What these try is not how rows are written, and their rows are long.
LONG: Final = {"batch", "json-bulk", "sql-length", "value-size", "vdbe-size"}
CALLS: Final = [
    (group, path)
    for group in sorted(vectors_by_group())
    for path in ("query", "raw")
    if path == "query" or group not in LONG
]


@pytest.mark.parametrize(("group", "path"), CALLS)
def test_group_agrees_but_for_the_vectors_known_to_differ(
    group: str, path: Literal["query", "raw"], new_database, record_property
):
    vectors = vectors_by_group()[group]
    agreement = Agreement()
    for vector in vectors:
        replay(vector, Api(*new_database(), path), agreement)
    record_property("agreement", (f"{group} over /{path}", agreement.figures))
    known = known_of(known_to_differ().get(path, {}), vectors)
    assert not agreement.unexpected(known), f"{group}: vectors that differ, or agree and are said to differ"
    assert set(agreement.left_out) <= {vector["id"] for vector in vectors if _is_of_the_binding(vector)}


def _is_of_the_binding(vector) -> bool:
    return "exec" in vector or str(vector["error"]).startswith(("D1_TYPE", "D1_COLUMN", "Cannot convert"))
