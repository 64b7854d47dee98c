from __future__ import annotations

import pytest

from diagnose.d1 import LIMITS, D1Error, Statement
from diagnose.embedded import EmbeddedAccount, RefusalError

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"


def test_a_database_is_found_by_uuid_or_exact_name(embedded):
    database = embedded.create_database("history", uuid=UUID)
    assert embedded.find_database(UUID) == embedded.find_database("history") == database
    assert embedded.find_database("hist") is None


@pytest.mark.parametrize(
    ("name", "uuid", "code"),
    [("history", None, 7502), ("other", UUID, 7502), ("", None, 7400), ("other", "../x", 7400)],
)
def test_a_database_that_cannot_be_is_refused(embedded, name, uuid, code):
    embedded.create_database("history", uuid=UUID)
    with pytest.raises(RefusalError) as caught:
        embedded.create_database(name, uuid=uuid)
    assert caught.value.code == code
    assert list(embedded.databases) == [UUID]


def test_the_free_plan_ends_at_its_number_of_databases():
    with EmbeddedAccount.memory(plan="free") as account:
        for number in range(LIMITS.d1.databases.free):
            account.create_database(f"db-{number}")
        with pytest.raises(RefusalError) as caught:
            account.create_database("one-more")
    assert caught.value.code == 7406


def test_an_account_may_be_held_to_other_limits(tmp_path):
    longer = Statement("SELECT length(zeroblob(2200001)) AS n")
    of_june = LIMITS.at("2026-06-01").d1
    with EmbeddedAccount.open(tmp_path / "state") as account:
        first = account.create_database("first").uuid
        account.hold_to(of_june)
        second = account.create_database("second").uuid
        with account.snapshot() as copy:
            for uuid in (first, second, copy.create_database("third").uuid):
                with pytest.raises(D1Error, match="string or blob too big"):
                    copy.database(uuid).run(longer)
    with EmbeddedAccount.open(tmp_path / "state") as account:
        assert account.database(first).run(longer).rows == ((2_200_001,),)
        account.hold_to(of_june)
        for uuid in (first, second):
            with pytest.raises(D1Error, match="string or blob too big"):
                account.database(uuid).run(longer)


def test_a_deleted_database_is_unknown(embedded):
    embedded.create_database("history", uuid=UUID)
    embedded.delete_database(UUID)
    with pytest.raises(RefusalError) as caught:
        embedded.database(UUID)
    assert caught.value.code == 7404
