from __future__ import annotations

from diagnose.project.source import ir
from diagnose.project.source.inside import inside
from diagnose.project.source.python import lower

FUNCTION = """\
def store(rows):
    count = 0
    for row in rows:
        count += 1
    def inner():
        raise KeyError(count)
    if count:
        raise ValueError(count)
    return {answer}
"""


def function(answer="count"):
    (statement,) = lower(FUNCTION.format(answer=answer), "a.py")
    return statement


def test_names_are_found_in_functions_inside_too():
    found = inside(function())
    assert [name.span.location.line for name in found.names["count"]] == [2, 4, 6, 7, 8, 9]
    given = [name.span.location.line for name in found.names["count"] if id(name) in found.targets]
    assert given == [2, 4]
    assert "elsewhere" not in found.names


def test_what_a_function_inside_raises_is_not_its_own():
    definition = function()
    found = inside(definition)
    assert FUNCTION[found.last_raise :].startswith("raise ValueError")
    assert sum(isinstance(node, ir.Raise) for node in found.own) == 1
    (quiet,) = lower("def quiet():\n    return\n", "a.py")
    assert (inside(quiet).last_raise, inside(quiet).returns_value) == (-1, False)
    assert found.returns_value


def test_it_is_found_once_for_a_function_and_not_for_its_equal():
    one, other = function(), function()
    assert one == other
    assert inside(one) is inside(one)
    assert inside(one) is not inside(other)
