"""The fixtures as other suites use them: a pytest of its own, in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest_plugins = ("pytester",)


@pytest.fixture
def suite(pytester, monkeypatch):
    """Run a file of tests as somebody else's suite."""
    monkeypatch.delenv("PYTEST_ADDOPTS", raising=False)

    def run(text, *words, ini=""):
        pytester.makepyfile(test_suite=text)
        pytester.makeini(
            f"[pytest]\naddopts = -p no:randomly --strict-markers\nfilterwarnings = error\n{ini}"
        )
        return pytester.runpytest_subprocess(*words)

    return run


def test_an_insert_of_eleven_rows_is_caught(suite):
    result = suite(
        """
        def test_an_import(d1):
            d1.exec("CREATE TABLE price (a, b, c, d, e, f, g, h, i, j)")
            sql = "INSERT INTO price VALUES " + ", ".join(["(?,?,?,?,?,?,?,?,?,?)"] * 11)
            d1.prepare(sql).bind(*range(110)).run()
        """
    )
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["E *D1_ERROR: too many SQL variables at offset *: SQLITE_ERROR"])


def test_each_test_has_an_account_of_its_own_at_one_port(suite):
    result = suite(
        """
        import json
        import urllib.error
        import urllib.request

        import pytest

        from diagnose.doubles import Fault, FaultKind

        ports = set()

        def names(account):
            request = urllib.request.Request(
                f"{account.base_url}/accounts/{account.account_id}/d1/database",
                headers={"Authorization": f"Bearer {account.token}"},
            )
            with urllib.request.urlopen(request) as answer:
                return [database["name"] for database in json.load(answer)["result"]]

        def test_one(cloudflare_account, d1):
            cloudflare_account.create_database("market")
            assert names(cloudflare_account) == ["d1", "market"]
            ports.add(cloudflare_account.base_url)

        def test_two(cloudflare_account):
            assert names(cloudflare_account) == []
            ports.add(cloudflare_account.base_url)

        def test_three():
            assert len(ports) == 1

        def test_trouble(cloudflare_account):
            cloudflare_account.meet(Fault(kind=FaultKind.RATE_LIMITED, times=1))
            with pytest.raises(urllib.error.HTTPError, match="429") as caught:
                names(cloudflare_account)
            caught.value.close()
            assert names(cloudflare_account) == []
        """
    )
    result.assert_outcomes(passed=4)


def test_the_plan_is_chosen_by_ini_or_marker(suite):
    result = suite(
        """
        import pytest

        def test_ini(cloudflare_account):
            assert cloudflare_account.embedded.plan == "free"

        @pytest.mark.diagnose_plan("paid")
        def test_marker(cloudflare_account):
            assert cloudflare_account.embedded.plan == "paid"

        @pytest.mark.diagnose_plan("gratis")
        def test_neither(cloudflare_account): ...
        """,
        ini="diagnose_plan = free",
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*diagnose_plan is free or paid, not 'gratis'"])


def test_the_day_of_the_limits_is_chosen_by_ini_or_marker(suite):
    result = suite(
        """
        import pytest

        from diagnose.doubles import D1Error

        LONGER = "SELECT length(zeroblob(2200001)) AS n"

        def test_ini(d1):
            with pytest.raises(D1Error, match="string or blob too big"):
                d1.prepare(LONGER).first("n")

        @pytest.mark.diagnose_limits_on("2026-11-20")
        def test_marker(d1):
            assert d1.prepare(LONGER).first("n") == 2_200_001

        @pytest.mark.diagnose_limits_on("June")
        def test_neither(d1): ...
        """,
        ini="diagnose_limits_on = 2026-06-01",
    )
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(["*diagnose_limits_on is a day such as 2026-06-01, not 'June'"])


def test_it_works_in_several_processes_and_in_asynchronous_tests(suite):
    result = suite(
        """
        import pytest

        @pytest.fixture
        def anyio_backend():
            return "asyncio"

        @pytest.mark.anyio
        @pytest.mark.parametrize("number", range(6))
        async def test_many(cloudflare_account, d1, number):
            d1.exec("CREATE TABLE price (day TEXT)")
            client = cloudflare_account.client()
            try:
                (database,) = await client.databases()
            finally:
                await client.aclose()
            assert database.name == "d1"
        """,
        "-n",
        "2",
    )
    result.assert_outcomes(passed=6)


def test_a_suite_that_uses_nothing_of_it_imports_nothing_heavy(suite):
    result = suite(
        """
        import sys

        def test_imports(pytestconfig):
            heavy = {"apsw", "starlette", "uvicorn", "httpx", "diagnose.embedded", "diagnose.d1"}
            assert "diagnose.pytest_plugin" in sys.modules
            assert heavy & set(sys.modules) == set()
            assert pytestconfig.getini("diagnose_plan") == "paid"
        """
    )
    result.assert_outcomes(passed=1)


def test_the_plugin_itself_imports_nothing_but_pytest():
    probe = (
        "import sys, pytest; before = set(sys.modules); import diagnose.pytest_plugin;"
        "print(*sorted(set(sys.modules) - before))"
    )
    ended = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, check=True)
    assert ended.stdout.split() == ["diagnose", "diagnose.pytest_plugin"]
