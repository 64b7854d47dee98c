from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.embedded import RefusalError
from diagnose.embedded.deploying import deploy, upload_version
from diagnose.embedded.invoke import worker_code
from diagnose.embedded.secret_changes import (
    add_version_with_secrets,
    change_secrets,
    changed_secrets,
    refuse_changed_secrets,
)


def a_secret(text: str = "canary", name: str = "KEY", **more):
    return {"type": "secret_text", "name": name, "text": text, **more}


def code_of(caught) -> int:
    return caught.value.code


def test_a_new_secret_is_a_new_version_that_answers(embedded, deploy_worker):
    before = deploy_worker(embedded)
    script = change_secrets(before, {"KEY": a_secret()}, source="wrangler")
    assert script.latest.number == 2
    assert script.latest.modules == before.latest.modules
    assert script.latest.bindings == ({"type": "secret_text", "name": "KEY"},)
    assert script.latest.secrets["KEY"].text == "canary"
    assert script.deployments[0].versions == ((script.latest.id, 100.0),)
    assert script.deployments[0].annotations == {"workers/triggered_by": "secret"}
    assert before.latest.secrets == {}
    assert "canary" not in repr(script)


def test_a_secret_is_replaced_and_taken_away(embedded, deploy_worker):
    script = change_secrets(
        deploy_worker(embedded), {"A": a_secret(name="A"), "B": a_secret(name="B")}, source=""
    )
    script = change_secrets(script, {"A": a_secret("new", name="A"), "B": None}, source="")
    assert {name: secret.text for name, secret in script.latest.secrets.items()} == {"A": "new"}
    assert script.secrets == ("A",)


def test_a_key_keeps_what_is_not_secret_of_it(embedded, deploy_worker):
    key = {"type": "secret_key", "name": "KEY", "format": "raw", "usages": ["sign"], "key_base64": "Y2FuYXJ5"}
    script = change_secrets(deploy_worker(embedded), {"KEY": key}, source="")
    assert script.latest.bindings == (
        {"type": "secret_key", "name": "KEY", "format": "raw", "usages": ["sign"]},
    )
    assert "Y2FuYXJ5" not in repr(script)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"KEY": None}, 10056),
        ({"MODE": a_secret(name="MODE")}, 10053),
        ({"KEY": {"type": "secret_text", "name": "KEY"}}, 10021),
        ({"KEY": {"type": "secret_text", "name": "KEY", "text": 1}}, 10021),
    ],
)
def test_what_is_no_change_of_a_secret_is_refused(embedded, deploy_worker, changes, code):
    script = deploy_worker(embedded, bindings=({"type": "plain_text", "name": "MODE", "text": "x"},))
    with pytest.raises(RefusalError) as caught:
        change_secrets(script, changes, source="")
    assert code_of(caught) == code
    assert "canary" not in str(caught.value)


def test_secrets_do_not_deploy_a_version_that_is_not(embedded, deploy_worker, make_upload):
    deploy_worker(embedded)
    script = upload_version(embedded.state, "importer", make_upload("new"))
    with pytest.raises(RefusalError) as caught:
        change_secrets(script, {"KEY": a_secret()}, source="")
    assert code_of(caught) == 10215
    added = add_version_with_secrets(script, {"KEY": a_secret()}, source="", annotations={})
    assert (added.latest.number, added.active.number) == (3, 1)


def test_a_worker_without_versions_is_given_no_secrets(embedded, deploy_worker):
    with pytest.raises(RefusalError) as caught:
        add_version_with_secrets(replace(deploy_worker(embedded), versions=()), {}, source="", annotations={})
    assert code_of(caught) == 10222


def test_a_split_between_versions_stays(embedded, deploy_worker, make_upload):
    deploy_worker(embedded)
    script = upload_version(embedded.state, "importer", make_upload("new"))
    first, second = (version.id for version in script.versions)
    script = deploy(script, [(first, 90), (second, 10)], source="")
    script = change_secrets(script, {"KEY": a_secret()}, source="")
    assert script.deployments[0].versions == ((first, 90), (script.latest.id, 10))


def test_nobody_rolls_back_to_other_secrets_unawares(embedded, deploy_worker):
    script = deploy_worker(embedded)
    old = script.latest
    script = change_secrets(script, {"KEY": a_secret()}, source="")
    newer = change_secrets(script, {"KEY": a_secret("other")}, source="")
    for target in (old, script.latest):
        assert changed_secrets(target, newer.latest) == ("KEY",)
        with pytest.raises(RefusalError, match=r"^The following secrets have changed: KEY$") as caught:
            refuse_changed_secrets(newer, [target.id])
        assert code_of(caught) == 10220
    refuse_changed_secrets(newer, [newer.latest.id])
    same = change_secrets(script, {"KEY": a_secret()}, source="")
    refuse_changed_secrets(same, [script.latest.id])


def test_the_worker_is_given_the_texts_that_are_kept(embedded, deploy_worker):
    script = change_secrets(
        deploy_worker(embedded), {"A": a_secret("1", "A"), "B": a_secret("2", "B")}, source=""
    )
    assert worker_code(script.latest).vars == {"A": "1", "B": "2"}
    given = {"A": "placeholder", "UNKNOWN": "x"}
    assert worker_code(script.latest, secret_values=given).vars == {"A": "placeholder", "B": "2"}
