"""What runs inside the sandboxed interpreter: a Worker's Python environment, from the standard library alone.

The parent loads this package by its folder under a name of its own, in CPython 3.11 to 3.14, without
site-packages. Nothing here may import the rest of the product, and everything that is needed after the
sandbox closes is imported before, except the standard library.
"""
