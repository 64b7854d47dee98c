"""
Historical price import.

Loads the daily candles of one symbol from CryptoCompare and stores them in
the `price_data` table of our D1 database, for backtesting.

Trigger an import:

    POST /trigger              imports BTC
    POST /trigger?symbol=ETH   imports another symbol

Running it again is harmless: candles that we already have are ignored.
"""

from urllib.parse import parse_qs, urlencode, urlparse

from workers import Response, WorkerEntrypoint, fetch

API_URL = "https://min-api.cryptocompare.com/data/v2/histoday"
SOURCE = "cryptocompare"
DEFAULT_SYMBOL = "BTC"

# The most that the API gives in one call: about five and a half years.
LIMIT = 2000


async def fetch_daily_candles(symbol):
    """Fetch the last 2000 daily candles of a symbol in USD, oldest first."""
    query = urlencode({"fsym": symbol, "tsym": "USD", "limit": LIMIT})
    response = await fetch(f"{API_URL}?{query}")
    if response.status != 200:
        raise RuntimeError(f"CryptoCompare answered {response.status}")

    payload = await response.json()
    if payload["Response"] != "Success":
        raise RuntimeError(f"CryptoCompare: {payload['Message']}")

    candles = payload["Data"]["Data"]
    print(f"Fetched {len(candles)} candles for {symbol}")
    return candles


async def insert_candles_to_d1(env, symbol, candles, timeframe, source):
    """Insert all candles in one statement. Known candles are skipped."""
    if not candles:
        return 0

    # One INSERT for everything is much faster than one per candle
    sql = (
        "INSERT OR IGNORE INTO price_data "
        "(symbol, timestamp, timeframe, open, high, low, close, volume_from, volume_to, source) VALUES "
        + ", ".join(["(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"] * len(candles))
    )

    params = []
    for candle in candles:
        params.extend([
            symbol,
            candle["time"],
            timeframe,
            candle["open"],
            candle["high"],
            candle["low"],
            candle["close"],
            candle.get("volumefrom", 0),
            candle.get("volumeto", 0),
            source,
        ])

    await env.DB.prepare(sql).bind(*params).run()
    print(f"Inserted {len(candles)} candles for {symbol}")
    return len(candles)


class Default(WorkerEntrypoint):
    """HTTP entry point of the import worker."""

    async def fetch(self, request):
        url = urlparse(request.url)
        method = request.method
        path = url.path

        if method == "POST" and path == "/trigger":
            query = parse_qs(url.query)
            symbol = query.get("symbol", [DEFAULT_SYMBOL])[0].upper()
            return await self.import_symbol(symbol)

        if method == "GET" and path == "/":
            return Response("Price history import is up. POST /trigger starts an import.")

        return Response("Not found", status=404)

    async def import_symbol(self, symbol):
        """Fetch and store one symbol, and answer with the number of candles."""
        candles = await fetch_daily_candles(symbol)
        inserted = len(candles)

        try:
            inserted = await insert_candles_to_d1(self.env, symbol, candles, "1d", SOURCE)
        except Exception as e:
            # Don't take the worker down because of one import
            print(f"Import of {symbol} failed: {e}")

        return Response.json({"success": True, "symbol": symbol, "inserted": inserted})
