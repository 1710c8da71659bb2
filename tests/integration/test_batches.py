"""Batches from the command line: gone on with after a kill, failures listed, exit codes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from support.batches import archive_of
from support.daemons import eventually
from support.workdir import environment, run

from archiver.store.catalogue import Catalogue


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    archive_of(tmp_path)
    return tmp_path


def said(folder: Path, *arguments: str, code: int = 0) -> dict[str, Any]:
    done = run(folder, "archiver", *arguments, "--json")
    assert done.returncode == code, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def jobs(folder: Path, batch: int) -> dict[str, dict[str, Any]]:
    done = run(folder, "archiver", "batches", str(batch), "--json")
    assert done.returncode == 0, done.stderr
    lines = map(json.loads, done.stdout.splitlines())
    return {line["file"]: line for line in lines}


def here(folder: Path) -> Mapping[str, int]:
    with Catalogue.open(f"sqlite:///{folder}/archive/catalogue.sqlite") as catalogue:
        batch = catalogue.batch(1)
    return batch.states if batch else {}


def test_a_killed_command_is_gone_on_with(folder: Path) -> None:
    names = sorted(path.name for path in (folder / "archive" / "warc").glob("*.warc.gz"))
    last = folder / "last.warc.gz"
    os.mkfifo(last)
    command = ("check", "--batch", "--jobs", "1", *names, str(last))
    child = subprocess.Popen(
        [sys.executable, "-m", "archiver.cli.main", *command],
        cwd=folder,
        env=environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    eventually(lambda: here(folder) == {"done": 3, "running": 1})  # which waits for a writer
    child.kill()
    child.wait()
    left = jobs(folder, 1)
    assert {left[name]["state"] for name in names} == {"done"}
    assert left[str(last)]["state"] == "running"
    last.unlink()
    last.write_bytes((folder / "archive" / "warc" / names[0]).read_bytes())
    found = said(folder, *command)
    assert found["batch"] == 1
    assert found["states"] == {"done": 4}
    after = jobs(folder, 1)
    assert [after[name]["attempts"] for name in names] == [1, 1, 1]
    assert after[str(last)]["attempts"] == 2


def test_failures_are_listed_and_tried_again(folder: Path) -> None:
    warcs = folder / "archive" / "warc"
    gone = min(warcs.glob("*.warc.gz"))
    gone.rename(folder / "aside")
    done = run(folder, "archiver", "extract", "--batch")
    assert done.returncode == 3, done.stderr
    assert f"{gone.name}: failed: {gone}" in done.stdout
    assert "2 done, 1 failed" in done.stdout
    assert gone.name in run(folder, "archiver", "batches", "1").stdout
    (folder / "aside").rename(gone)
    again = run(folder, "archiver", "extract", "--batch")
    assert again.returncode == 0, again.stderr
    assert "batch 1 goes on: 1 of 3 to do" in again.stderr
    assert "3 done" in run(folder, "archiver", "batches").stdout


def test_damage_is_no_failure_and_is_said_by_the_exit_code(folder: Path) -> None:
    path = min((folder / "archive" / "warc").glob("*.warc.gz"))
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    for command, code in (("check", 1), ("reindex", 1), ("extract", 3)):
        found = said(folder, command, "--batch", code=code)
        assert (found["states"], found["faulty"]) == ({"done": 3}, 1)
        [amiss] = found["amiss"]
        assert amiss["file"] == path.name
        assert amiss["faults"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("extract", "--outlet", "x"), "is for a batch"),
        (("extract", "--to", "x"), "are for a batch"),
        (("extract", "--json", "x.html"), "are for a batch"),
        (("check", "--from", "file:///x"), "is for a batch"),
        (("extract", "--batch", "--from", "file:///x"), "need --to"),
        (("extract", "--batch", "--to", "x", "a.warc.gz", "--since", "1d"), "exclude each other"),
        (("check", "--batch", "--read-data", "5"), "reads all or none"),
        (("batches", "9"), "no such batch"),
    ],
)
def test_what_does_not_go_together_is_said(
    folder: Path, arguments: tuple[str, ...], words: str
) -> None:
    done = run(folder, "archiver", *arguments)
    assert done.returncode == 2
    assert words in done.stderr


def test_a_fleet_needs_postgresql(folder: Path) -> None:
    done = run(folder, "archiver", "check", "--fleet")
    assert done.returncode == 4
    assert "PostgreSQL" in done.stderr
    assert run(folder, "archiver", "batches").stdout.splitlines()[1:] == []
