"""Repairs of the worker's source."""
