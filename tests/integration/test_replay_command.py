"""`archiver replay` as a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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


def run(
    folder: Path, *options: str, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *options],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env=env,
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
    short = {**os.environ, "ARCHIVER_REPLAY__TOKEN": "short"}
    refused = run(folder, "--port", "0", env=short)
    assert refused.returncode == 4
    assert "16 characters" in refused.stderr


@contextmanager
def running(folder: Path, *command: str, env: Mapping[str, str]) -> Iterator[tuple[str, list[str]]]:
    """The address that it prints, and what it had logged by its end."""
    logged: list[str] = []
    with subprocess.Popen(
        [*COMMAND[:-1], *command],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    ) as process:
        assert process.stdout
        try:
            yield process.stdout.readline().split()[0], logged
        finally:
            process.send_signal(signal.SIGINT)
            logged.append(process.communicate(timeout=30)[1])


@pytest.mark.parametrize("token", [None, "set-by-the-operator"])
def test_beyond_loopback_it_asks_for_a_token(folder: Path, token: str | None) -> None:
    env = {name: text for name, text in os.environ.items() if name != "ARCHIVER_REPLAY__TOKEN"}
    if token:
        env["ARCHIVER_REPLAY__TOKEN"] = token
    command = ("replay", "--host", "0.0.0.0", "--port", "0")
    with running(folder, *command, env=env) as (url, logged):
        origin, _, login = url.rstrip("/").partition("/login?token=")
        found = token or login
        assert len(found) > 16
        assert httpx.get(origin).status_code == 401
        said = {"Authorization": f"Bearer {found}"}
        assert httpx.get(origin, headers=said).status_code == 200
    assert bool(login) == (token is None)
    assert found not in logged[0]  # what is logged may be kept, and read by others
    assert "replay.archived_host" in logged[0]


def test_the_name_by_which_others_reach_it(folder: Path) -> None:
    command = ("--set", "replay.public_host=archive.example", "replay", "--port", "0")
    with running(folder, *command, env=os.environ) as (url, _):
        port = url.rstrip("/").rpartition(":")[2]
        assert url == f"http://archive.example:{port}/"
        named = {"Host": f"archive.example:{port}"}
        assert httpx.get(f"http://127.0.0.1:{port}/", headers=named).status_code == 200
