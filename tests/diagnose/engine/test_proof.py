from __future__ import annotations

from dataclasses import replace

from diagnose.engine.proof import remaining
from diagnose.model import Finding, Location, Severity, Status

FOUND = Finding(
    code="WRD001",
    name="word",
    status=Status.FAIL,
    severity=Severity.ERROR,
    message="a.txt is wrong",
    location=Location("a.txt", 3, 1),
    resource="file/a",
)
OTHER = replace(FOUND, message="b.txt is wrong", resource="file/b")
LESSER = replace(FOUND, status=Status.WARN, severity=Severity.WARNING, message="a.txt is odd")
PASSED = replace(FOUND, status=Status.PASS, message="no file is wrong")


def test_a_pass_and_what_was_there_besides_leave_nothing():
    assert remaining(FOUND, [FOUND, OTHER], [PASSED]) == []
    assert remaining(FOUND, [FOUND, OTHER], [OTHER]) == []


def test_the_same_problem_counts_wherever_it_stands_now():
    moved = replace(FOUND, location=Location("a.txt", 9, 1))
    assert remaining(FOUND, [FOUND], [moved, OTHER]) == [moved]


def test_the_same_message_about_another_resource_is_another_problem():
    elsewhere = replace(FOUND, resource="file/c")
    assert remaining(FOUND, [FOUND, elsewhere], [elsewhere]) == []


def test_as_many_problems_as_before_are_the_same_under_another_message():
    renamed = replace(FOUND, message="a.txt is all wrong")
    assert remaining(FOUND, [FOUND, OTHER], [renamed, OTHER]) == [renamed, OTHER]
    assert remaining(FOUND, [], [renamed]) == [renamed]


def test_lesser_problems_do_not_count():
    assert remaining(FOUND, [FOUND], [LESSER]) == []


def test_a_check_that_breaks_proves_nothing():
    broken = replace(FOUND, status=Status.ERROR, message="the check itself broke")
    assert remaining(FOUND, [FOUND], [broken]) == [broken]
