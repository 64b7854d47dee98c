"""Calls whose outcome was recorded from workerd, and how to replay them."""
