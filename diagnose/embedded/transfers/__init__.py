"""Imports and exports of whole databases."""

from diagnose.embedded.transfers.jobs import Job
from diagnose.embedded.transfers.links import Link
from diagnose.embedded.transfers.running import DatabaseFacts, Transfers, Upload

__all__ = ["DatabaseFacts", "Job", "Link", "Transfers", "Upload"]
