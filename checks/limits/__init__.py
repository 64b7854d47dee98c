"""Limits of D1 that a statement or an invocation meets."""
