from __future__ import annotations

from dataclasses import replace

import pytest

from diagnose.errors import ProjectError
from diagnose.project.response_files import Recording, name_files, with_responses, write_bodies
from diagnose.project.settings import Settings
from diagnose.project.settings_file import find_settings

URL = "https://a.example/v2/histo-day?limit=1"


def recording(url=URL, kind="application/json", body=b"[]", status=200) -> Recording:
    return Recording(method="GET", url=url, status=status, headers={"content-type": kind}, body=body)


@pytest.mark.parametrize(
    ("url", "kind", "file"),
    [
        (URL, "application/json; charset=utf-8", "recorded/histo-day.json"),
        ("https://a.example/prices.csv?k=*", "text/csv", "recorded/prices.csv"),
        ("https://a.example/", "text/html", "recorded/a-example.html"),
        ("https://a.example/../../etc/passwd", "application/problem+json", "recorded/passwd.json"),
        ("https://a.example/%2e%2e", "application/x-unheard-of", "recorded/2e-2e.bin"),
        ("https://a.example/" + "x" * 200, "application/json", f"recorded/{'x' * 60}.json"),
    ],
)
def test_a_file_is_named_after_what_was_asked(tmp_path, url, kind, file):
    (named,) = name_files([recording(url, kind)], Settings(directory=tmp_path))
    assert named.body_file == file


def test_no_file_is_written_over(tmp_path):
    (tmp_path / "recorded").mkdir()
    (tmp_path / "recorded" / "histo-day.json").write_text("mine")
    first, second = name_files([recording(), recording(URL + "&page=2")], Settings(directory=tmp_path))
    assert (first.body_file, second.body_file) == ("recorded/histo-day-2.json", "recorded/histo-day-3.json")
    write_bodies([first, second], tmp_path)
    assert (tmp_path / "recorded" / "histo-day.json").read_text() == "mine"
    assert (tmp_path / "recorded" / "histo-day-3.json").read_bytes() == b"[]"


def test_a_link_out_of_the_project_is_not_followed(tmp_path):
    outside, inside = tmp_path / "outside", tmp_path / "inside"
    outside.mkdir()
    inside.mkdir()
    (inside / "recorded").symlink_to(outside)
    with pytest.raises(ProjectError, match="leads out of the project"):
        write_bodies(name_files([recording()], Settings(directory=inside)), inside)
    assert list(outside.iterdir()) == []


def test_answers_are_added_behind_those_there_are(tmp_path):
    before = '# mine\nplan = "free" # for now\n\n'
    before += '[[responses]]\nurl = "https://b.example/*"\nbody_file = "b.json"\n'
    (tmp_path / "diagnose.toml").write_text(before)
    files = name_files([recording(), recording(kind="text/csv", status=404)], find_settings(tmp_path))
    text = with_responses(find_settings(tmp_path), tmp_path, files).decode()
    assert text == before + (
        f'\n[[responses]]\nmethod = "GET"\nurl = "{URL}"\nstatus = 200\n'
        'body_file = "recorded/histo-day.json"\n'
        f'\n[[responses]]\nmethod = "GET"\nurl = "{URL}"\nstatus = 404\n'
        'headers = { content-type = "text/csv" }\nbody_file = "recorded/histo-day.csv"\n'
    )
    (tmp_path / "diagnose.toml").write_text(text)
    assert [one.status for one in find_settings(tmp_path).responses] == [200, 200, 404]


def test_settings_may_stand_in_pyproject(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "x"\n\n[tool.diagnose]\nplan = "free"\n')
    text = with_responses(
        find_settings(tmp_path), tmp_path, name_files([recording()], find_settings(tmp_path))
    ).decode()
    (tmp_path / "pyproject.toml").write_text(text)
    assert [one.url for one in find_settings(tmp_path).responses] == [URL]
    assert text.startswith('[project]\nname = "x"\n')


def test_an_answer_that_is_replaced_keeps_its_entry_and_file(tmp_path):
    text = '[[responses]] # all of them\nurl = "https://a.example/*"\nbody_file = "b.json"\nstatus = 500\n'
    (tmp_path / "diagnose.toml").write_text(text)
    settings = find_settings(tmp_path)
    again = replace(recording("https://a.example/*", body=b"[2]"), replaces=0)
    files = name_files([again], settings)
    assert [one.body_file for one in files] == ["b.json"]
    assert with_responses(settings, tmp_path, files).decode() == text.replace("500", "200")
