"""Rewriting worker source: the fewest edits that repair a place, or a refusal that says what to do."""

from diagnose.rewriting.acks import rewrite_acked
from diagnose.rewriting.awaiting import await_call
from diagnose.rewriting.binding import bind_interpolated
from diagnose.rewriting.conflicts import add_conflict_clause
from diagnose.rewriting.converting import convert_bound
from diagnose.rewriting.in_lists import rewrite_in_list
from diagnose.rewriting.inserts import rewrite_insert
from diagnose.rewriting.outcome import Outcome, Refused, Rewritten
from diagnose.rewriting.preparing import prepare_instead
from diagnose.rewriting.raising import rewrite_handling
from diagnose.rewriting.refused_values import RefusedCall, RefusedValue, refused_calls
from diagnose.rewriting.repeating import Files, reread, rewrite_files, rewrite_until_done
from diagnose.rewriting.reporting import invented_counts, rewrite_count
from diagnose.rewriting.row_loops import rewrite_row_loop

__all__ = [
    "Files",
    "Outcome",
    "Refused",
    "RefusedCall",
    "RefusedValue",
    "Rewritten",
    "add_conflict_clause",
    "await_call",
    "bind_interpolated",
    "convert_bound",
    "invented_counts",
    "prepare_instead",
    "refused_calls",
    "reread",
    "rewrite_acked",
    "rewrite_count",
    "rewrite_files",
    "rewrite_handling",
    "rewrite_in_list",
    "rewrite_insert",
    "rewrite_row_loop",
    "rewrite_until_done",
]
