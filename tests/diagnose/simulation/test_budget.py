from __future__ import annotations

import pytest

from diagnose.project.source import read_source
from diagnose.simulation import Usage, Verdict, usage, verdict

WORKER = """
from workers import WorkerEntrypoint, fetch

class Default(WorkerEntrypoint):
    async def scheduled(self, controller):
        rows = (await (await fetch("https://api.example.com/rows?limit=2000")).json())["rows"]
        other = (await (await fetch("https://api.example.com/rows")).json())["rows"]
        db = self.env.DB
        insert = db.prepare("INSERT INTO t (a) VALUES (?)")
{body}
"""


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["await insert.bind(1).run()"], Usage(calls=1, statements=1, certain=True)),
        (
            ["for row in rows:", "    await insert.bind(row).run()"],
            Usage(calls=2_000, statements=2_000, certain=True),
        ),
        (
            ["for row in rows[:60]:", "    await insert.bind(row).run()"],
            Usage(calls=60, statements=60, certain=False),
        ),
        (
            ["for day in range(3):", "    for row in rows:", "        await insert.bind(row).run()"],
            Usage(calls=6_000, statements=6_000, certain=True),
        ),
        (
            ["await db.batch([insert.bind(row) for row in rows])"],
            Usage(calls=1, statements=2_000, certain=True),
        ),
        (
            [
                "for i in range(0, len(rows), 100):",
                "    await db.batch([insert.bind(row) for row in rows[i : i + 100]])",
            ],
            Usage(calls=20, statements=2_000, certain=False),
        ),
        (["for row in other:", "    await insert.bind(row).run()"], None),
    ],
)
def test_queries_of_one_invocation(lines, expected, tmp_path):
    (tmp_path / "worker.py").write_text(WORKER.format(body="\n".join(f"        {line}" for line in lines)))
    (site,) = read_source(tmp_path, "worker.py", base="").sites
    assert usage(site) == expected


@pytest.mark.parametrize(
    ("calls", "statements", "expected"),
    [
        (50, 50, Verdict.WITHIN),
        (50, 51, Verdict.DEPENDS),
        (51, 51, Verdict.EXCEEDS),
        (1, 2_000, Verdict.DEPENDS),
    ],
)
def test_a_limit_under_both_readings_of_batch(calls, statements, expected):
    assert verdict(Usage(calls=calls, statements=statements, certain=True), 50) is expected
