"""Repairs of the wrangler config."""
