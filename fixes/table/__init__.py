"""Repairs of tables: migrations, written and applied."""
