"""Files are replaced whole, and only inside the project."""

from __future__ import annotations

import os
import stat

import pytest

from diagnose.errors import ProjectError
from diagnose.project.files import resolve_inside, write_atomically


@pytest.mark.parametrize("relative", ["a.txt", "new/folder/a.txt", ".", "", "a//b"])
def test_paths_inside(tmp_path, relative):
    assert resolve_inside(tmp_path, relative) == (tmp_path / relative).resolve()


@pytest.mark.parametrize(
    ("relative", "reason"),
    [
        ("/etc/passwd", "`/etc/passwd` is not relative to the project"),
        ("C:\\x", "`C:\\x` is not relative to the project"),
        ("a\0b", "`a\0b` is not relative to the project"),
        ("../x", "`../x` has a `..` part"),
        ("a/../../x", "`a/../../x` has a `..` part"),
        ("out/x", "`out/x` leads out of the project through a symbolic link"),
    ],
)
def test_paths_outside(tmp_path, relative, reason):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "out").symlink_to(tmp_path)
    with pytest.raises(ProjectError) as caught:
        resolve_inside(tmp_path / "project", relative)
    assert caught.value.message == reason


def test_a_loop_of_links_is_refused(tmp_path):
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(ProjectError):
        resolve_inside(tmp_path, "a/x")


def test_a_link_inside_is_followed(tmp_path):
    (tmp_path / "real.txt").write_text("old")
    (tmp_path / "link.txt").symlink_to("real.txt")
    write_atomically(tmp_path / "link.txt", b"new")
    assert (tmp_path / "link.txt").is_symlink()
    assert (tmp_path / "real.txt").read_bytes() == b"new"


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o755])
def test_permission_bits_are_kept(tmp_path, mode):
    file = tmp_path / "a"
    file.write_bytes(b"old")
    file.chmod(mode)
    write_atomically(file, b"new\r\n")
    assert file.read_bytes() == b"new\r\n"
    assert stat.S_IMODE(file.stat().st_mode) == mode
    assert list(tmp_path.iterdir()) == [file]


def test_a_new_file(tmp_path):
    write_atomically(tmp_path / "a", b"")
    assert (tmp_path / "a").read_bytes() == b""
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o644


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    file = tmp_path / "a"
    file.write_bytes(b"old")

    def full_disk(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(file, b"new")
    assert file.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [file]
