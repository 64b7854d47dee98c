"""What is deployed, written into the config: so that the next deploy keeps it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from diagnose.project.drift import VARIABLES
from diagnose.project.edits import EditError, append_table, remove_key, set_value
from diagnose.project.reading import with_text
from diagnose.project.secret_shapes import secret_in

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from diagnose.model import Json
    from diagnose.project.bindings import WorkerConfig
    from diagnose.project.document import ConfigDocument, Keys
    from diagnose.project.drift import Difference

# Where a kind of binding stands in a config, and the config's name for each field of the API.
_LISTS: Final[Mapping[str, tuple[Keys, Mapping[str, str]]]] = {
    "analytics_engine": (("analytics_engine_datasets",), {"dataset": "dataset"}),
    "d1": (("d1_databases",), {"id": "database_id"}),
    "hyperdrive": (("hyperdrive",), {"id": "id"}),
    "kv_namespace": (("kv_namespaces",), {"namespace_id": "id"}),
    "queue": (("queues", "producers"), {"queue_name": "queue"}),
    "r2_bucket": (("r2_buckets",), {"bucket_name": "bucket_name"}),
    "service": (("services",), {"service": "service", "entrypoint": "entrypoint"}),
    "vectorize": (("vectorize",), {"index_name": "index_name"}),
}


def pulled(config: WorkerConfig, differences: Iterable[Difference], database_names: Mapping[str, str]) -> str:
    """The config's text with everything as it is deployed that a deploy would remove or replace.

    Args:
        config: as it is.
        differences: those that are only in the config are left alone.
        database_names: of D1 databases by id.

    Raises:
        EditError: one of them cannot be written into the config.
    """
    document = config.document
    for difference in differences:
        if difference.is_lost_by_deploy:
            document = with_text(document, _edited(document, config, difference, database_names))
    return document.text


def _edited(
    document: ConfigDocument, config: WorkerConfig, difference: Difference, names: Mapping[str, str]
) -> str:
    match difference.kind:
        case "variable":
            return _with_variable(document, config, difference)
        case "binding":
            return _with_binding(document, config, difference, names)
        case "cron":
            return _with_cron(document, config, difference)
        case "workers_dev":
            return set_value(document, (*config.section, "workers_dev"), difference.deployed)
        case _:
            return set_value(document, _inherited(document, config, difference.name), difference.deployed)


def _with_variable(document: ConfigDocument, config: WorkerConfig, difference: Difference) -> str:
    binding, configured = _fields(difference.deployed), _fields(difference.configured)
    value = binding.get("text") if binding["type"] == "plain_text" else binding.get("json")
    if isinstance(value, str) and secret_in(difference.name, value) is not None:
        raise _refused(document, f"`{difference.name}` looks like a secret, which belongs in no config")
    if configured and configured["type"] not in VARIABLES:
        raise _refused(document, f"`{difference.name}` is no variable in the config")
    return set_value(document, (*config.section, "vars", difference.name), value)


def _with_binding(
    document: ConfigDocument, config: WorkerConfig, difference: Difference, names: Mapping[str, str]
) -> str:
    deployed, configured = _fields(difference.deployed), _fields(difference.configured)
    kind = str(deployed["type"])
    if kind not in _LISTS or (configured and configured["type"] != kind):
        raise _refused(document, f"`{difference.name}` is a binding of another kind ({kind})")
    keys, fields = _LISTS[kind]
    values = {fields[key]: deployed[key] for key in fields if deployed.get(key) is not None}
    database = names.get(str(deployed.get("id")))
    if kind == "d1" and database is not None:
        values["database_name"] = database
    if not configured:
        entry = {"binding": difference.name, **values}
        return append_table(document, (*config.section, *keys), entry)
    entry_keys = next(each.keys for each in config.bindings if each.binding == difference.name)
    for key, value in values.items():
        document = with_text(document, set_value(document, (*entry_keys, key), value))
    return document.text


def _with_cron(document: ConfigDocument, config: WorkerConfig, difference: Difference) -> str:
    keys = (*_inherited(document, config, "triggers"), "crons")
    known = document.get(*keys)
    return set_value(document, keys, [*(known if isinstance(known, list) else ()), difference.name])


def with_consumer(config: WorkerConfig, queue: str, settings: Mapping[str, Json]) -> str:
    """The config's text with a consumer that is attached and not declared. Raises EditError."""
    document = config.document
    entry = {key: value for key, value in settings.items() if value is not None}
    return append_table(document, (*config.section, "queues", "consumers"), {"queue": queue, **entry})


def with_consumer_settings(config: WorkerConfig, queue: str, settings: Mapping[str, Json]) -> str:
    """The text with a declared consumer as it is attached; None takes a key away. Raises EditError."""
    document = config.document
    keys = next(each.keys for each in config.consumers if each.queue == queue)
    for key, value in settings.items():
        if value is not None:
            document = with_text(document, set_value(document, (*keys, key), value))
        elif document.get(*keys, key) is not None:
            document = with_text(document, remove_key(document, (*keys, key)))
    return document.text


def _inherited(document: ConfigDocument, config: WorkerConfig, key: str) -> Keys:
    """Where an inherited key counts: in the environment that has its own, else on top."""
    own = config.section
    return (*own, key) if own and document.get(*own, key) is not None else (key,)


def _fields(binding: Json) -> Mapping[str, Any]:
    return binding if isinstance(binding, dict) else {}


def _refused(document: ConfigDocument, reason: str) -> EditError:
    return EditError(reason, where=document.path)
