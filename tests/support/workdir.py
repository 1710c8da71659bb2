"""Working folders for tests, and commands run in them as a user would run them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from support.catalogues import settings_of

from archiver.config.workdir import lay_out

TIMEOUT = 300.0  # seconds; a guard against hanging, never a measure


def environment(**more: str) -> dict[str, str]:
    """The process's environment without anything of the archiver's in it."""
    plain = {name: text for name, text in os.environ.items() if not name.startswith("ARCHIVER_")}
    return {**plain, **more}


def run(
    folder: Path, *command: str, timeout: float = TIMEOUT, **more: str
) -> subprocess.CompletedProcess[str]:
    """Run a Python module's command line in a folder: `run(folder, "archiver", "status")`."""
    module = {"archiver": "archiver.cli.main"}.get(command[0], command[0])
    return subprocess.run(
        [sys.executable, "-m", module, *command[1:]],
        cwd=folder,
        env=environment(**more),
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def status(folder: Path) -> dict[str, Any]:
    """What `archiver status --json` says."""
    done = run(folder, "archiver", "status", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def working_folder(
    folder: Path, *, connect_to: dict[str, str], network: str = "", crawl: str = ""
) -> Path:
    """An empty working folder whose names lead to loopback; see support/catalogues.py.

    Front pages are left alone, as most tests count what is asked for.
    """
    lay_out(folder, seeds=False)
    hosts = "".join(f'"{name}" = "{target}"\n' for name, target in connect_to.items())
    (folder / "config" / "archiver.toml").write_text(
        '[operator]\ncontact = "https://archive.example/about"\n'
        f"{settings_of(folder)}[crawl]\nfront_page = 0\n{crawl}\n"
        f"[network]\n{network}\n[network.connect_to]\n{hosts}",
        encoding="utf-8",
    )
    return folder


def add_seed(folder: Path, name: str, text: str) -> None:
    """Put one seed file into the folder."""
    (folder / "seeds" / f"{name}.toml").write_text(text, encoding="utf-8")
