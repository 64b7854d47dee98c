"""What several checks and fixes share about tables: plans, keys, and the watched one as a series."""

from diagnose.tables.creating import NO_KEY, table_plan
from diagnose.tables.filling import Filling, fill
from diagnose.tables.keying import KeyQuestion
from diagnose.tables.series import WatchedSeries, watched_series

__all__ = ["NO_KEY", "Filling", "KeyQuestion", "WatchedSeries", "fill", "table_plan", "watched_series"]
