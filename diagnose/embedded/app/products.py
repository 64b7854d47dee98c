"""The calls of the API, product by product. Another product joins by a module with a `ROUTES` tuple."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from diagnose.embedded.app import (
    accounts,
    beta_uploads,
    beta_workers,
    d1,
    deployments,
    graphql,
    messages,
    queries,
    queues,
    references,
    scripts,
    secrets,
    services,
    settings,
    tails,
    telemetry,
    transfer,
    workers_account,
)

if TYPE_CHECKING:
    from diagnose.embedded.app.calls import ApiRoute

_PRODUCTS: Final = (
    accounts,
    workers_account,
    references,
    beta_uploads,
    beta_workers,
    d1,
    queries,
    scripts,
    settings,
    secrets,
    deployments,
    services,
    queues,
    messages,
    graphql,
    tails,
    telemetry,
    transfer,
)

ROUTES: Final[tuple[ApiRoute, ...]] = tuple(route for product in _PRODUCTS for route in product.ROUTES)
