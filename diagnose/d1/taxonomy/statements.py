"""What D1 answers to a statement that is wrong, or too large."""

from __future__ import annotations

from typing import Final

from diagnose.d1.errors import ErrorClass
from diagnose.d1.limits import LIMITS
from diagnose.d1.taxonomy.known import D1_LIMITS, DEBUGGING, KnownError

_D1: Final = LIMITS.d1
_MEASURED: Final = "measured on workerd"

SIZES: Final = (
    KnownError(
        name="too many bound parameters",
        kind=ErrorClass.PERMANENT,
        pattern=r"too many SQL variables|variable number must be between \?1 and \?\d+",
        meaning=f"One statement binds more than {_D1.bound_parameters} parameters: rows times columns, not "
        f"rows. The offset is the byte at which parameter {_D1.bound_parameters + 1} stands. None of "
        "its rows was written.",
        remedy="bind all rows as one JSON text: INSERT … SELECT value->>0, … FROM json_each(?1)",
        checks=("LIM001",),
        example="D1_ERROR: too many SQL variables at offset 261: SQLITE_ERROR",
        source=D1_LIMITS,
    ),
    KnownError(
        name="statement too long",
        kind=ErrorClass.PERMANENT,
        pattern=r"statement too long",
        meaning=f"The text of one statement has more than {_D1.statement_bytes:,} bytes of UTF-8; comments "
        "and spaces count.",
        remedy="bind values instead of writing them into the text, or split the statement",
        checks=("LIM002", "SRC006"),
        example="D1_ERROR: statement too long: SQLITE_TOOBIG",
        source=D1_LIMITS,
    ),
    KnownError(
        name="value too large",
        kind=ErrorClass.PERMANENT,
        pattern=r"string or blob too big",
        meaning=f"One text, blob or row has more than {_D1.value_bytes:,} bytes.",
        remedy="cut the value by bytes, or keep it in R2 and store its key",
        checks=("LIM004",),
        example="D1_ERROR: string or blob too big: SQLITE_TOOBIG",
        source=D1_LIMITS,
    ),
    KnownError(
        name="too many columns",
        kind=ErrorClass.PERMANENT,
        pattern=r"too many columns on (?P<table>\S+?)(?::|$)|too many columns in result set",
        meaning=f"A table or a result has more than {_D1.columns} columns.",
        remedy="move columns to a second table, or store them as one JSON text",
        checks=("TBL005",),
        example="D1_ERROR: too many columns on wide: SQLITE_ERROR",
        source=D1_LIMITS,
    ),
    KnownError(
        name="too many arguments of a function",
        kind=ErrorClass.PERMANENT,
        pattern=r"too many arguments on function",
        meaning=f"D1 documents {_D1.function_arguments} arguments for one SQL function.",
        remedy="nest calls, or use json_each for lists",
        example="D1_ERROR: too many arguments on function max at offset 7: SQLITE_ERROR",
        source=D1_LIMITS,
    ),
    KnownError(
        name="LIKE pattern too long",
        kind=ErrorClass.PERMANENT,
        pattern=r"LIKE or GLOB pattern too complex",
        meaning=f"A LIKE or GLOB pattern has more than {_D1.like_pattern_bytes} bytes. It is checked when a "
        "row is compared, so an empty table hides it.",
        remedy="shorten the pattern, or compare with instr() or a full-text index",
        example="D1_ERROR: LIKE or GLOB pattern too complex: SQLITE_ERROR",
        source=D1_LIMITS,
    ),
    KnownError(
        name="too many UNION terms",
        kind=ErrorClass.PERMANENT,
        pattern=r"too many terms in compound SELECT",
        meaning=f"A SELECT combines more than {_D1.compound_select_terms} terms with UNION, EXCEPT or "
        "INTERSECT.",
        remedy="use VALUES (…), (…) or json_each(?1): their rows are no terms",
        checks=("LIM001",),
        example="D1_ERROR: too many terms in compound SELECT: SQLITE_ERROR",
        source=_MEASURED,
    ),
    KnownError(
        name="expression too deep",
        kind=ErrorClass.PERMANENT,
        pattern=r"Expression tree is too large",
        meaning=f"An expression nests more than {_D1.expression_depth} levels; a chain of OR or + counts one "
        "per term.",
        remedy="use IN (SELECT value FROM json_each(?1)) instead of a chain of OR",
        checks=("LIM001",),
        example="D1_ERROR: Expression tree is too large (maximum depth 100): SQLITE_ERROR",
        source=_MEASURED,
    ),
)

