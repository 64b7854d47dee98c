"""Time Travel: which state a database was in, and bringing it back.

Behaviour is documented at https://developers.cloudflare.com/d1/reference/time-travel/; the codes of what is
refused are reported, their texts are ours.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from diagnose.d1 import LIMITS
from diagnose.embedded.bookmarks import bookmark, number_of
from diagnose.embedded.history import HistoryError, now
from diagnose.embedded.refusal import RefusalError, invalid_property

if TYPE_CHECKING:
    from diagnose.embedded.account import EmbeddedAccount
    from diagnose.embedded.history import PastState
    from diagnose.embedded.state import Plan

_MILLISECONDS_A_DAY: Final = 86_400_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Restored:
    """Bookmarks of the states after and before a restore."""

    bookmark: str
    previous_bookmark: str


def bookmark_at(account: EmbeddedAccount, uuid: str, timestamp: str | None = None) -> str:
    """The bookmark of the state at an ISO 8601 moment, or now. It can be restored from then on.

    Raises:
        RefusalError: 7400 the moment is none, or longer ago than the plan goes back; 7500 the history does
            not reach back to it.
    """
    return _handed_out(account, uuid, _state_at(account, uuid, timestamp))


def restore(
    account: EmbeddedAccount, uuid: str, *, to: str | None = None, timestamp: str | None = None
) -> Restored:
    """Bring back the state of a bookmark, or of a moment. The state before can be restored in turn.

    Raises:
        RefusalError: 7400 neither is given or it is none of this database; 7500 it is not kept.
    """
    if to is None and timestamp is None:
        raise invalid_property("bookmark: one of bookmark and timestamp must be given")
    state = _state_at(account, uuid, timestamp) if to is None else _state_of(account, uuid, to)
    history = account.history(uuid)
    previous = _handed_out(account, uuid, history.current)
    try:
        history.restore(state)
    except HistoryError as error:
        raise RefusalError(500, 7500, str(error), result=[]) from error
    return Restored(bookmark=_handed_out(account, uuid, history.current), previous_bookmark=previous)


def current_bookmark(account: EmbeddedAccount, uuid: str) -> str:
    """The bookmark of the state that the database is in. It can be restored from then on."""
    return _handed_out(account, uuid, account.history(uuid).current)


def _handed_out(account: EmbeddedAccount, uuid: str, state: PastState) -> str:
    account.history(uuid).hand_out(state)
    return bookmark(uuid, state)


def _state_at(account: EmbeddedAccount, uuid: str, timestamp: str | None) -> PastState:
    history = account.history(uuid)
    if timestamp is None:
        return history.current
    moment = _milliseconds(timestamp)
    _refuse_too_old(moment, account.plan, "timestamp")
    state = history.at(moment)
    if state is None:
        raise RefusalError(400, 7500, f"There is no history of this database at {timestamp}", result=[])
    return state


def _state_of(account: EmbeddedAccount, uuid: str, text: str) -> PastState:
    number = number_of(uuid, text)
    if number is None:
        raise invalid_property("bookmark: not one of this database")
    history = account.history(uuid)
    state = history.find(number)
    if state is None:
        raise RefusalError(400, 7500, f"There is no history of this database at {text}", result=[])
    until = history.until(state)
    if until is not None:
        _refuse_too_old(until, account.plan, "bookmark")
    return state


def _refuse_too_old(milliseconds: int, plan: Plan, what: str) -> None:
    days = LIMITS.d1.time_travel_days.of(plan)
    if milliseconds < now() - days * _MILLISECONDS_A_DAY:
        raise invalid_property(f"{what}: must be within the last {int(days)} days")


def _milliseconds(timestamp: str) -> int:
    """Since the epoch. Raises RefusalError 7400 for anything but ISO 8601."""
    try:
        moment = datetime.fromisoformat(timestamp)
        moment = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return (moment - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        raise invalid_property("timestamp: must be a moment in ISO 8601") from None
