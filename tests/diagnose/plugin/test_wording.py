from __future__ import annotations

import pytest

from diagnose.plugin import listed


@pytest.mark.parametrize(
    ("names", "told"),
    [((), ""), (("a",), "a"), (("a", "b"), "a, b"), (("a", "b", "c", "d"), "a, b and 2 more")],
)
def test_the_first_names_and_how_many_more(names: tuple[str, ...], told: str):
    assert listed(names, 2) == told