STATEMENTS: Final = (
    KnownError(
        name="table missing",
        kind=ErrorClass.PERMANENT,
        pattern=r"no such table: (?:main\.)?(?P<table>[^\s:\[]+)",
        meaning="The database behind the binding has no such table. Often it exists locally, or in another "
        "database, or the migrations were not applied with --remote.",
        remedy="apply the migrations to this database: wrangler d1 migrations apply NAME --remote",
        checks=("TBL001", "TBL004", "CFG006"),
        example="D1_ERROR: no such table: prices: SQLITE_ERROR",
        source=DEBUGGING,
    ),
    KnownError(
        name="column missing",
        kind=ErrorClass.PERMANENT,
        pattern=r"table (?P<table>\S+) has no column named (?P<column>[^\s:\[]+)"
        r"|no such column: (?:[^\s:.]+\.)?(?P<name>[^\s:\[]+)",
        meaning="The table has no such column; the code and the deployed schema are of different ages. A "
        "text in double quotes is a column name, too.",
        remedy="add the column with a migration, or correct its name",
        checks=("TBL002", "TBL004"),
        example="D1_ERROR: table prices has no column named volume_from: SQLITE_ERROR",
        source=DEBUGGING,
    ),
    KnownError(
        name="conflict target without a key",
        kind=ErrorClass.PERMANENT,
        pattern=r"ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint",
        meaning="ON CONFLICT (…) names columns that no primary key and no unique index of the table has.",
        remedy="create the unique index in a migration, after looking for duplicates",
        checks=("TBL003",),
        example="D1_ERROR: ON CONFLICT clause does not match any PRIMARY KEY or UNIQUE constraint: "
        "SQLITE_ERROR",
        source="https://www.sqlite.org/lang_upsert.html",
    ),
    KnownError(
        name="statement over several lines in exec()",
        kind=ErrorClass.PERMANENT,
        pattern=r"D1_EXEC_ERROR",
        meaning="exec() sends each line as a statement of its own, so one that spans lines is cut. The line "
        "number is always 1 and the quoted line always the first, whichever failed.",
        remedy="use prepare(…).run(), or keep each statement on one line",
        checks=("SRC003",),
        example="D1_EXEC_ERROR: Error in line 1: CREATE TABLE n(: incomplete input: SQLITE_ERROR",
        source=DEBUGGING,
    ),
    KnownError(
        name="ON CONFLICT after SELECT",
        kind=ErrorClass.PERMANENT,
        pattern=r'near "DO": syntax error',
        meaning="After INSERT … SELECT, SQLite takes ON for the beginning of a join.",
        remedy="write WHERE true between FROM … and ON CONFLICT",
        example='D1_ERROR: near "DO": syntax error at offset 88: SQLITE_ERROR',
        source="https://www.sqlite.org/lang_upsert.html#parsing_ambiguity",
    ),
    KnownError(
        name="SQL that does not parse",
        kind=ErrorClass.PERMANENT,
        pattern=r'near "(?P<token>[^"]*)": syntax error|incomplete input|unrecognized token'
        r"|no such function: \S+",
        meaning="The text is no SQL that D1 understands. The offset is the byte at which it stops "
        "understanding.",
        remedy="look at the text as it is sent; values belong into bind(), not into the text",
        checks=("SRC006", "SRC003"),
        example='D1_ERROR: near "SELEC": syntax error at offset 0: SQLITE_ERROR',
        source=DEBUGGING,
    ),
    KnownError(
        name="wrong number of values",
        kind=ErrorClass.PERMANENT,
        pattern=r"table (?P<table>\S+) has \d+ columns? but \d+ values? were supplied"
        r"|\d+ values for \d+ columns"
        r"|all VALUES must have the same number of terms",
        meaning="A row of the INSERT has more or fewer values than columns.",
        remedy="name the columns in the INSERT and give one value for each",
        checks=("TBL002",),
        example="D1_ERROR: table w has 2 columns but 1 values were supplied: SQLITE_ERROR",
        source=DEBUGGING,
    ),
    KnownError(
        name="no statement",
        kind=ErrorClass.PERMANENT,
        pattern=r"No SQL statements detected|SQL code did not contain a statement",
        meaning="The text, or the list given to batch(), is empty: often a day without new rows. `;;` and a "
        "comment after `;` are empty statements, too.",
        remedy="call D1 only where there are rows to write",
        example="D1_ERROR: No SQL statements detected.",
        source=_MEASURED,
    ),
    KnownError(
        name="transaction statements",
        kind=ErrorClass.PERMANENT,
        pattern=r"To execute a transaction, please use",
        meaning="D1 does not accept BEGIN, COMMIT or SAVEPOINT: each call, and each batch(), is a "
        "transaction.",
        remedy="put the statements into one batch()",
        example="D1_ERROR: To execute a transaction, please use the state.storage.transaction() or "
        "state.storage.transactionSync() APIs instead of the SQL BEGIN TRANSACTION or SAVEPOINT "
        "statements.",
        source="https://developers.cloudflare.com/d1/worker-api/d1-database/#batch",
    ),
    KnownError(
        name="parameters in more than the last statement",
        kind=ErrorClass.PERMANENT,
        pattern=r"only the last statement can have parameters",
        meaning="A text of several statements binds parameters in one that is not the last.",
        remedy="prepare each statement for itself and send them with batch()",
        example="D1_ERROR: When executing multiple SQL statements in a single call, only the last "
        "statement "
        "can have parameters.",
        source=_MEASURED,
    ),
    KnownError(
        name="not allowed by D1",
        kind=ErrorClass.PERMANENT,
        pattern=r"\bnot authorized(?: to use function|:|$)|SQLITE_AUTH",
        meaning="D1 forbids the statement: ATTACH, most PRAGMAs, some functions, and names that begin with "
        "_cf_.",
        remedy="leave it out; see the list of supported statements",
        example="D1_ERROR: not authorized: SQLITE_AUTH",
        source="https://developers.cloudflare.com/d1/sql-api/sql-statements/",
    ),
)
