"""The trigger for real: what is deployed is started once, on the account, and looked at from outside."""

from diagnose.rehearsal.live.performing import trigger_live
from diagnose.rehearsal.live.planning import LivePlan, LiveRefusal, plan_live

__all__ = ["LivePlan", "LiveRefusal", "plan_live", "trigger_live"]
