"""Queues between what fetches and what writes."""
