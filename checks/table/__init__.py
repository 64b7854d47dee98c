"""The tables behind the bindings, and whether the worker's statements fit them."""
