from __future__ import annotations

import pytest

from diagnose.rehearsal.redacting import Redaction, is_sensitive

SECRET = "s3cret value/+"  # noqa: S105 - a canary


@pytest.mark.parametrize(
    "name",
    [
        "api_key",
        "apikey",
        "apiKey",
        "key",
        "access_token",
        "accessToken",
        "X-Amz-Signature",
        "sig",
        "client_secret",
    ],
)
def test_parameters_that_let_somebody_in(name):
    assert is_sensitive(name)


@pytest.mark.parametrize("name", ["symbol", "limit", "client_id", "page", "signed", "keyword", "", "_"])
def test_parameters_that_do_not(name):
    assert not is_sensitive(name)


def test_a_url_becomes_a_pattern():
    redaction = Redaction((SECRET,))
    assert redaction.url("https://u:p@a.example/v1?symbol=BTC&api_key=abc&n=1#part") == (
        "https://*@a.example/v1?symbol=BTC&api_key=*&n=1"
    )
    assert redaction.url("https://a.example/s3cret%20value%2F%2B/rows?x=s3cret+value%2F%2B") == (
        "https://a.example/*/rows?x=*"
    )
    assert redaction.url("https://a.example/rows?token=") == "https://a.example/rows?token="


def test_headers_of_an_answer():
    kept = Redaction((SECRET,)).headers(
        {"content-type": "text/csv", "set-cookie": "a=b", "server": "x", "link": f"<https://a/?k={SECRET}>"}
    )
    assert kept == {"content-type": "text/csv", "link": "<https://a/?k=[hidden]>"}


def test_a_body_shows_no_secret():
    redaction = Redaction((SECRET, "abc"))
    assert redaction.body(f'{{"you": "{SECRET}", "abc": 1}}'.encode()) == b'{"you": "[hidden]", "abc": 1}'
    assert SECRET not in repr(redaction)
