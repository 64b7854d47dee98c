"""The account in which the demo project is found: two databases, and no worker."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

ACCOUNT_ID: Final = "5d0b7c1e94f24a6f8b3e62a1c97d4f08"


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoDatabase:
    """A D1 database: its real name, its id, and the statements that filled it."""

    name: str
    uuid: str
    created_at: str
    statements: tuple[str, ...]


MAIN: Final = DemoDatabase(
    name="market-archive",
    uuid="26e02293-0b73-4bf9-8c6e-ec1d5d63dd35",
    created_at="2025-10-27T09:14:31.206Z",
    statements=(
        """CREATE TABLE import_progress (
  symbol TEXT PRIMARY KEY,
  last_timestamp INTEGER NOT NULL,
  updated_at TEXT NOT NULL
)""",
        """INSERT INTO import_progress (symbol, last_timestamp, updated_at) VALUES
  ('BTC', 0, '2025-10-27 09:20:11'),
  ('ETH', 0, '2025-10-27 09:20:11')""",
    ),
)
"""The database that the worker's config means; it calls it `history`, and `price_data` is not in it."""

STAGING: Final = DemoDatabase(
    name="market-staging",
    uuid="27c30f8a-28ab-4499-9a80-023ed71ab482",
    created_at="2025-10-21T16:02:48.931Z",
    statements=(
        """CREATE TABLE price_data (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  symbol TEXT NOT NULL,
  timestamp INTEGER NOT NULL,
  timeframe TEXT NOT NULL,
  open REAL NOT NULL,
  high REAL NOT NULL,
  low REAL NOT NULL,
  close REAL NOT NULL,
  volume REAL NOT NULL,
  source TEXT,
  UNIQUE (symbol, timestamp, timeframe)
)""",
    ),
)
"""An earlier attempt: `price_data` is here, empty, with one `volume` where the worker writes two."""

DATABASES: Final = (MAIN, STAGING)
