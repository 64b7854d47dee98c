"""How the worker that answers in an account differs from what a config would deploy.

What the API does not show is no difference, nor are secrets, which stand in no config.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from diagnose.project.placeholders import is_placeholder_id
from diagnose.project.upload import uploaded_bindings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from diagnose.account import Account, ScriptSettings
    from diagnose.model import Json
    from diagnose.project.bindings import WorkerConfig

Side: TypeAlias = Literal["deployed", "config", "both"]

VARIABLES: Final = frozenset({"plain_text", "json"})
# What tells two resources of a kind apart. Kinds that are not listed are not compared: how the API shows
# them is not documented well enough.
_IDENTITY: Final[Mapping[str, tuple[str, ...]]] = {
    "ai": (),
    "analytics_engine": ("dataset",),
    "d1": ("id",),
    "durable_object_namespace": ("class_name",),
    "hyperdrive": ("id",),
    "json": ("json",),
    "kv_namespace": ("namespace_id",),
    "plain_text": ("text",),
    "queue": ("queue_name",),
    "r2_bucket": ("bucket_name",),
    "service": ("service", "entrypoint"),
    "vectorize": ("index_name",),
}
_AT_WORKERS_DEV: Final = "the worker answers at workers.dev, and would not any more"
_NOT_AT_WORKERS_DEV: Final = "the worker does not answer at workers.dev, and would"
_IDS: Final = frozenset({"id", "namespace_id"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """One thing about which account and config disagree.

    Attributes:
        kind: `binding`, `variable`, `compatibility_date`, `compatibility_flags`, `cron` or `workers_dev`.
        name: of the binding or variable, or the cron expression; else the key of the config.
        side: where it is: only deployed, only in the config, or on both sides with different values.
        deployed: as the API shows it; of a binding in the API's form.
        configured: as a deploy would make it.
    """

    kind: str
    name: str
    side: Side
    deployed: Json = None
    configured: Json = None

    @property
    def is_taken_away(self) -> bool:
        """Whether a deploy would remove it altogether."""
        return self.side == "deployed"

    @property
    def is_lost_by_deploy(self) -> bool:
        """Whether a deploy would remove or replace what is deployed."""
        return self.side != "config"

    def told(self) -> str:
        """The difference in a few words; values of variables, which may be secret, are not shown."""
        what = self._described(self.deployed if self.is_lost_by_deploy else self.configured)
        match self.side:
            case "deployed":
                return f"{what} is deployed and not in the config"
            case "config":
                return f"{what} is in the config and not deployed"
            case "both":
                return f"{what} is another one than in the config" if self._is_named else self._changed()

    @property
    def _is_named(self) -> bool:
        return self.kind in {"binding", "variable"}

    def _described(self, value: Json) -> str:
        if self.kind == "variable":
            return f"variable {self.name}"
        if self.kind == "cron":
            return f"cron {self.name}"
        kind = value.get("type") if isinstance(value, dict) else None
        return f"{kind} binding {self.name}" if kind else self.name

    def _changed(self) -> str:
        if self.kind == "workers_dev":
            return _AT_WORKERS_DEV if self.deployed else _NOT_AT_WORKERS_DEV
        return (
            f"{self.name} is {_written(self.deployed)} and not {_written(self.configured)} as in the config"
        )


def differences(
    config: WorkerConfig,
    settings: ScriptSettings,
    crons: Sequence[str] | None,
    *,
    workers_dev: bool | None = None,
) -> tuple[Difference, ...]:
    """Everything that a deploy of the config would change about a worker, apart from its code.

    Args:
        config: of the environment that is deployed.
        settings: of the version that answers.
        crons: that call it, or None where that is not known.
        workers_dev: whether it answers at workers.dev, or None where that is not known or cannot be changed.
    """
    return (
        *_of_bindings(config, settings),
        *_of_compatibility(config, settings),
        *_of_crons(config, crons),
        *_of_workers_dev(config, workers_dev),
    )


async def drift(
    account: Account, config: WorkerConfig, name: str, settings: ScriptSettings
) -> tuple[Difference, ...]:
    """The same of a worker in an account, with what the account knows of its triggers.

    Raises:
        AccountError: the account cannot be asked.
    """
    return differences(
        config,
        settings,
        await account.schedules(name),
        workers_dev=await _at_workers_dev(account, config, name),
    )


async def _at_workers_dev(account: Account, config: WorkerConfig, name: str) -> bool | None:
    """None, too, where the account has no name at workers.dev: a deploy makes nothing answer there."""
    found = await account.subdomain(name)
    if found is None:
        return None
    would_begin = config.is_at_workers_dev and not found.enabled
    return None if would_begin and await account.account_subdomain() is None else found.enabled


async def taken_by_deploy(account: Account, config: WorkerConfig) -> tuple[Difference, ...]:
    """What the worker of a config has in the account and would not have after a deploy.

    Raises:
        AccountError: the account cannot be asked.
    """
    if config.name is None:
        return ()
    settings = await account.active_settings(config.name)
    if settings is None:
        return ()
    found = differences(config, settings, await account.schedules(config.name))
    return tuple(difference for difference in found if difference.is_taken_away)


def _of_bindings(config: WorkerConfig, settings: ScriptSettings) -> Iterator[Difference]:
    wanted = {str(each["name"]): each for each in uploaded_bindings(config)}
    there = {str(each.get("name")): each for each in settings.bindings}
    keeps_variables = config.document.get("keep_vars") is True
    for name, binding in there.items():
        if not _is_compared(binding):
            continue
        if name in wanted:
            if not _agree(wanted[name], binding):
                yield _binding(name, "both", binding, wanted[name])
        elif not (keeps_variables and binding["type"] in VARIABLES):
            yield _binding(name, "deployed", binding, None)
    for name, binding in wanted.items():
        if _is_compared(binding) and name not in there:
            yield _binding(name, "config", None, binding)


def _binding(
    name: str, side: Side, deployed: Mapping[str, Json] | None, configured: Mapping[str, Json] | None
) -> Difference:
    known = deployed or configured or {}
    return Difference(
        kind="variable" if known.get("type") in VARIABLES else "binding",
        name=name,
        side=side,
        deployed=None if deployed is None else dict(deployed),
        configured=None if configured is None else dict(configured),
    )


def _is_compared(binding: Mapping[str, Json]) -> bool:
    return binding.get("type") in _IDENTITY


def _agree(wanted: Mapping[str, Json], there: Mapping[str, Json]) -> bool:
    """Whether both name the same thing. An id that the config leaves out or to be filled in says nothing."""
    kind = str(there["type"])
    if wanted.get("type") not in _IDENTITY:
        return True
    if {kind, wanted["type"]} <= VARIABLES:
        return _value(wanted) == _value(there)
    if wanted["type"] != kind:
        return False
    for key in _IDENTITY[kind]:
        left, right = wanted.get(key), there.get(key, there.get("database_id") if key == "id" else None)
        if left is None or right is None or (key in _IDS and is_placeholder_id(_dashed(str(left)))):
            continue
        if left != right:
            return False
    return True


def _dashed(value: str) -> str:
    """Ids of namespaces are the same 32 digits as a UUID, without its dashes."""
    if len(value) != 32:  # noqa: PLR2004 - digits of a UUID
        return value
    return "-".join((value[:8], value[8:12], value[12:16], value[16:20], value[20:]))


def _value(binding: Mapping[str, Json]) -> Json:
    return binding.get("text") if binding["type"] == "plain_text" else binding.get("json")


def _of_compatibility(config: WorkerConfig, settings: ScriptSettings) -> Iterator[Difference]:
    date, deployed = config.compatibility_date, settings.compatibility_date
    if date and deployed and date != deployed:
        yield _both("compatibility_date", deployed, date)
    if set(config.compatibility_flags) != set(settings.compatibility_flags):
        yield _both(
            "compatibility_flags", list(settings.compatibility_flags), list(config.compatibility_flags)
        )


def _both(key: str, deployed: Json, configured: Json) -> Difference:
    return Difference(kind=key, name=key, side="both", deployed=deployed, configured=configured)


def _of_crons(config: WorkerConfig, crons: Sequence[str] | None) -> Iterator[Difference]:
    """Where the config says nothing about crons, a deploy leaves them alone."""
    if crons is None or config.crons is None:
        return
    for cron in dict.fromkeys(crons):
        if cron not in config.crons:
            yield Difference(kind="cron", name=cron, side="deployed", deployed=cron)
    for cron in dict.fromkeys(config.crons):
        if cron not in crons:
            yield Difference(kind="cron", name=cron, side="config", configured=cron)


def _of_workers_dev(config: WorkerConfig, enabled: bool | None) -> Iterator[Difference]:  # noqa: FBT001 - a state
    """A deploy sets it every time: to what the config says, else to on where it names no routes."""
    if enabled is not None and enabled != config.is_at_workers_dev:
        yield _both("workers_dev", enabled, config.is_at_workers_dev)


def _written(value: Json) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(map(str, value)) + "]"
    return str(value)
