from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.account.errors import (
    AllowanceError,
    ApiError,
    CredentialError,
    Exchange,
    MalformedAnswerError,
    MissingPermissionError,
    NotFoundError,
    OutcomeUnknownError,
    RateLimitedError,
    ServerError,
    StatementError,
    UnreachableError,
    api_error,
)

A = "/accounts/0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("status", "code", "text", "kind", "passes", "may_have_run"),
    [
        (400, 6003, "Invalid request headers", CredentialError, False, False),
        (401, 10000, "Authentication error", CredentialError, False, False),
        (401, 1000, "Invalid API Token", CredentialError, False, False),
        (403, 10000, "Authentication error", MissingPermissionError, False, False),
        (403, 7403, "The given account is not valid", MissingPermissionError, False, False),
        (403, 9109, "Unauthorized", MissingPermissionError, False, False),
        (403, None, "", MissingPermissionError, False, False),
        (404, 7404, "The database x could not be found", NotFoundError, False, False),
        (400, 7400, "invalid property", ApiError, False, False),
        (400, 7502, "A database with that name already exists", ApiError, False, False),
        (400, 7500, "no such table: t: SQLITE_ERROR", StatementError, False, False),
        (400, 7500, "UNIQUE constraint failed: t.a: SQLITE_CONSTRAINT", StatementError, False, False),
        (400, 7500, "statement too long: SQLITE_TOOBIG", StatementError, False, False),
        (400, 7500, "exceeded D1's free tier daily row write limit", AllowanceError, False, False),
        (429, 10253, "FreeTierLimitExceeded", AllowanceError, False, False),
        (429, 10250, "QueueOverloaded", RateLimitedError, True, False),
        (429, 971, "Please wait", RateLimitedError, True, False),
        (500, 7500, "internal error; reference = x", ServerError, True, True),
        (400, 7500, "Network connection lost.", ServerError, True, True),
        (500, 7500, "D1 DB is overloaded. Requests queued for too long.", ServerError, True, False),
        (500, None, "", ServerError, True, True),
        (408, None, "", ServerError, True, True),
        (530, 1033, "", ServerError, True, True),
    ],
)
def test_what_an_answer_means(status, code, text, kind, passes, may_have_run):
    error = api_error(Exchange(method="POST", path=f"{A}/x", status=status, code=code, message=text))
    assert type(error) is kind
    assert (error.passes, error.may_have_run) == (passes, may_have_run)


@pytest.mark.parametrize(("status", "may_have_run"), [(200, True), (302, False), (403, False), (500, True)])
def test_an_answer_that_is_none_says_little(status, may_have_run):
    assert MalformedAnswerError(Exchange(method="POST", path="/", status=status)).may_have_run is may_have_run


@pytest.mark.parametrize("sent", [True, False])
def test_what_was_not_sent_was_not_done(sent):
    error = UnreachableError(Exchange(method="POST", path="/", sent=sent))
    assert (error.passes, error.may_have_run) == (True, sent)


def test_an_outcome_that_is_not_known_is_not_repeated():
    error = OutcomeUnknownError(Exchange(method="POST", path="/"))
    assert (error.passes, error.may_have_run) == (False, True)


@pytest.mark.parametrize(
    ("method", "path", "reads", "permission"),
    [
        ("POST", f"{A}/d1/database/x/raw", False, "D1 Edit"),
        ("POST", f"{A}/d1/database/x/raw", True, "D1 Read"),
        ("GET", f"{A}/queues", True, "Queues Read"),
        ("POST", f"{A}/workers/scripts/w/tails", False, "Workers Tail Read"),
        ("PUT", f"{A}/workers/scripts/w", False, "Workers Scripts Edit"),
    ],
)
def test_the_permission_is_named_as_the_dashboard_names_it(method, path, reads, permission):
    error = api_error(Exchange(method=method, path=path, status=403, code=10000, reads=reads))
    assert error.permission == permission
    name, level = permission.rsplit(" ", 1)
    assert f"“Account · {name} · {level}”" in error.hint


def test_a_refused_statement_says_what_is_known_of_it():
    exchange = Exchange(method="POST", path=f"{A}/d1/database/x/raw", status=400, code=7500)
    error = api_error(replace(exchange, message="no such table: t: SQLITE_ERROR"))
    assert error.known.name == "table missing"
    assert error.hint == error.known.remedy
    unknown = api_error(replace(exchange, message="[object Object]"))
    assert (unknown.known, unknown.hint) == (None, None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("see wss://tail.example/canary-1", "see [hidden]"),
        ("PUT https://storage.example/f?sig=canary-1 failed", "PUT [hidden] failed"),
        ("https://user:canary-1@example.com/", "[hidden]"),
        ("header Bearer canary-1 refused", "header Bearer [hidden] refused"),
        ("see https://developers.cloudflare.com/d1/", "see https://developers.cloudflare.com/d1/"),
        ("tab\tand \x1b[31m", "tab and  [31m"),
    ],
)
def test_words_of_the_other_side_are_shown_without_what_is_private(text, shown):
    assert ApiError(Exchange(method="GET", path="/", message=text)).text == shown


def test_the_id_of_a_tail_is_not_shown():
    error = ApiError(Exchange(method="DELETE", path=f"{A}/workers/scripts/w/tails/canary-1", status=500))
    assert error.where == f"DELETE {A}/workers/scripts/w/tails/[hidden]"
    assert "canary" not in f"{error} {error!r} {error.exchange!r}"
