from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from diagnose.project.repository import folder_in_repository

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "workers" / "import"
    folder.mkdir(parents=True)
    return folder


def test_the_workspace_of_a_ci_service_is_the_root(folder: Path, tmp_path: Path):
    (tmp_path / "workers" / ".git").mkdir()

    assert folder_in_repository(folder, str(tmp_path)) == "workers/import"
    assert folder_in_repository(folder, str(folder)) == ""


def test_without_one_it_is_the_nearest_repository(folder: Path, tmp_path: Path):
    (tmp_path / ".git").mkdir()
    assert folder_in_repository(folder) == "workers/import"

    (tmp_path / "workers" / ".git").write_text("gitdir: elsewhere\n")
    assert folder_in_repository(folder) == "import"
    assert folder_in_repository(folder, str(tmp_path / "other")) == "import"


def test_without_a_repository_the_folder_is_the_root(folder: Path):
    assert folder_in_repository(folder, "") == ""
