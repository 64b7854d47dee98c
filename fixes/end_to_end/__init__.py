"""Repairs that end with every row in the table."""
