"""`archiver status` as a command: its keys, its exit code, its live view."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest
from support.workdir import add_seed, environment, run, working_folder

from archiver.cli.timetable import short, urgent_first
from archiver.daemon.standing import Place, Standing
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue

FEED = 'feeds = ["https://bbc.example/feed"]\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    working_folder(tmp_path, connect_to={})
    add_seed(tmp_path, "bbc", 'id = "bbc"\nname = "x"\nhomepage = "https://bbc.example/"\n' + FEED)
    (tmp_path / "archive").mkdir(exist_ok=True)
    with Catalogue.open(f"sqlite:///{tmp_path}/archive/catalogue.sqlite", create=True) as catalogue:
        catalogue.set_due({"bbc": utcnow() - timedelta(hours=3)})
    return tmp_path


def test_a_paused_archive_says_so_and_ends_with_5(folder: Path) -> None:
    reserve = ("--set", "daemon.disk_reserve=1000000GB")
    told = run(folder, "archiver", *reserve, "status")
    assert told.returncode == 5
    assert "paused" in told.stdout
    assert "bbc" in told.stdout
    as_json = run(folder, "archiver", *reserve, "status", "--json")
    assert as_json.returncode == 5
    assert json.loads(as_json.stdout)["disk"]["paused"] is True
    enough = run(folder, "archiver", "--set", "daemon.disk_reserve=1", "status", "--json")
    assert enough.returncode == 0
    said = json.loads(enough.stdout)
    assert said["disk"]["paused"] is False
    assert said["queue"]["due"] == 1
    assert {"outlets", "totals", "warc_files", "timetable", "daemon", "amiss"} <= set(said)


def test_the_last_backup_is_told(folder: Path) -> None:
    assert "last backup: none" in run(folder, "archiver", "status").stdout
    (folder / "there").mkdir()
    made = run(folder, "archiver", "backup", "--to", "there", "--json")
    assert made.returncode == 0, made.stderr
    said = json.loads(run(folder, "archiver", "status", "--json").stdout)
    assert said["backup"]["url"] == json.loads(made.stdout)["url"]
    assert said["backup"]["bytes"] == json.loads(made.stdout)["size"]
    assert said["fleet"] is None
    assert said["backup"]["url"] in run(folder, "archiver", "status").stdout


def test_a_live_view_wants_a_terminal(folder: Path) -> None:
    assert run(folder, "archiver", "status", "--watch").returncode == 2
    assert run(folder, "archiver", "status", "--watch", "--json").returncode == 2


def test_a_live_view_lasts_until_control_c(folder: Path) -> None:
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "archiver.cli.main", "status", "--watch"],
        cwd=folder,
        env=environment(TERM="xterm", COLUMNS="120", LINES="30"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        preexec_fn=lambda: os.login_tty(theirs),
    ) as process:
        os.close(theirs)
        seen = b""
        while b"Ctrl-C ends" not in seen:
            seen += os.read(ours, 10_000)
        os.write(ours, b"\x03")
        try:
            while os.read(ours, 10_000):
                pass
        except OSError:  # its end is gone
            pass
        assert process.wait(timeout=60) == 0
    os.close(ours)
    assert b"bbc" in seen
    assert b"3h" in seen


def test_what_wants_looking_at_comes_first() -> None:
    now = utcnow()

    def place(late: float = 0, freshness: str = "fresh", running: bool = False) -> Place:
        return Place(
            due=now,
            late=late,
            last_good=None,
            age=None,
            wanted=None,
            freshness="stale" if freshness == "stale" else "fresh",
            running=now if running else None,
        )

    places = {
        "calm": place(),
        "amiss": place(),
        "stale": place(freshness="stale"),
        "late": place(late=5),
        "busy": place(running=True),
    }
    standing = Standing(
        at=now,
        places=places,
        daemon=None,
        processes={},
        amiss={("amiss", "silent"): now},
        free=1,
        reserve=0,
    )
    order = [name for name, _ in urgent_first(standing)]
    assert order == ["busy", "late", "stale", "amiss", "calm"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (59.9, "59s"), (61, "1m 1s"), (3600, "1h 0m"), (200_000, "2d 7h")],
)
def test_durations_have_two_units(seconds: float, text: str) -> None:
    assert short(seconds) == text
