"""Deploys the project's worker into a throw-away account, as `wrangler deploy` would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.embedded import Module, Upload
from diagnose.embedded.deploying import schedule, upload_and_deploy
from diagnose.project.upload import build_upload
from diagnose.rehearsal.deriving import database_id

if TYPE_CHECKING:
    from diagnose.embedded import EmbeddedAccount
    from diagnose.project import Project

PYTHON_MODULE = "text/x-python"


def deploy_project(project: Project, account: EmbeddedAccount) -> tuple[str, dict[str, str]]:
    """Deploy; returns the worker's name, and database ids by binding.

    Raises:
        RefusalError: the account does not take it, for example because a database is not there.
        SourceError: the modules cannot be collected.
    """
    upload = build_upload(project)
    ids = _provision(project, account)
    script = upload_and_deploy(
        account.state,
        upload.script_name,
        Upload(
            main_module=upload.main_module,
            modules={
                name: Module(content=content, content_type=PYTHON_MODULE)
                for name, content in upload.modules.items()
            },
            bindings=tuple(
                {**binding, "id": ids[str(binding["name"])], "database_id": ids[str(binding["name"])]}
                if binding["type"] == "d1"
                else binding
                for binding in upload.bindings
            ),
            compatibility_date=upload.compatibility_date or "",
            compatibility_flags=upload.compatibility_flags,
            source="rehearsal",
        ),
    )
    account.put_script(schedule(script, upload.crons or ()))
    return upload.script_name, ids


def _provision(project: Project, account: EmbeddedAccount) -> dict[str, str]:
    """Database ids by binding; a binding without an id gets a new database, as a deploy would make one."""
    bindings = project.config.d1 if project.config else ()
    ids = {binding.binding: database_id(binding) for binding in bindings}
    for binding in bindings:
        uuid = ids[binding.binding]
        if not binding.database_id and uuid not in account.databases:
            account.create_database(binding.database_name or binding.binding, uuid=uuid)
    return ids
