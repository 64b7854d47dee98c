from __future__ import annotations

import json

import pytest

from diagnose.engine.settlement import Outcome
from diagnose.rewriting.queue_helpers import MESSAGE_PARTS

pytestmark = pytest.mark.anyio

CANDLE = (
    '{"time": c["time"], "open": c["open"], "high": c["high"], "low": c["low"], "close": c["close"], '
    '"volumefrom": c["volumefrom"], "volumeto": c["volumeto"]}'
)
BEFORE = f"""
candles = [{CANDLE} for c in rows]
# all of them
await self.env.CANDLES.send(json.dumps({{"symbol": "BTC", "candles": candles}}), contentType="text")
"""
AFTER = f"""
candles = [{CANDLE} for c in rows]
# all of them
for part in message_parts(candles):
    await self.env.CANDLES.send(json.dumps({{"symbol": "BTC", "candles": part}}), contentType="text")
"""
NAMED_BEFORE = f"""
candles = [{CANDLE} for c in rows]
message = {{
    "symbol": "BTC",
    "candles": candles,
}}
await self.env.CANDLES.send(json.dumps(message))
"""
NAMED_AFTER = f"""
candles = [{CANDLE} for c in rows]
for part in message_parts(candles):
    message = {{
        "symbol": "BTC",
        "candles": part,
    }}
    await self.env.CANDLES.send(json.dumps(message))
"""
INLINE_BEFORE = f"await self.env.CANDLES.send([{CANDLE} for c in rows])"
INLINE_AFTER = f"""
for part in message_parts([{CANDLE} for c in rows]):
    await self.env.CANDLES.send(part)
"""


def of(code, result):
    return [settlement for settlement in result.settlements if settlement.finding.code == code]


@pytest.mark.parametrize(
    ("before", "after"),
    [(BEFORE, AFTER), (NAMED_BEFORE, NAMED_AFTER), (INLINE_BEFORE, INLINE_AFTER)],
    ids=["list", "message", "inline"],
)
async def test_the_message_is_cut_and_restored(before, after, project, repair, undo, tree):
    folder = project(after)
    wanted = (folder / "worker.py").read_text()
    wanted = wanted.replace("class Default", MESSAGE_PARTS.text + "\n\nclass Default")
    project(before)
    original = tree(folder)
    (settlement,) = of("LIM005", await repair("LIM005", folder, offline=True))
    assert settlement.outcome is Outcome.FIXED
    assert settlement.detail == "the rows travel in messages that are cut by bytes"
    assert tree(folder) == original | {"worker.py": wanted.encode()}
    again = await repair("LIM005", folder, offline=True)
    assert (again.run_id, of("LIM005", again)) == (None, [])
    await undo(folder, offline=True)
    assert tree(folder) == original


async def test_two_messages_of_one_function_are_one_repair(project, repair):
    folder = project(INLINE_BEFORE + "\n" + INLINE_BEFORE.replace("CANDLES", "COPIES"))
    outcomes = [each.outcome for each in of("LIM005", await repair("LIM005", folder, offline=True))]
    assert outcomes == [Outcome.FIXED, Outcome.IN_ORDER]
    text = (folder / "worker.py").read_text()
    assert text.count("in message_parts([") == 2
    assert text.count("def message_parts") == 1


@pytest.mark.parametrize(
    ("body", "obstacle"),
    [
        (f'await self.env.LOG.send("{"x" * 130_000}")', "the message holds no list of its own"),
        (f"sent = await self.env.CANDLES.send([{CANDLE} for c in rows])", "does more than await `send`"),
        (f'await self.env.CANDLES.send([{CANDLE} for c in rows], contentType="v8")', "sent as `v8`"),
        (f"message_parts = 1\n{INLINE_BEFORE}", "uses the name `message_parts` for something else"),
        (f"if rows: {INLINE_BEFORE}", "other code stands on the same line"),
        (f"{NAMED_BEFORE}print(len(message['candles']))", "the message holds no list of its own"),
    ],
)
async def test_what_is_not_understood_is_left_alone(body, obstacle, project, repair, tree):
    folder = project(body)
    original = tree(folder)
    (settlement,) = of("LIM005", await repair("LIM005", folder, offline=True))
    assert settlement.outcome is Outcome.REFUSED
    assert obstacle in settlement.detail
    assert "less than 127,900 bytes each" in settlement.detail
    assert tree(folder) == original


def parts_of(rows, **limits):
    names: dict[str, object] = {"json": json}
    exec(MESSAGE_PARTS.text, names)  # noqa: S102 - the function as a repaired module has it
    return list(names["message_parts"](rows, **limits))


def test_the_parts_fit_into_messages_and_hold_every_row():
    rows = [
        {"time": 1_700_000_000 + number, "text": 'é"\\' * (number % 50), "open": number / 7}
        for number in range(5_000)
    ]
    parts = parts_of(rows)
    assert [row for part in parts for row in part] == rows
    sizes = [len(json.dumps(json.dumps({"symbol": "BTC", "rows": part})).encode()) for part in parts]
    assert max(sizes) <= 127_900
    assert min(sizes[:-1]) > 110_000
    assert parts_of([]) == []
    assert parts_of(iter(range(3)), limit=1) == [[0], [1], [2]]
