"""The keys that a wrangler config may have, as a tree.

Facts from `config-schema.json` of wrangler 4.164, and keys of older versions that wrangler still knows.
A table's shape maps its keys to the shapes below them; an array has the shape of its items; ANY stands for
values, for tables whose keys are the user's own, and for tables too young or too deep to be judged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

Shape: TypeAlias = "Mapping[str, Shape | None]"

ANY: Shape | None = None


def _table(keys: str, **below: Shape | None) -> Shape:
    return {**dict.fromkeys(keys.split(), ANY), **below}


_REMOTE_BINDING = _table("binding remote experimental_remote")
_NAMESPACE_BINDING = _table("binding namespace remote experimental_remote")
_ROUTE = _table("pattern zone_id zone_name custom_domain enabled previews_enabled script")

D1_DATABASE = _table(
    "binding database_name database_id preview_database_id jurisdiction migrations_table migrations_dir "
    "migrations_pattern database_internal_env remote experimental_remote"
)
QUEUE_PRODUCER = _table("binding queue delivery_delay remote experimental_remote")
QUEUE_CONSUMER = _table(
    "queue type max_batch_size max_batch_timeout max_retries dead_letter_queue max_concurrency "
    "visibility_timeout_ms retry_delay"
)
_OBSERVED = "enabled head_sampling_rate persist destinations"

ENVIRONMENT: Shape = _table(
    # One word per key whose value has no keys of its own, or keys that are not judged.
    "access account_id addresses alias base_dir cloudchamber compatibility_date compatibility_flags "
    "compliance_region connect containers define dependencies_instrumentation exports "
    "find_additional_modules first_party_worker jsx_factory jsx_fragment keep_names logpush main minify "
    "name no_bundle node_compat placement preserve_file_names preview_urls previews send_metrics tsconfig "
    "type unsafe upload_source_maps usage_model vars workers_dev workflows zone_id experimental_services",
    agent_memory=_NAMESPACE_BINDING,
    ai=_table("binding staging remote experimental_remote"),
    ai_search=_table("binding instance_name remote"),
    ai_search_namespaces=_NAMESPACE_BINDING,
    analytics=_REMOTE_BINDING,
    analytics_engine_datasets=_table("binding dataset remote"),
    artifacts=_NAMESPACE_BINDING,
    assets=_table(
        "directory binding html_handling not_found_handling base_path run_worker_first "
        "serve_directly experimental_serve_directly"
    ),
    browser=_REMOTE_BINDING,
    build=_table("command cwd watch_dir upload"),
    cache=_table("enabled cross_version_cache"),
    d1_databases=D1_DATABASE,
    dispatch_namespaces=_table(
        "binding namespace remote experimental_remote", outbound=_table("service environment parameters")
    ),
    durable_objects=_table(
        "code_update_strategy",
        bindings=_table("name class_name script_name environment remote experimental_remote"),
    ),
    flagship=_table("binding app_id remote"),
    hyperdrive=_table("binding id localConnectionString remote"),
    images=_REMOTE_BINDING,
    k2=_table("binding stream remote"),
    kv_namespaces=_table("binding id preview_id remote experimental_remote"),
    limits=_table("cpu_ms subrequests"),
    logfwdr=_table("schema", bindings=_table("name destination")),
    media=_REMOTE_BINDING,
    migrations=_table(
        "tag new_classes new_sqlite_classes renamed_classes transferred_classes deleted_classes"
    ),
    mtls_certificates=_table("binding certificate_id remote experimental_remote"),
    observability=_table(
        "enabled head_sampling_rate redact_query_string",
        issues=_table("enabled"),
        logs=_table(f"{_OBSERVED} invocation_logs"),
        traces=_table(_OBSERVED),
    ),
    pipelines=_table("binding stream pipeline remote experimental_remote"),
    python_modules=_table("exclude"),
    queues=_table("", producers=QUEUE_PRODUCER, consumers=QUEUE_CONSUMER),
    r2_buckets=_table(
        "binding bucket_name preview_bucket_name jurisdiction remote experimental_remote local_dev"
    ),
    ratelimits=_table("name namespace_id", simple=_table("limit period")),
    route=_ROUTE,
    routes=_ROUTE,
    rules=_table("type globs fallthrough"),
    secrets=_table("required"),
    secrets_store_secrets=_table("binding store_id secret_name"),
    send_email=_table(
        "name destination_address allowed_destination_addresses allowed_sender_addresses remote "
        "experimental_remote"
    ),
    services=_table("binding service environment entrypoint props remote experimental_remote"),
    stream=_REMOTE_BINDING,
    streaming_tail_consumers=_table("service"),
    tail_consumers=_table("service environment"),
    triggers=_table("crons events"),
    unsafe_hello_world=_table("binding enable_timer"),
    vectorize=_table("binding index_name remote experimental_remote"),
    version_metadata=_table("binding"),
    vpc_networks=_table("binding tunnel_id network_id remote"),
    vpc_services=_table("binding service_id remote experimental_remote"),
    worker_loaders=_table("binding"),
)
"""Keys of a named environment."""

TOP_LEVEL: Shape = {
    **ENVIRONMENT,
    **_table(
        "$schema data data_blobs dev keep_vars legacy_env pages_build_output_dir text_blobs wasm_modules "
        "webpack_config site entry-point "
        # What build tools write into the config that they generate for a deploy.
        "configPath userConfigPath topLevelName definedEnvironments targetEnvironment legacy_assets"
    ),
    "env": ANY,
}
"""Keys of a whole config; `env` maps names to ENVIRONMENT."""

ALIASES: Mapping[str, Mapping[str, str]] = {
    "": {
        "assets_directory": "assets",
        "compat_date": "compatibility_date",
        "compat_flags": "compatibility_flags",
        "cron": "triggers",
        "d1": "d1_databases",
        "d1_database": "d1_databases",
        "entrypoint": "main",
        "environment": "env",
        "environments": "env",
        "kv": "kv_namespaces",
        "queue": "queues",
        "r2": "r2_buckets",
        "script": "main",
        "trigger": "triggers",
        "variables": "vars",
    },
    "d1_databases": {
        "database": "database_name",
        "db_id": "database_id",
        "db_name": "database_name",
        "id": "database_id",
        "name": "database_name",
        "preview_id": "preview_database_id",
        "uuid": "database_id",
    },
    "queues.producers": {"name": "queue", "queue_name": "queue", "delay": "delivery_delay"},
    "queues.consumers": {
        "batch_size": "max_batch_size",
        "batch_timeout": "max_batch_timeout",
        "concurrency": "max_concurrency",
        "dead_letter": "dead_letter_queue",
        "dlq": "dead_letter_queue",
        "name": "queue",
        "queue_name": "queue",
        "retries": "max_retries",
    },
    "queues": {"consumer": "consumers", "producer": "producers"},
    "triggers": {"cron": "crons", "schedule": "crons", "schedules": "crons"},
    "kv_namespaces": {"kv_id": "id", "namespace_id": "id"},
    "r2_buckets": {"bucket": "bucket_name", "name": "bucket_name"},
    "services": {"name": "service"},
}
"""What people write for a key, by the table's path without indexes and environment."""
