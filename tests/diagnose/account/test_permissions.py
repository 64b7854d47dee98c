from __future__ import annotations

import pytest

from diagnose.account.permissions import dashboard_path, least, permission_for
from diagnose.embedded.tokens import Permission

A = "/accounts/0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("GET", f"{A}/d1/database", "D1 Read"),
        ("POST", f"{A}/d1/database/x/raw", "D1 Edit"),
        ("GET", f"{A}/queues", "Queues Read"),
        ("POST", f"{A}/queues/x/consumers", "Queues Edit"),
        ("GET", f"{A}/workers/scripts", "Workers Scripts Read"),
        ("PUT", f"{A}/workers/scripts/x/secrets", "Workers Scripts Edit"),
        ("POST", f"{A}/workers/scripts/x/tails", "Workers Tail Read"),
        ("POST", f"{A}/workers/observability/telemetry/query", "Workers Observability Read"),
        ("POST", "/graphql", "Account Analytics Read"),
        ("GET", "/zones/x/workers/routes", "Workers Routes Read"),
        ("GET", "/zones", "Zone Read"),
        ("GET", "/memberships", "Memberships Read"),
        ("GET", "/user", "User Details Read"),
        ("GET", "/accounts", "Account Settings Read"),
        ("GET", "/user/tokens/verify", None),
        ("GET", f"{A}/tokens/verify", None),
        ("GET", "/ips", None),
    ],
)
def test_what_a_call_needs(method, path, permission):
    assert permission_for(method, path) == permission


def test_a_query_that_reads_needs_no_more_than_reading():
    assert permission_for("POST", f"{A}/d1/database/x/raw", reads=True) == "D1 Read"


def test_the_way_through_the_dashboard():
    assert dashboard_path("D1 Read") == "Account · D1 · Read"
    assert dashboard_path("Workers Routes Edit") == "Zone · Workers Routes · Edit"
    assert dashboard_path("Something New Read") == "Account · Something New · Read"


def test_editing_includes_reading():
    assert least({"D1 Read", "D1 Edit", "Queues Read"}) == ("D1 Edit", "Queues Read")


def test_the_embedded_account_knows_the_same_names():
    known = {permission_for("GET", f"{A}/d1/"), permission_for("PUT", f"{A}/queues")}
    assert known <= {permission.value for permission in Permission}
