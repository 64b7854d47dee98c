"""Repairs of how a worker is deployed and started."""
