"""Deployed workers of an embedded account, executed as events reach them."""

from diagnose.embedded.live.executing import Live
from diagnose.embedded.live.tails import MOST_TAILS, Tail, Tails

__all__ = ["MOST_TAILS", "Live", "Tail", "Tails"]
