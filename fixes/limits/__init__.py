"""Repairs of statements that meet a limit of D1."""
