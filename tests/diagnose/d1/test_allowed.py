from __future__ import annotations

import pytest

from diagnose.d1.allowed import function_allowed, name_allowed, pragma_allowed


@pytest.mark.parametrize(
    ("name", "argument", "allowed"),
    [
        ("table_info", "t", True),
        ("TABLE_INFO", "t", True),
        ("table_info", None, False),
        ("table_info", "_CF_x", False),
        ("table_list", None, True),
        ("foreign_keys", None, True),
        ("foreign_keys", "ON", True),
        ("foreign_keys", "maybe", False),
        ("foreign_keys", "tr", False),
        ("foreign_keys", "trueish", True),
        ("foreign_keys", "10", True),
        ("page_size", None, True),
        ("page_size", "4096", False),
        ("optimize", "0x10002", True),
        ("optimize", "-1", True),
        ("optimize", "9999999999", False),
        ("optimize", "x", False),
        ("quick_check", "t", True),
        ("journal_mode", None, False),
    ],
)
def test_pragmas(name, argument, allowed):
    assert pragma_allowed(name, argument) is allowed


def test_functions_are_allowed_in_any_letter_case():
    assert function_allowed("CURRENT_TIMESTAMP")
    assert not function_allowed("sqlite_version")


def test_reserved_names():
    assert name_allowed("cf_x")
    assert not name_allowed("_Cf_x")
