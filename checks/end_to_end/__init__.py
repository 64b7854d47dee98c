"""End-to-end trigger: what really happens when the worker is started."""
