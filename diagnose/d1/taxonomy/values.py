"""What D1 answers to values: those that cannot be bound, and rows that the table refuses."""

from __future__ import annotations

from typing import Final

from diagnose.d1.errors import ErrorClass
from diagnose.d1.taxonomy.known import DEBUGGING, KnownError

BINDING: Final = (
    KnownError(
        name="value of a type that D1 does not bind",
        kind=ErrorClass.PERMANENT,
        pattern=r"D1_TYPE_ERROR|Type '(?P<type>\w+)' not supported for value",
        meaning="bind() takes text, numbers, booleans, null and byte arrays. `undefined` is often a field "
        "that the source does not send, `object` a list, a date or a Python proxy, `bigint` an "
        "integer beyond 2^53. It is thrown before anything is sent.",
        remedy="bind `value ?? null` (in Python: None, or jsnull where the SDK does not wrap the binding)",
        checks=("SRC004", "SRC005"),
        example="D1_TYPE_ERROR: Type 'undefined' not supported for value 'undefined'",
        source=DEBUGGING,
    ),
    KnownError(
        name="wrong number of bound values",
        kind=ErrorClass.PERMANENT,
        pattern=r"Wrong number of parameter bindings",
        meaning="bind() received more or fewer values than the text has parameters.",
        remedy="bind one value for each `?`; a list must be spread: bind(...values), in Python bind(*values)",
        checks=("SRC004",),
        example="D1_ERROR: Wrong number of parameter bindings for SQL query.",
        source=DEBUGGING,
    ),
    KnownError(
        name="result column missing",
        kind=ErrorClass.PERMANENT,
        pattern=r"D1_COLUMN_NOTFOUND",
        meaning="first('name') names a column that the result has not; letter case counts.",
        remedy="correct the name, or call first() and read the row",
        example="D1_COLUMN_NOTFOUND: Column not found (total)",
        source=DEBUGGING,
    ),
)

ROWS: Final = (
    KnownError(
        name="duplicate key",
        kind=ErrorClass.DATA,
        pattern=r"UNIQUE constraint failed: (?P<table>[^\s.:,]+)\.|UNIQUE constraint failed",
        meaning="A row with this key is there already. The whole statement, or batch(), wrote nothing.",
        remedy="decide what a second row means: INSERT OR IGNORE, ON CONFLICT … DO UPDATE, or another key",
        checks=("SRC007", "TBL003"),
        example="D1_ERROR: UNIQUE constraint failed: prices.symbol, prices.day: SQLITE_CONSTRAINT "
        "(extended: SQLITE_CONSTRAINT_UNIQUE)",
        source="https://www.sqlite.org/rescode.html#constraint_unique",
    ),
    KnownError(
        name="missing value",
        kind=ErrorClass.DATA,
        pattern=r"NOT NULL constraint failed: (?P<table>[^\s.:]+)\.(?P<column>[^\s:]+)",
        meaning="A row has no value for a column that must have one: often a field that the source calls "
        "otherwise.",
        remedy="map the field to the column, give the column a default, or leave such rows out knowingly",
        checks=("TBL002", "SRC004"),
        example="D1_ERROR: NOT NULL constraint failed: prices.close: SQLITE_CONSTRAINT "
        "(extended: SQLITE_CONSTRAINT_NOTNULL)",
        source="https://www.sqlite.org/rescode.html#constraint_notnull",
    ),
    KnownError(
        name="parent row missing",
        kind=ErrorClass.DATA,
        pattern=r"FOREIGN KEY constraint failed",
        meaning="A row refers to one that is not there (or a row is deleted to which others refer). D1 "
        "checks foreign keys always.",
        remedy="write parents before children; inside one batch(), PRAGMA defer_foreign_keys = on",
        example="D1_ERROR: FOREIGN KEY constraint failed: SQLITE_CONSTRAINT (extended: "
        "SQLITE_CONSTRAINT_FOREIGNKEY)",
        source="https://developers.cloudflare.com/d1/sql-api/foreign-keys/",
    ),
    KnownError(
        name="value that the table refuses",
        kind=ErrorClass.DATA,
        pattern=r"CHECK constraint failed|cannot store \w+ value in \w+ column (?P<table>[^\s.:]+)\."
        r"|SQLITE_CONSTRAINT|SQLITE_MISMATCH|datatype mismatch|integer overflow",
        meaning="A row violates a rule of the table: a CHECK, the type of a STRICT column, a trigger.",
        remedy="correct the row before it is sent, or the rule in a migration",
        checks=("TBL002",),
        example="D1_ERROR: CHECK constraint failed: age>=0: SQLITE_CONSTRAINT (extended: "
        "SQLITE_CONSTRAINT_CHECK)",
        source="https://www.sqlite.org/rescode.html#constraint",
    ),
    KnownError(
        name="text that is no JSON",
        kind=ErrorClass.DATA,
        pattern=r"malformed JSON|bad JSON path",
        meaning="json_each, ->> or another JSON function received a text that is no JSON: often "
        "`undefined`, a Python repr, or NaN.",
        remedy="make the text with JSON.stringify or json.dumps(…, allow_nan=False)",
        checks=("SRC005",),
        example="D1_ERROR: malformed JSON: SQLITE_ERROR",
        source="https://www.sqlite.org/json1.html",
    ),
)
