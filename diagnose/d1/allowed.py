"""The SQL functions, pragmas and names that D1 lets a statement use.

Read from the allow-lists of workerd's SQLite wrapper (https://github.com/cloudflare/workerd,
src/workerd/util/sqlite.c++) and confirmed by the recorded vectors.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import Final

FUNCTIONS: Final = frozenset(
    """
    abs changes char coalesce concat concat_ws format glob hex ifnull iif instr last_insert_rowid length
    like likelihood likely lower ltrim max min nullif octet_length printf quote random randomblob replace
    round rtrim sign substr substring total_changes trim typeof unhex unicode unlikely upper zeroblob
    date time datetime julianday unixepoch strftime timediff current_date current_time current_timestamp
    avg count group_concat string_agg sum total
    row_number rank dense_rank percent_rank cume_dist ntile lag lead first_value last_value nth_value
    acos acosh asin asinh atan atan2 atanh ceil cos cosh degrees exp floor ln log log2 mod pi pow radians
    sin sinh sqrt tan tanh trunc
    json jsonb json_array jsonb_array json_array_length json_extract jsonb_extract -> ->> json_insert
    jsonb_insert json_object jsonb_object json_patch jsonb_patch json_quote json_remove jsonb_remove
    json_replace jsonb_replace json_set jsonb_set json_type json_valid json_group_array jsonb_group_array
    json_group_object jsonb_group_object json_each json_tree
    match highlight bm25 snippet
    sqlite_rename_column sqlite_rename_table sqlite_rename_test sqlite_drop_column sqlite_rename_quotefix
    load_extension rtreecheck
    """.split()  # noqa: SIM905 - a list of 130 quoted names hides the names; load_extension refuses by itself
)

# The bundled SQLite is compiled with more than D1's; these must look as if they did not exist.
ABSENT_FUNCTIONS: Final = frozenset(
    """
    median percentile percentile_cont percentile_disc fts3_tokenizer matchinfo offsets optimize
    geopoly_area geopoly_bbox geopoly_blob geopoly_ccw geopoly_contains_point geopoly_debug
    geopoly_group_bbox geopoly_json geopoly_overlap geopoly_regular geopoly_svg geopoly_within geopoly_xform
    """.split()  # noqa: SIM905 - idem
)

MODULES: Final = ("fts5", "fts5vocab", "rtree", "rtree_i32")


class PragmaArgument(Enum):
    """What may follow the name of a pragma."""

    NONE = auto()
    ANY = auto()
    BOOLEAN = auto()
    OBJECT = auto()
    OPTIONAL_OBJECT = auto()
    NUMBER_OR_OBJECT = auto()
    NUMBER = auto()


PRAGMAS: Final = {
    "data_version": PragmaArgument.NONE,
    "page_size": PragmaArgument.NONE,
    "case_sensitive_like": PragmaArgument.BOOLEAN,
    "defer_foreign_keys": PragmaArgument.BOOLEAN,
    "foreign_keys": PragmaArgument.BOOLEAN,
    "ignore_check_constraints": PragmaArgument.BOOLEAN,
    "legacy_alter_table": PragmaArgument.BOOLEAN,
    "recursive_triggers": PragmaArgument.BOOLEAN,
    "reverse_unordered_selects": PragmaArgument.BOOLEAN,
    "foreign_key_check": PragmaArgument.OPTIONAL_OBJECT,
    "foreign_key_list": PragmaArgument.OBJECT,
    "index_info": PragmaArgument.OBJECT,
    "index_list": PragmaArgument.OBJECT,
    "index_xinfo": PragmaArgument.OBJECT,
    "table_info": PragmaArgument.OBJECT,
    "table_list": PragmaArgument.ANY,
    "table_xinfo": PragmaArgument.OBJECT,
    "quick_check": PragmaArgument.NUMBER_OR_OBJECT,
    "optimize": PragmaArgument.NUMBER,
}
# What an argument must begin with; what follows is not looked at.
_BOOLEANS: Final = ("true", "false", "yes", "no", "on", "off", "1", "0")
# As C's strtol reads one, to the end of the text, with a base of 16 only where the text begins with it.
_WHOLE: Final = re.compile(r"[ \t\n\v\f\r]*[+-]?[0-9]{1,99}|[+-]?0[xX][0-9a-fA-F]{1,99}")
_INT32: Final = range(-(2**31), 2**31)


def function_allowed(name: str) -> bool:
    """Whether a statement may call the function, in any letter case."""
    return name.lower() in FUNCTIONS


def name_allowed(name: str) -> bool:
    """Whether an application may use the name for a table, view, index or trigger."""
    return name[:4].lower() != "_cf_"


def pragma_allowed(name: str, argument: str | None) -> bool:
    """Whether a statement may use the pragma with this argument (None when there is none)."""
    match PRAGMAS.get(name.lower()):
        case None:
            return False
        case PragmaArgument.NONE | PragmaArgument.ANY as kind:
            return argument is None or kind is PragmaArgument.ANY
        case PragmaArgument.BOOLEAN:
            return argument is None or argument.lower().startswith(_BOOLEANS)
        case PragmaArgument.OBJECT:
            return argument is not None and name_allowed(argument)
        case PragmaArgument.OPTIONAL_OBJECT | PragmaArgument.NUMBER_OR_OBJECT:
            return argument is None or name_allowed(argument)
        case PragmaArgument.NUMBER:
            return argument is None or _is_int32(argument)


def _is_int32(text: str) -> bool:
    return _WHOLE.fullmatch(text) is not None and int(text, 16 if "x" in text.lower() else 10) in _INT32
