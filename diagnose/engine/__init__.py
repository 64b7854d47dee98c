"""Runs checks, ranks what they find, applies plans, and keeps the journal."""
