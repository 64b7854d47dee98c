"""What happens when the worker is triggered once, in a throw-away embedded account."""

from diagnose.rehearsal.deriving import derive_account
from diagnose.rehearsal.model import Rehearsal, WatchedTable
from diagnose.rehearsal.performing import rehearse
from diagnose.rehearsal.triggering import TriggerChoice, choose_trigger

__all__ = ["Rehearsal", "TriggerChoice", "WatchedTable", "choose_trigger", "derive_account", "rehearse"]
