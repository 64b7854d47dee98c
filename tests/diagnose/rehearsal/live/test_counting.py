from __future__ import annotations

import pytest

from diagnose.account import ApiError
from diagnose.d1 import Statement
from diagnose.rehearsal.live.counting import count_rows
from diagnose.rehearsal.watching import Watch

pytestmark = pytest.mark.anyio

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"


async def test_rows_are_counted_each_time_anew(account, embedded):
    watch = Watch("DB", UUID, "prices")

    assert await count_rows(account, watch) == 0
    embedded.database(UUID).run(Statement("INSERT INTO prices VALUES (1), (2)"))
    assert await count_rows(account, watch) == 2


async def test_a_table_that_is_not_there(account):
    assert await count_rows(account, Watch("DB", UUID, 'odd "name"')) is None


async def test_a_database_that_is_not_there(account):
    with pytest.raises(ApiError):
        await count_rows(account, Watch("DB", UUID.replace("6", "7"), "prices"))
