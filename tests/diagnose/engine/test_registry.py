"""The built-in plug-ins; those of third parties are in tests/test_plugins.py."""

from __future__ import annotations

import pytest

from diagnose.engine.registry import CODE, load_registry

PREFIXES = ("CFG", "TBL", "DEP", "LIM", "SRC", "QUE", "DAT", "E2E")


def test_every_built_in_plug_in_loads():
    assert load_registry().problems == ()


def test_checks_come_family_by_family_and_number_by_number():
    codes = list(load_registry().checks)

    assert codes == sorted(codes, key=lambda code: (PREFIXES.index(code[:3]), code))


def test_loading_again_gives_the_same():
    assert load_registry() == load_registry()


@pytest.mark.parametrize("text", ["LIM001", "lim001", "bound-parameters", " Bound-Parameters "])
def test_a_check_is_found_by_code_or_name(text: str):
    found = load_registry().find(text)

    assert found is not None
    assert found.code == "LIM001"


def test_an_unknown_check_is_not_found():
    assert load_registry().find("LIM") is None


@pytest.mark.parametrize("code", ["LIM001", "E2E002", "AB123", "ABCDEFGH001"])
def test_codes_are_letters_and_three_digits(code: str):
    assert CODE.fullmatch(code)


@pytest.mark.parametrize("code", ["", "LIM1", "lim001", "LIM0001", "001", "L001", "ABCDEFGHI001", "LIM001\n"])
def test_other_texts_are_no_codes(code: str):
    assert not CODE.fullmatch(code)
