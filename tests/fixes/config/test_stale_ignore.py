from __future__ import annotations

import pytest

from diagnose.engine.settlement import Outcome

pytestmark = pytest.mark.anyio

CONFIG = 'name = "a"\nmain = "worker.py"\ncompatibility_date = "2026-04-01"\n'
OVER = '[[ignore]]\ncode = "CFG002"\nreason = "a library"\nuntil = 2020-01-31\n'
UNUSED = '[[ignore]]\ncode = "CFG003"\nreason = "set elsewhere"\n'


def project(settings, name="diagnose.toml", **files):
    return {"wrangler.toml": CONFIG, "worker.py": "", name: settings, **files}


async def test_every_stale_entry_goes_with_its_comments(write_project, proven):
    head, tail = '# our settings\nplan = "free"\n\n', '[watch]\ntable = "t" # ours\n'
    settings = f"{head}# until the backfill\n{OVER}\n{UNUSED}\n{tail}"

    await proven(
        "CFG011",
        write_project(project(settings)),
        {"diagnose.toml": head + tail},
    )


async def test_the_last_entry_leaves_no_blank_line_behind(write_project, proven):
    await proven(
        "CFG011", write_project(project(f'plan = "free"\n\n\n{OVER}')), {"diagnose.toml": 'plan = "free"\n'}
    )


async def test_an_entry_that_is_in_use_stays(write_project, proven):
    kept = '[[ignore]]\ncode = "CFG002"\nreason = "ours"\n'
    folder = write_project(project(f"{OVER}\n{kept}") | {"wrangler.toml": CONFIG + "quantum = 1\n"})

    await proven("CFG011", folder, {"diagnose.toml": kept})


async def test_settings_in_pyproject(write_project, proven):
    head = '[project]\nname = "a"\n\n[tool.diagnose]\nplan = "free"\n'
    settings = head + "\n" + OVER.replace("[[ignore]]", "[[tool.diagnose.ignore]]")

    await proven("CFG011", write_project(project(settings, "pyproject.toml")), {"pyproject.toml": head})


async def test_the_only_setting_may_go(write_project, proven):
    settings = '[project]\nname = "a"\n\n' + OVER.replace("[[ignore]]", "[[tool.diagnose.ignore]]")

    await proven(
        "CFG011",
        write_project(project(settings, "pyproject.toml")),
        {"pyproject.toml": '[project]\nname = "a"\n'},
    )


async def test_an_entry_of_an_inline_array(write_project, proven):
    settings = (
        'ignore = [\n  { code = "CFG002", reason = "old", until = "2020-01-31" }, # gone\n]\nplan = "free"\n'
    )

    await proven(
        "CFG011", write_project(project(settings)), {"diagnose.toml": 'ignore = [\n]\nplan = "free"\n'}
    )


async def test_of_equal_entries_each_goes(write_project, proven):
    await proven("CFG011", write_project(project(OVER + OVER)), {"diagnose.toml": ""})


async def test_windows_line_ends_stay(write_project, proven):
    settings = f'plan = "free"\n\n{OVER}\n[watch]\ntable = "t"\n'.replace("\n", "\r\n")

    await proven(
        "CFG011",
        write_project(project(settings)),
        {"diagnose.toml": 'plan = "free"\r\n\r\n[watch]\r\ntable = "t"\r\n'},
    )


async def test_a_misspelt_code_is_for_a_person(write_project, refused):
    folder = write_project(project(UNUSED.replace("CFG003", "CFG03")))

    assert "it may be misspelt: correct it: " in await refused("CFG011", folder)


async def test_settings_above_the_project_are_left(write_project, repair, tmp_path):
    folder = write_project({"wrangler.toml": CONFIG, "worker.py": ""})
    (tmp_path / "diagnose.toml").write_text(OVER)

    result = await repair("CFG011", folder, offline=True)

    assert [settlement.outcome for settlement in result.settlements] == [Outcome.REFUSED]
    assert (tmp_path / "diagnose.toml").read_text() == OVER
