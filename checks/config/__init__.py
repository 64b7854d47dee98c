"""Checks of the wrangler config."""
