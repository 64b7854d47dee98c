"""The options of `diagnose serve`; tests/story/test_serve.py starts it."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from diagnose.cli.serve import command
from diagnose.embedded.serving import listen
from diagnose.errors import ServeError, UsageError


def refused(*words, **environment):
    ended = CliRunner(env=environment).invoke(command, words)
    assert ended.stdout == ""
    return ended.exception


@pytest.mark.parametrize("host", ["0.0.0.0", "10.0.0.1", "example.com"])  # noqa: S104 - refused
def test_only_this_machine_is_served(host):
    error = refused("--host", host)
    assert isinstance(error, UsageError)
    assert "this machine only" in error.message


def test_a_port_that_is_taken():
    with listen() as listener:
        error = refused("--port", str(listener.getsockname()[1]))
    assert isinstance(error, ServeError)


@pytest.mark.parametrize("spec", ["", "teapot", "429:(", "429:/x:y:z("])
def test_a_fault_that_is_none(spec):
    error = refused("--fault", spec)
    assert isinstance(error, UsageError)
    assert "is no fault" in error.message


def test_a_token_whose_variable_is_not_set():
    error = refused("--token-env", "ABSENT_TOKEN")
    assert isinstance(error, UsageError)
    assert error.message == "--token-env names ABSENT_TOKEN, which is not set"


@pytest.mark.parametrize("token", ["", "with blank", '"quoted"', "line\n", "ümlaut", "x" * 4_097])
def test_a_token_that_cannot_stand_in_a_header_is_not_shown(token):
    error = refused("--token-env", "MY_TOKEN", MY_TOKEN=token)
    assert isinstance(error, UsageError)
    assert error.message.startswith("--token-env names MY_TOKEN, which is empty, or holds")
    assert not token or token not in str(error)


@pytest.mark.parametrize("words", [("-c", "wrangler.toml"), ("-e", "production")])
def test_what_is_said_of_a_project_needs_a_project(words):
    error = refused(*words)
    assert isinstance(error, UsageError)
    assert error.hint == "name it with --project"
