"""A Cloudflare account for one test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from diagnose.account import Account, Secret
from diagnose.d1 import LIMITS
from diagnose.doubles.binding import D1Binding
from diagnose.embedded import EmbeddedAccount
from diagnose.embedded.app.faults import Faults
from diagnose.embedded.refusal import no_database
from diagnose.embedded.serving import make_served

if TYPE_CHECKING:
    from datetime import date
    from types import TracebackType

    from diagnose.doubles.doorway import Doorway
    from diagnose.embedded.app.faults import Fault
    from diagnose.embedded.state import Plan


class CloudflareAccount:
    """An empty account in memory, with the API, the limits and the errors of a real one.

    Everything about it is used from the test; HTTP clients of any kind reach it at `base_url`.

    Attributes:
        embedded: the account behind it, for what this class does not offer.
        faults: the trouble that requests meet; see `meet`.
    """

    def __init__(
        self,
        doorway: Doorway,
        *,
        plan: Plan = "paid",
        rate_limit: bool = False,
        limits_on: date | None = None,
    ) -> None:
        """Make it.

        Args:
            doorway: the port at which it is found.
            plan: whose limits apply.
            rate_limit: more requests than Cloudflare's API takes are refused.
            limits_on: the day whose limits statements are judged by; None for the newest that are known.
        """
        self.embedded = EmbeddedAccount.memory(plan=plan)
        if limits_on is not None:
            self.embedded.hold_to(LIMITS.at(limits_on.isoformat()).d1)
        self.faults = Faults()
        self._doorway = doorway
        doorway.lead_to(make_served(self.embedded, faults=self.faults, rate_limit=rate_limit))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._doorway.lead_to(None)
        self._doorway.call(self.embedded.close)

    @property
    def base_url(self) -> str:
        """The API's root; the port is opened when it is first asked for."""
        return self._doorway.base_url

    @property
    def account_id(self) -> str:
        """32 hexadecimal digits."""
        return self.embedded.account_id

    @property
    def token(self) -> str:
        """A token that may do everything."""
        return self.embedded.token

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which wrangler, the official SDKs and diagnose find the account."""
        return {
            "CLOUDFLARE_API_BASE_URL": self.base_url,
            "CLOUDFLARE_BASE_URL": self.base_url,
            "CLOUDFLARE_API_TOKEN": self.token,
            "CLOUDFLARE_ACCOUNT_ID": self.account_id,
        }

    def client(self) -> Account:
        """The asynchronous client that diagnose itself uses; close it with `aclose`."""
        return Account.cloudflare(Secret(self.token), self.account_id, base_url=self.base_url)

    def create_database(self, name: str) -> D1Binding:
        """A new, empty database. Raises RefusalError when the API would refuse it."""
        created = self._doorway.call(lambda: self.embedded.create_database(name))
        return self._binding(created.uuid)

    def database(self, uuid_or_name: str) -> D1Binding:
        """A database that there is. Raises RefusalError 7404 when there is none."""
        found = self.embedded.find_database(uuid_or_name)
        if found is None:
            raise no_database(uuid_or_name)
        return self._binding(found.uuid)

    def database_id(self, name: str) -> str:
        """The UUID of a database. Raises RefusalError 7404 when there is none of that name."""
        found = self.embedded.find_database(name)
        if found is None:
            raise no_database(name)
        return found.uuid

    def create_queue(self, name: str) -> str:
        """A new queue; returns its id. Raises RefusalError when the API would refuse it."""
        return self._doorway.call(lambda: self.embedded.create_queue(name)).id

    def meet(self, *faults: Fault) -> None:
        """Let the requests from now on meet this trouble; without any, all is well again."""
        self.faults.replace(*faults)

    def _binding(self, uuid: str) -> D1Binding:
        return D1Binding(self._doorway.call(lambda: self.embedded.database(uuid)))
