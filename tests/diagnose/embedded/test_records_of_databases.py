from __future__ import annotations

from dataclasses import replace

from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.state import DatabaseSettings


def test_settings_of_databases_are_kept(tmp_path):
    settings = DatabaseSettings(location="oc", jurisdiction="eu", read_replication="auto")
    with EmbeddedAccount.open(tmp_path / "account") as account:
        plain, near = account.create_database("plain"), account.create_database("near", settings=settings)
        account.put_database(replace(plain, settings=replace(plain.settings, read_replication="auto")))
    with EmbeddedAccount.open(tmp_path / "account") as account:
        assert account.databases[near.uuid] == near
        assert account.databases[plain.uuid].settings == DatabaseSettings(read_replication="auto")


def test_an_account_from_before_there_were_settings_opens(tmp_path):
    with EmbeddedAccount.open(tmp_path / "account") as account:
        database = account.create_database("plain")
    document = tmp_path / "account" / "account.json"
    text = document.read_text()
    start, end = text.index(',\n   "settings"'), text.index("}", text.index('"settings"')) + 1
    document.write_text(text[:start] + text[end:])
    with EmbeddedAccount.open(tmp_path / "account") as account:
        assert account.databases == {database.uuid: database}
