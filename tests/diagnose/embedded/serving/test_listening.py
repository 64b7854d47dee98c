from __future__ import annotations

import socket

import pytest

from diagnose.embedded.serving import listen
from diagnose.embedded.serving.listening import origin
from diagnose.errors import ServeError, UsageError


@pytest.mark.parametrize(
    ("host", "start"), [("127.0.0.1", "http://127.0.0.1:"), ("localhost", "http://127.0.0.1:")]
)
def test_a_free_port_of_this_machine(host, start):
    with listen(host=host) as listener:
        assert origin(listener).startswith(start)
        assert listener.getsockname()[1] > 0


@pytest.mark.skipif(not socket.has_ipv6, reason="there is no IPv6")
def test_an_address_of_version_6_stands_in_brackets():
    with listen(host="::1") as listener:
        assert origin(listener) == f"http://[::1]:{listener.getsockname()[1]}"


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.5", "::", "example.com", ""])  # noqa: S104 - refused
def test_no_other_machine_is_let_in(host):
    with pytest.raises(UsageError, match="this machine only"):
        listen(host=host)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_what_is_no_port(port):
    with pytest.raises(UsageError, match="is no port"):
        listen(port)


def test_a_port_that_is_taken():
    with listen() as listener:
        port = listener.getsockname()[1]
        with pytest.raises(ServeError, match=f"port {port} cannot be used: Address already in use"):
            listen(port)
    listen(port).close()


def test_an_answer_is_not_delayed_until_it_is_acknowledged():
    with listen() as listener:
        assert listener.proto == socket.IPPROTO_TCP
