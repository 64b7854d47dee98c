"""The built-in checks: one folder per family, one file per code."""
