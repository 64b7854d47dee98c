from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from diagnose.engine.workspace import ProjectWorkspace
from diagnose.errors import StepError
from diagnose.steps import restore_step

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "project" / "src").mkdir(parents=True)
    (tmp_path / "x").write_text("not yours")
    return tmp_path / "project"


@pytest.fixture
def workspace(root: Path) -> ProjectWorkspace:
    return ProjectWorkspace(root, None)


def test_files_are_read_written_and_deleted(workspace: ProjectWorkspace, root: Path):
    assert workspace.read("src/worker.py") is None
    workspace.write("src/new/worker.py", b"pass\r\n")
    assert workspace.read("src/new/worker.py") == b"pass\r\n"
    assert workspace.exists("src/new")
    workspace.write("src/new/worker.py", None)
    workspace.write("src/new/worker.py", None)
    assert not (root / "src/new/worker.py").exists()


def test_only_empty_folders_of_the_project_are_removed(workspace: ProjectWorkspace, root: Path):
    (root / "src" / "worker.py").write_text("")
    (root / "empty").mkdir()

    for path in ("empty", "src", ".", "nowhere"):
        workspace.remove_empty_folder(path)

    assert sorted(path.name for path in root.iterdir()) == ["src"]


@pytest.mark.parametrize("path", ["../x", "src/../../x", "/etc/hostname", "src/link/x", "\0", "C:/x"])
def test_nothing_outside_is_reached(workspace: ProjectWorkspace, root: Path, path: str):
    (root / "src" / "link").symlink_to(root.parent)

    for attempt in (
        lambda: workspace.read(path),
        lambda: workspace.write(path, b"mine now"),
        lambda: workspace.write(path, None),
        lambda: workspace.exists(path),
        lambda: workspace.remove_empty_folder(path),
    ):
        with pytest.raises(StepError):
            attempt()
    assert (root.parent / "x").read_text() == "not yours"


@pytest.mark.anyio
async def test_a_journal_record_that_leads_outside_is_refused(workspace: ProjectWorkspace, root: Path):
    record = {"path": "../../x", "before": None, "after": "bm90IHlvdXJz", "made_folders": ["../../y"]}
    step = restore_step("edit-file", record)

    with pytest.raises(StepError, match=r"has a `\.\.` part"):
        await step.undo(workspace)
    assert (root.parent / "x").read_text() == "not yours"


@pytest.mark.anyio
async def test_folders_of_a_record_are_confined_as_well(workspace: ProjectWorkspace, root: Path):
    (root.parent / "empty").mkdir()
    record = {"path": "a.txt", "before": None, "after": "YQ==", "made_folders": ["../empty"]}

    with pytest.raises(StepError):
        await restore_step("edit-file", record).undo(workspace)
    assert (root.parent / "empty").is_dir()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_named(workspace: ProjectWorkspace, root: Path):
    (root / "src").chmod(0o500)
    with pytest.raises(StepError, match="cannot be written"):
        workspace.write("src/worker.py", b"")
    (root / "src").chmod(0o700)


def test_what_cannot_be_written_is_named(workspace: ProjectWorkspace, root: Path):
    (root / "file").write_text("")

    with pytest.raises(StepError, match="cannot be written: File exists") as caught:
        workspace.write("file/below", b"")
    assert caught.value.where == "file/below"
    with pytest.raises(StepError, match="cannot be read: Is a directory"):
        workspace.read("src")
