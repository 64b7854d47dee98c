from __future__ import annotations

from typing import TYPE_CHECKING

from diagnose.engine.registry import load_registry
from diagnose.engine.rules import family, rules
from diagnose.engine.runner import Selection
from diagnose.model import Severity

if TYPE_CHECKING:
    from collections.abc import Callable

    from diagnose.engine.registry import Registry


def test_a_rule_is_what_the_check_says_of_itself():
    registry = load_registry()

    (rule,) = rules(registry, Selection(select=("LIM001",)))

    assert (rule.code, rule.name, rule.family) == ("LIM001", "bound-parameters", "limits")
    assert rule.severity is Severity.ERROR
    assert rule.page == registry.checks["LIM001"].page()
    assert rule.title == "A statement must not bind more parameters than D1 allows."


def test_there_is_one_for_each_selected_check_in_catalogue_order():
    registry = load_registry()

    assert [rule.code for rule in rules(registry, Selection())] == list(registry.checks)
    assert all(rule.code.startswith("CFG") for rule in rules(registry, Selection(select=("CFG",))))


def test_the_family_of_a_third_party_is_in_its_code(registry: Callable[..., Registry], word_check: type):
    (rule,) = rules(registry(word_check), Selection())

    assert rule.family == family(word_check) == "wrd"
