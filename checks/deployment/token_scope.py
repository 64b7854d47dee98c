"""DEP006: what the token may not do."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar

from diagnose.account import AccountKind, CredentialError, MissingPermissionError
from diagnose.account.permissions import dashboard_path
from diagnose.errors import AccountError
from diagnose.plugin import Check, Confidence, Mode, Need, Severity
from diagnose.plugin.permissions import needed_permissions

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence

    from diagnose.account import Account, ApiError, TokenInfo
    from diagnose.plugin import Context, Finding
    from diagnose.plugin.permissions import Needed


class TokenScope(Check):
    """The API token has every permission that the selected checks need.

    ## What it checks

    Whether the token is active, and, with one reading request for each product that the config uses, whether
    it may read it: workers, databases (with a query, since being allowed to list them proves little) and
    queues. Permissions to edit, which fixes need, cannot be tried without changing something: they are named
    as not probed.

    ## Why it matters

    What the token may not read is skipped by the other checks, and a gate with skips proves little. The API
    answers `Authentication error [code: 10000]`, or `The given account is not valid or is not authorized to
    access this service [code: 7403]`, and names no permission; the latter is also what it answers for the id
    of another account. https://developers.cloudflare.com/fundamentals/api/reference/permissions/

    ## Example

    A token with `Account · Workers Scripts · Read` alone:

    ```
    $ diagnose run --target cloudflare
    DEP006 the token lacks “D1 Read” and “Queues Read” for this account
    ```

    The token that `diagnose permissions` describes:

    ```
    Account · D1 · Read
    Account · Queues · Read
    Account · Workers Scripts · Read
    ```

    ## Remedy

    Edit the token in the dashboard (My Profile, API Tokens; for a token of the account: Manage Account, API
    Tokens) and add what is named. If nothing at all can be read, compare CLOUDFLARE_ACCOUNT_ID with
    `npx wrangler whoami` first.

    ## Fix safety

    No fix: a tool that can change its own token has too much of one. The missing permissions are named.

    ## Evidence

    - `missing`: each missing `permission` by the dashboard's name, the `dashboard` way to it, the `checks`
      that are skipped, and the `error` of the API.
    - `granted`: permissions that a request proved.
    - `not_probed`: permissions that fixes need and that cannot be tried without changing something.
    - `status`, `owner`, `expires_on`: of the token; null where the API does not tell.

    ## Permissions

    None of its own: it tries those of the other checks.
    """

    code: ClassVar[str] = "DEP006"
    name: ClassVar[str] = "token-scope"
    severity: ClassVar[Severity] = Severity.ERROR
    requires: ClassVar[frozenset[Need]] = frozenset({Need.REAL, Need.ACCOUNT})
    mode: ClassVar[Mode] = Mode.READ

    async def run(self, ctx: Context) -> AsyncIterator[Finding]:
        """One finding for the token."""
        if ctx.account is None or ctx.account.kind is not AccountKind.REAL:
            yield self.skipped("there is no Cloudflare account")
            return
        token = await _token(ctx.account)
        if token is not None and not token.active:
            yield self.problem(
                f"the token is {token.status}",
                confidence=Confidence.HIGH,
                evidence=_token_evidence(token),
                explains=tuple(code for need in _needed(ctx) for code in need.checks),
            )
            return
        yield await self._probed(ctx, ctx.account, token)

    async def _probed(self, ctx: Context, account: Account, token: TokenInfo | None) -> Finding:
        needed, probes = _needed(ctx), _probes(ctx, account)
        tried = [need for need in needed if need.checks and need.permission in probes]
        errors = await asyncio.gather(
            *(_refusal(probes[need.permission], valid=token is not None) for need in tried)
        )
        refused = [(need, error) for need, error in zip(tried, errors, strict=True) if error is not None]
        names = {need.permission for need, _ in refused}
        evidence = {
            "missing": [
                {
                    "permission": need.permission,
                    "dashboard": dashboard_path(need.permission),
                    "checks": list(need.checks),
                    "error": error.text,
                }
                for need, error in refused
            ],
            "granted": [need.permission for need in tried if need.permission not in names],
            "not_probed": [need.permission for need in needed if need not in tried],
            **_token_evidence(token),
        }
        if not refused:
            return self.passed(_passed(evidence["not_probed"]), evidence=evidence)
        return self.problem(
            _lacking([need.permission for need, _ in refused], every=len(refused) == len(tried)),
            confidence=Confidence.HIGH,
            resource=f"account/{account.account_id}",
            evidence=evidence,
            explains=tuple(dict.fromkeys(code for need, _ in refused for code in need.checks)),
        )


def _needed(ctx: Context) -> tuple[Needed, ...]:
    """What the selected checks and their fixes need; all of them where no selected one needs anything."""
    outcomes = ctx.outcomes
    if outcomes is None:
        return ()
    every = [check for check in map(outcomes.check, outcomes.codes()) if check is not None]
    checks = [check for check in outcomes.selected() if check.scopes] or every
    fixes = [fix for fix in (outcomes.fix(check.code) for check in checks) if fix is not None]
    return needed_permissions(checks, fixes, ctx.project.config)


def _probes(ctx: Context, account: Account) -> Mapping[str, Callable[[], Awaitable[object]]]:
    """For each permission a request that reads with it."""
    ids = [binding.database_id for binding in ctx.project.config.d1] if ctx.project.config else []

    async def databases() -> None:
        known = {database.uuid for database in await account.databases()}
        database_id = next((each for each in ids if each in known), None)
        if database_id is not None:
            await account.schema(database_id)

    return {"D1 Read": databases, "Queues Read": account.queues, "Workers Scripts Read": account.scripts}


async def _refusal(probe: Callable[[], Awaitable[object]], *, valid: bool) -> ApiError | None:
    """What the API answers to a token without the permission. Raises ApiError when it is something else."""
    try:
        await probe()
    except MissingPermissionError as error:
        return error
    except CredentialError as error:
        # Products answer 401 to a token without the permission, too.
        if valid:
            return error
        raise
    return None


async def _token(account: Account) -> TokenInfo | None:
    """What verification tells; None where it says nothing. Raises CredentialError for an unknown token."""
    try:
        return await account.verify_token()
    except CredentialError:
        raise
    except AccountError:
        return None


def _token_evidence(token: TokenInfo | None) -> dict[str, str | None]:
    return {
        "status": token.status if token else None,
        "owner": token.owner if token else None,
        "expires_on": token.expires_on if token else None,
    }


def _passed(not_probed: object) -> str:
    unknown = ", ".join(map(str, not_probed)) if isinstance(not_probed, list) else ""
    rest = f"; not probed, since only fixes need it: {unknown}" if unknown else ""
    return f"the token may read what the selected checks ask{rest}"


def _lacking(permissions: Sequence[str], *, every: bool) -> str:
    named = [f"“{permission}”" for permission in permissions]
    text = " and ".join([", ".join(named[:-1]), named[-1]] if len(named) > 1 else named)
    elsewhere = ", or CLOUDFLARE_ACCOUNT_ID is the id of another account" if every else ""
    return f"the token lacks {text} for this account{elsewhere}"
