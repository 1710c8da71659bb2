"""How many jobs a machine has room for, and what it needs to be part of a fleet."""

from __future__ import annotations

from pathlib import Path

from support.workdir import run, working_folder

from archiver.config.load import load
from archiver.fleet.serving import places


def test_places_are_by_cores_and_by_free_memory(tmp_path: Path) -> None:
    folder = working_folder(tmp_path, connect_to={})
    loaded = load(start=folder, explicit=None, env={}, flags={"extract.workers": "2"})
    assert places(loaded, cores=8, free=10**12) == 32
    assert places(loaded, cores=8, free=5 * 10**9) == 8  # 4 GB, of which a crawl takes 0.5
    assert places(loaded, cores=1, free=0) == 1
    assert places(loaded) >= 1


def test_a_fleet_needs_a_catalogue_in_postgresql(tmp_path: Path) -> None:
    folder = working_folder(tmp_path, connect_to={})
    for command in (["worker"], ["daemon", "--fleet"]):
        done = run(folder, "archiver", *command)
        assert done.returncode == 4
        assert "postgresql+psycopg://" in done.stderr


def test_there_are_two_queues(tmp_path: Path) -> None:
    folder = working_folder(tmp_path, connect_to={})
    url = "archive.catalogue_url=postgresql+psycopg://u@localhost/x"
    done = run(folder, "archiver", "--set", url, "worker", "--queues", "crawl,other")
    assert done.returncode == 2
    assert "--queues other" in done.stderr
