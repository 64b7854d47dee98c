"""Repairs of pipelines with a queue, or that need one."""
