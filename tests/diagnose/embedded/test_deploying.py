from __future__ import annotations

import pytest

from diagnose.embedded import RefusalError
from diagnose.embedded.deploying import deploy, schedule, upload_and_deploy, upload_version

UUID = "6c2f7d0e-3b1a-4c58-9d47-0a5e8f213b64"


def test_versions_are_numbered_and_the_newest_answers(embedded, deploy_worker):
    first = deploy_worker(embedded, text="one").active
    second = deploy_worker(embedded, text="two")
    assert [version.number for version in second.versions] == [1, 2]
    assert second.active.modules["entry.py"].content == b"two"
    assert second.deployments[1].versions == ((first.id, 100.0),)
    assert first.etag != second.active.etag


def test_a_version_alone_does_not_answer(embedded, deploy_worker, make_upload):
    active = deploy_worker(embedded).active
    script = upload_version(embedded.state, "importer", make_upload("new"))
    assert script.active == active
    assert script.latest.modules["entry.py"].content == b"new"


def test_the_version_with_the_larger_share_is_active(embedded, deploy_worker, make_upload):
    deploy_worker(embedded)
    script = upload_version(embedded.state, "importer", make_upload("new"))
    first, second = (version.id for version in script.versions)
    assert deploy(script, [(first, 40), (second, 60)], source="api").active.id == second


@pytest.mark.parametrize("shares", [[], [50.0], [150.0, -50.0]])
def test_shares_must_add_up(embedded, deploy_worker, shares):
    script = deploy_worker(embedded)
    with pytest.raises(RefusalError) as caught:
        deploy(script, [(script.versions[0].id, share) for share in shares], source="api")
    assert caught.value.code == 10026


def test_an_unknown_version_is_not_deployed(embedded, deploy_worker):
    with pytest.raises(RefusalError) as caught:
        deploy(deploy_worker(embedded), [(UUID, 100)], source="api")
    assert (caught.value.status, caught.value.code) == (404, 100146)


def test_the_entry_module_must_be_there(embedded, make_upload):
    with pytest.raises(RefusalError, match=r'No such module "index\.js"') as caught:
        upload_version(embedded.state, "importer", make_upload(main_module="index.js"))
    assert caught.value.code == 10021


def test_the_text_of_a_secret_is_not_kept(embedded, deploy_worker):
    script = deploy_worker(embedded, bindings=({"type": "secret_text", "name": "KEY", "text": "canary"},))
    assert script.secrets == ("KEY",)
    assert "canary" not in repr(script)


def test_secrets_stay_when_a_client_asks_to_keep_them(embedded, deploy_worker):
    deploy_worker(embedded, bindings=({"type": "secret_text", "name": "KEY", "text": "x"},))
    assert deploy_worker(embedded, keep_bindings=("secret_text",)).secrets == ("KEY",)
    assert deploy_worker(embedded).secrets == ()


def test_a_binding_is_inherited_under_its_name_or_another(embedded, deploy_worker):
    embedded.create_queue("jobs")
    deploy_worker(embedded, bindings=({"type": "queue", "name": "Q", "queue_name": "jobs"},))
    bindings = ({"type": "inherit", "name": "Q"}, {"type": "inherit", "name": "JOBS", "old_name": "Q"})
    script = deploy_worker(embedded, bindings=bindings)
    assert script.latest.bindings == (
        {"type": "queue", "name": "Q", "queue_name": "jobs"},
        {"type": "queue", "name": "JOBS", "queue_name": "jobs"},
    )


def test_nothing_is_inherited_from_nowhere(embedded, make_upload):
    with pytest.raises(RefusalError) as caught:
        upload_and_deploy(
            embedded.state, "importer", make_upload(bindings=({"type": "inherit", "name": "Q"},))
        )
    assert caught.value.code == 10057


def test_a_database_binding_has_both_spellings_of_the_id(embedded, deploy_worker):
    embedded.create_database("history", uuid=UUID)
    script = deploy_worker(embedded, bindings=({"type": "d1", "name": "DB", "database_id": UUID},))
    assert script.latest.bindings == ({"type": "d1", "name": "DB", "id": UUID, "database_id": UUID},)


def test_schedules_are_replaced_and_keep_their_date_of_creation(embedded, deploy_worker):
    script = schedule(deploy_worker(embedded), ["0 3 * * *", "0 3 * * *"])
    (before,) = script.schedules
    kept, added = schedule(script, ["0 3 * * *", "*/5 * * * *"]).schedules
    assert (kept.cron, kept.created_on, added.cron) == ("0 3 * * *", before.created_on, "*/5 * * * *")
    assert schedule(script, []).schedules == ()


@pytest.mark.parametrize(
    "cron", ["daily", "* * * *", "60 * * * *", "0 24 * * *", "0 0 30-32 * *", "0 0 1 1,13 *", "0 0 * * 8#2"]
)
def test_an_expression_that_never_fires_is_refused(embedded, deploy_worker, cron):
    with pytest.raises(RefusalError) as caught:
        schedule(deploy_worker(embedded), ["* * * * *", cron])
    assert (caught.value.code, caught.value.message) == (10100, f"invalid cron string: {cron}")


@pytest.mark.parametrize("cron", ["59 23 31 12 7#5", "*/90 0-23/5 LW JAN-MAR 1L", "0 0 15W * SUN,2"])
def test_every_form_of_an_expression_is_kept(embedded, deploy_worker, cron):
    assert [entry.cron for entry in schedule(deploy_worker(embedded), [cron]).schedules] == [cron]


def test_a_binding_to_a_queue_that_is_not_there_is_refused(embedded, make_upload):
    upload = make_upload(bindings=({"type": "queue", "name": "Q", "queue_name": "jobs"},))
    with pytest.raises(RefusalError) as caught:
        upload_version(embedded.state, "importer", upload)
    assert (caught.value.status, caught.value.code, caught.value.message) == (
        400,
        11000,
        'Queue "jobs" does not exist. To create it, run: wrangler queues create jobs',
    )
    embedded.create_queue("jobs")
    assert upload_version(embedded.state, "importer", upload).latest.bindings == upload.bindings
