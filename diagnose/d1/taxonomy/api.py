"""What the REST API answers, by code; it is what wrangler prints as `[code: N]`."""

from __future__ import annotations

from typing import Final

from diagnose.d1.errors import ErrorClass
from diagnose.d1.limits import LIMITS
from diagnose.d1.taxonomy.known import API_ERRORS, API_LIMITS, D1_LIMITS, KnownError

_PERMISSIONS: Final = "https://developers.cloudflare.com/fundamentals/api/get-started/create-token/"
_CONFIG: Final = "https://developers.cloudflare.com/workers/wrangler/configuration/#d1-databases"
_WINDOW: Final = LIMITS.api.requests
_MINUTES: Final = LIMITS.api.seconds / 60

API: Final = (
    KnownError(
        name="API rate limit",
        kind=ErrorClass.TRANSIENT,
        pattern=r"\bHTTP 429\b|More than \d+ requests per \d+ seconds",
        codes=(971, 10429, 10500),
        meaning=f"More than {_WINDOW:,} requests in {_MINUTES:g} minutes went to the API, by any token of "
        f"this user; every call is refused for the next {_MINUTES:g} minutes.",
        remedy="wait as long as Retry-After says; import from a worker, or send fewer, larger statements",
        checks=("LIM007",),
        example="HTTP 429: More than 1200 requests per 300 seconds reached. Please wait and consider "
        "throttling.",
        source=API_LIMITS,
    ),
    KnownError(
        name="binding to a database that does not exist",
        kind=ErrorClass.ACCOUNT,
        pattern=r"must have a (?:database that already exists|valid (?:database )?id)"
        r"|D1 binding '(?P<binding>\w+)' references database '[^']*' which was not found",
        codes=(10181,),
        meaning="The config gives a binding the id of no database of this account: a placeholder, a deleted "
        "one, or one of another account.",
        remedy="take the id from `wrangler d1 list`, or remove it and let the deploy create the database",
        checks=("CFG005", "CFG006"),
        example="D1 binding 'DB' references database '00000000-0000-0000-0000-000000000000' which was not "
        "found "
        "[code: 10181]",
        source=_CONFIG,
    ),
    KnownError(
        name="database id that is none",
        kind=ErrorClass.ACCOUNT,
        pattern=r"invalid (?:database )?uuid|Could not route to \S*/d1/database",
        codes=(7400, 7003),
        meaning="The id in the config, or in the path, is not of the form that ids have; or the body of the "
        "request is not what the API expects.",
        remedy="take the id from `wrangler d1 list`",
        checks=("CFG005",),
        example="invalid uuid [code: 7400]",
        source=API_ERRORS,
    ),
    KnownError(
        name="no access to this account or product",
        kind=ErrorClass.ACCOUNT,
        pattern=r"account is not valid or is not authorized to access this service"
        r"|Unauthorized to access requested resource",
        codes=(7403, 9109, 10106),
        meaning="The token is valid, but lacks the permission for this product, or the database or account "
        "id belongs to another account. Listing may work where querying does not.",
        remedy="give the token Account · D1 · Edit (and Workers Scripts, Queues), and check "
        "CLOUDFLARE_ACCOUNT_ID",
        checks=("DEP006", "CFG006"),
        example="The given account is not valid or is not authorized to access this service [code: 7403]",
        source=_PERMISSIONS,
    ),
    KnownError(
        name="token refused",
        kind=ErrorClass.ACCOUNT,
        pattern=r"Authentication error|Authentication failed|Invalid API Token|Invalid request headers"
        r"|Invalid format for Authorization header",
        codes=(10000, 1000, 6003, 6111, 6103, 9106),
        meaning="The token is malformed, unknown, expired, or has no permission for this product.",
        remedy="check CLOUDFLARE_API_TOKEN: no quotes or line ends around it, active, with the needed "
        "permissions",
        checks=("DEP006",),
        example="Authentication error [code: 10000]",
        source=API_ERRORS,
    ),
    KnownError(
        name="database not found",
        kind=ErrorClass.ACCOUNT,
        pattern=r"The database \S+ could not be found|Couldn't find (?:a )?D1 DB",
        codes=(7404,),
        meaning="The account has no database with this id or name.",
        remedy="compare with `wrangler d1 list`, and check that the account is the right one",
        checks=("CFG006", "CFG005"),
        example="The database 0c2bd1d6-54a5-4b3f-9c0e-0a0d2a4f7e13 could not be found [code: 7404]",
        source=API_ERRORS,
    ),
    KnownError(
        name="too many databases, or the name is taken",
        kind=ErrorClass.ACCOUNT,
        codes=(7406, 7502),
        meaning=f"An account has {LIMITS.d1.databases.free} databases on the free plan and "
        f"{LIMITS.d1.databases.paid:,} on the paid one (7406), and a name is used once (7502).",
        remedy="delete one, or choose another name",
        example="[code: 7502]",
        source=D1_LIMITS,
    ),
    KnownError(
        name="worker not found",
        kind=ErrorClass.ACCOUNT,
        pattern=r"This Worker does not exist on your account|service_not_found",
        codes=(10007, 10090),
        meaning="The account has no worker of this name: it was never deployed, or under another name or "
        "account.",
        remedy="deploy it, and compare `name` in the config with `wrangler deployments list`",
        checks=("DEP001",),
        example="This Worker does not exist on your account. [code: 10007]",
        source=API_ERRORS,
    ),
    KnownError(
        name="worker refused at upload",
        kind=ErrorClass.PERMANENT,
        codes=(10021, 10053, 10068),
        meaning="The upload does not start: a syntax error, a binding that names nothing (10021) or stands "
        "twice (10053), or no handler at all (10068).",
        remedy="read the text beside the code; run the checks on the config",
        checks=("CFG005", "CFG003", "DEP005", "SRC008"),
        example="Uncaught SyntaxError: Unexpected token [code: 10021]",
        source=API_ERRORS,
    ),
    KnownError(
        name="statement refused by D1",
        kind=ErrorClass.UNKNOWN,
        codes=(7500,),
        meaning="7500 stands for every refusal of a statement over the API; the text beside it says which "
        "one.",
        remedy='explain the text: diagnose explain "TEXT"',
        example="[code: 7500]",
        source=API_ERRORS,
    ),
)
