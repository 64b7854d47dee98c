"""Whether the worker is deployed, and what starts it."""
