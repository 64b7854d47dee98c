"""Checks of the worker's source."""
