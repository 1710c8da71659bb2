"""`archiver replay` as a process."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import httpx
import pytest
from support.replay_site import Archive, day

COMMAND = [sys.executable, "-m", "archiver.cli.main", "replay"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A working folder whose archive holds one page."""
    archive = Archive(tmp_path / "archive")
    archive.keep("https://news.example/", day(1), "<p>Front page")
    archive.close()
    return tmp_path


def run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options], cwd=folder, capture_output=True, text=True, timeout=60, check=False
    )


def test_it_serves_until_interrupted(folder: Path) -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        url = process.stdout.readline().split()[0]
        port = url.rstrip("/").rpartition(":")[2]
        home = httpx.get(url)
        headers: Mapping[str, str] = {"Host": f"replay.localhost:{port}"}
        page = httpx.get(f"{url}20260501060000/https://news.example/", headers=headers)
        taken = run(folder, "--port", port)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=30)
    assert "https://news.example/" in home.text
    assert page.text == "<p>Front page"
    assert process.returncode == 130
    assert "Traceback" not in errors
    assert taken.returncode == 1
    assert "in use" in taken.stderr


def test_without_an_archive(tmp_path: Path) -> None:
    assert run(tmp_path).returncode == 10
    Archive(tmp_path / "archive").close()
    empty = run(tmp_path)
    assert empty.returncode == 10
    assert "empty" in empty.stderr


def test_bad_options(folder: Path) -> None:
    assert run(folder, "--port", "many").returncode == 4
    assert run(folder, "--host", "192.0.2.1", "--port", "0").returncode == 1
    assert run(folder, "--nonsense").returncode == 2
