from __future__ import annotations

import pytest

from diagnose.account.pages import Page


@pytest.mark.parametrize(
    ("items", "info", "whole", "last"),
    [
        ([1, 2], {"total_count": 2}, True, True),
        ([1, 2], {"total_count": 3}, False, False),
        ([1, 2], {}, False, True),
        ([1] * 100, {}, False, False),
        ([1] * 20, {"per_page": 20}, False, False),
        ([1] * 19, {"per_page": 20}, False, True),
        ([1] * 20, {"per_page": 0}, False, True),
        ([], {"total_count": 5}, False, True),
        ([], {"total_count": "many", "per_page": "some"}, False, True),
    ],
)
def test_where_a_list_ends(items, info, whole, last):
    page = Page.of(items, info)
    assert (page.is_whole, page.is_last(len(items))) == (whole, last)
