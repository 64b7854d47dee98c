"""Where a project stands in its repository."""

from __future__ import annotations

from pathlib import Path


def folder_in_repository(folder: Path, workspace: str | None = None) -> str:
    """The folder relative to the root of its repository, with forward slashes; empty at the root itself.

    Args:
        folder: of the project.
        workspace: the root as a CI service names it (`GITHUB_WORKSPACE`). Where it does not hold the
            folder, the nearest folder upwards with a `.git` is the root; without one, the folder itself.
    """
    folder = folder.resolve()
    root = Path(workspace).resolve() if workspace else None
    if root is None or not folder.is_relative_to(root):
        root = next((parent for parent in (folder, *folder.parents) if _is_root(parent)), folder)
    relative = folder.relative_to(root).as_posix()
    return "" if relative == "." else relative


def _is_root(folder: Path) -> bool:
    """Whether a repository begins here; False in a parent folder that may not be searched."""
    try:
        return (folder / ".git").exists()
    except PermissionError:
        return False
