"""Diagnosis, repair and verification of imports into Cloudflare D1."""

__version__ = "0.1.0"
