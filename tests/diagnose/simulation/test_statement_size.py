from __future__ import annotations

import pytest

from diagnose.project.source import read_source
from diagnose.simulation import statement_size

HEAD = "INSERT INTO t VALUES "


@pytest.fixture
def sized(tmp_path):
    def measure(rows, text):
        (tmp_path / "worker.py").write_text(
            "from workers import WorkerEntrypoint, fetch\n\n\nclass Default(WorkerEntrypoint):\n"
            "    async def scheduled(self, controller):\n"
            '        rows = (await (await fetch("https://api.example.com/?limit=2000")).json())["rows"]\n'
            '        every = (await (await fetch("https://api.example.com/")).json())["rows"]\n'
            f'        values = ", ".join({text} for row in {rows})\n'
            f'        await self.env.DB.prepare(f"{HEAD}{{values}}").run()\n'
        )
        (site,) = read_source(tmp_path, "worker.py").sites
        return statement_size(site)

    return measure


def test_values_that_are_not_known_count_one_byte(sized):
    size = sized("rows", "f\"({row['a']}, '{row['b']}')\"")
    assert (size.per_row, size.rows, size.exact) == (len("(0, '0'), "), 2_000, False)
    assert size.asked == len(HEAD) + 2_000 * size.per_row - len(", ")
    assert size.breaks_at == (100_000 - len(HEAD) + 2) // 10 + 1


def test_a_text_without_unknown_values_is_exact(sized):
    size = sized("rows[:50]", '"(1)"')
    assert (size.exact, size.rows, size.asked) == (True, 50, len(HEAD) + 50 * 5 - 2)


def test_rows_without_a_number_have_no_size(sized):
    size = sized("every", '"(1)"')
    assert (size.rows, size.asked, size.unbounded) == (None, None, False)
    assert sized("every", f'"({"1" * 50})"').unbounded is True
    assert sized("rows", f'"({"1" * 50})"').unbounded is False
