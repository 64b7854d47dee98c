"""Imports and exports of whole databases."""

from diagnose.embedded.transfers.jobs import Job, JobKind
from diagnose.embedded.transfers.links import Link
from diagnose.embedded.transfers.running import DatabaseFacts, ImportFile, Transfers

__all__ = ["DatabaseFacts", "ImportFile", "Job", "JobKind", "Link", "Transfers"]
