"""The demo's archive moves to PostgreSQL by the real command, goes on there, and comes back."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from support.postgres import Server
from support.workdir import run

from archiver.store.lock import outlet_lock

SAME = (
    ("status", "--json"),
    ("changes", "--json"),
    ("duplicates", "--json"),
    ("export", "--revisions"),
    ("check", "--json"),
)


def timeless(said: str) -> str:
    """Without what another moment changes: the time, ages, free disk."""
    return re.sub(r'"(at|age|free)": ("[^"]*"|[0-9.]+)', "", said)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The working folder that the demo leaves."""
    folder = tmp_path_factory.mktemp("demo") / "demo"
    done = run(folder.parent, "archiver", "demo", "--no-serve", "--dir", "demo")
    assert done.returncode == 0, done.stderr
    return folder


def test_an_archive_moves_there_and_back(demo: Path, postgres: Server) -> None:
    here, there = "sqlite:///archive/catalogue.sqlite", postgres.new_database()
    moved = run(demo, "archiver", "catalogue", "copy", here, there, "--json")
    assert moved.returncode == 0, moved.stderr
    told = json.loads(moved.stdout)
    assert told["equal"]
    assert told["rows"][0] == told["rows"][1] > 500
    counts = {one["table"]: one["rows"] for one in told["tables"]}
    assert counts["article"][0] > 40
    assert counts["capture"][0] > 60
    on_postgres = {"ARCHIVER_ARCHIVE__CATALOGUE_URL": there}
    for command in SAME:
        before = run(demo, "archiver", *command)
        after = run(demo, "archiver", *command, **on_postgres)
        assert before.returncode == after.returncode == 0, after.stderr
        assert timeless(before.stdout) == timeless(after.stdout), command
    again = run(demo, "archiver", "catalogue", "copy", here, there)
    assert again.returncode == 1
    assert "has an archive's catalogue already" in again.stderr
    back = run(demo, "archiver", "catalogue", "copy", there, "sqlite:///back.sqlite", **on_postgres)
    assert back.returncode == 0, back.stderr
    assert "equal" in back.stdout
    compared = run(demo, "archiver", "catalogue", "compare", here, "sqlite:///back.sqlite")
    assert compared.returncode == 0, compared.stderr
    written = run(demo, "archiver", "redact", "https://a.example/", "--reason", "x", **on_postgres)
    assert written.returncode == 0, written.stderr
    compared = run(demo, "archiver", "catalogue", "compare", here, there)
    assert compared.returncode == 1
    assert "differs" in compared.stdout


def test_an_archive_at_work_is_not_copied(demo: Path, postgres: Server) -> None:
    there = postgres.new_database()
    with outlet_lock(demo / "archive" / "locks", "lantern"):
        done = run(
            demo, "archiver", "catalogue", "copy", "sqlite:///archive/catalogue.sqlite", there
        )
    assert done.returncode == 11
    assert "lantern" in done.stderr
