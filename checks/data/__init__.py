"""Rows that are there, and those that should be."""
