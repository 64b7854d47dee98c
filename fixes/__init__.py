"""The built-in fixes: the file of the same path as the check that it repairs."""
