from __future__ import annotations

import pytest

from diagnose.embedded import RefusalError
from diagnose.embedded.resolving import resolve

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"
SECRET = {"type": "secret_text", "name": "KEY", "text": "canary"}
MODE = {"type": "plain_text", "name": "MODE", "text": "x"}


def test_a_bare_binding_means_the_one_there_is(embedded, deploy_worker):
    embedded.create_database("history", uuid=UUID)
    script = deploy_worker(
        embedded, bindings=({"type": "d1", "name": "DB", "database_id": UUID}, MODE, SECRET)
    )
    bare = [
        {"type": "d1", "name": "DB"},
        {"type": "plain_text", "name": "MODE"},
        {"type": "secret_text", "name": "KEY"},
    ]
    resolved = resolve(embedded.state, script, bare)
    assert resolved.bindings == script.latest.bindings
    assert resolved.secrets == script.latest.secrets


def test_a_bare_binding_of_a_new_name_is_itself(embedded):
    assert resolve(embedded.state, None, [{"type": "ai", "name": "AI"}]).bindings == (
        {"type": "ai", "name": "AI"},
    )


def test_a_secret_is_inherited_with_its_text_from_any_version(embedded, deploy_worker):
    first = deploy_worker(embedded, bindings=(SECRET,)).latest
    script = deploy_worker(embedded, bindings=({**SECRET, "text": "newer"},))
    inherit = {"type": "inherit", "name": "TOKEN", "old_name": "KEY"}
    assert resolve(embedded.state, script, [inherit]).secrets["TOKEN"].text == "newer"
    older = resolve(embedded.state, script, [{**inherit, "version_id": first.id}])
    assert older.secrets["TOKEN"].text == "canary"
    assert older.bindings == ({"type": "secret_text", "name": "TOKEN"},)


@pytest.mark.parametrize("known", [True, False])
def test_what_cannot_be_inherited_is_dropped_unless_it_is_meant_strictly(embedded, deploy_worker, known):
    script = deploy_worker(embedded) if known else None
    given = [{"type": "inherit", "name": "Q"}, MODE]
    assert resolve(embedded.state, script, given, strict=False).bindings == (MODE,)
    with pytest.raises(RefusalError) as caught:
        resolve(embedded.state, script, given)
    assert caught.value.code == 10057


def test_types_are_kept_unless_the_name_is_given_anew(embedded, deploy_worker):
    script = deploy_worker(embedded, bindings=(SECRET, MODE))
    resolved = resolve(embedded.state, script, [{**MODE, "name": "KEY"}], keep={"secret_text", "plain_text"})
    assert resolved.bindings == ({**MODE, "name": "KEY"}, MODE)
    assert resolved.secrets == {}


@pytest.mark.parametrize("kind", ["r2_bucket", "kv_namespace", "assets", "hyperdrive"])
def test_other_bindings_are_kept_as_told(embedded, kind):
    told = {"type": kind, "name": "X", "bucket_name": "b", "jurisdiction": "eu"}
    assert resolve(embedded.state, None, [told]).bindings == (told,)


def test_a_database_binding_has_an_id(embedded):
    with pytest.raises(
        RefusalError, match="binding DB of type d1 must have a valid `id` specified"
    ) as caught:
        resolve(embedded.state, None, [{"type": "d1", "name": "DB"}])
    assert caught.value.code == 10021


@pytest.mark.parametrize("text", [None, 7])
def test_a_secret_whose_text_is_none_is_refused(embedded, text):
    with pytest.raises(RefusalError, match="binding KEY of type secret_text must have a text") as caught:
        resolve(embedded.state, None, [{**SECRET, "text": text}])
    assert (caught.value.status, caught.value.code) == (400, 10021)
