"""Repairs of rows: those that are missing, imported again."""
