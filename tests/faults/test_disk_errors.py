"""Disks that fill up or fail, at single calls: nothing kept is lost, and the crawl says why."""

from __future__ import annotations

import errno
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from support.faults_crawls import TriedArchive, Zygote
from support.faults_errors import BROKEN, FULL, after, failing_crawls
from support.faults_site import FreshSite

TRIALS = 10  # of each kind; `benchmarks/faults.py --calls` tries every call


@pytest.fixture(scope="module")
def site() -> Iterator[FreshSite]:
    with FreshSite(fresh=8, large_every=16) as serving:
        yield serving


@pytest.fixture(scope="module")
def archive(
    tmp_path_factory: pytest.TempPathFactory, zygote: Zygote, site: FreshSite
) -> TriedArchive:
    """One that was crawled, and whose feed has a large page next."""
    made = TriedArchive.make(tmp_path_factory.mktemp("disk") / "archive", zygote, site)
    assert made.crawl() == 0, made.output
    return made


@pytest.mark.parametrize(
    ("code", "lasting"),
    [(errno.ENOSPC, True), (errno.ENOSPC, False), (errno.EIO, False)],
    ids=["full", "full-for-a-moment", "broken"],
)
def test_a_call_that_fails(archive: TriedArchive, tmp_path: Path, code: int, lasting: bool) -> None:
    probe = archive.copy(tmp_path / "probe")
    assert probe.crawl() == 0
    count = len(probe.calls())
    step = count / TRIALS
    chance = random.Random(code)
    places = [1 + int(step * (number + chance.random())) for number in range(TRIALS)]
    met = 0
    for outcome in failing_crawls(archive, tmp_path, [(at, code, lasting) for at in places]):
        assert outcome.wrong == [], outcome
        met += outcome.call is not None
    assert met > TRIALS // 2


@pytest.mark.parametrize("pages", [0, 4])
def test_a_catalogue_that_has_no_room(
    archive: TriedArchive,
    site: FreshSite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    pages: int,
) -> None:
    """SQLite's own limit; what is in WARCs by then is catalogued by the next crawl."""
    monkeypatch.setattr(site, "fresh", 80)
    trial = archive.copy(tmp_path / "trial")
    code = trial.crawl(catalogue_pages=pages)
    assert code == FULL, trial.output
    assert "database or disk is full" in trial.output
    assert after(trial) == []


@pytest.mark.parametrize("limit", [60_000, 120_000])
def test_files_that_may_not_grow(
    archive: TriedArchive,
    site: FreshSite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    limit: int,
) -> None:
    """The system's own limit on the size of files, met by WARCs and by SQLite's log."""
    monkeypatch.setattr(site, "fresh", 80)
    trial = archive.copy(tmp_path / "trial")
    code = trial.crawl(file_size=limit)
    assert code == BROKEN, trial.output
    assert "File too large" in trial.output or "disk I/O error" in trial.output
    assert after(trial) == []


@pytest.mark.parametrize("room", [8_192, 131_072])
def test_a_disk_that_is_full(
    archive: TriedArchive,
    site: FreshSite,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    room: int,
) -> None:
    """A real file system with so many bytes of room, for WARCs and catalogue alike."""
    monkeypatch.setattr(site, "fresh", 80)
    trial = archive.copy(tmp_path / "trial")
    with small_disk(trial.folder / "archive", room) as grow:
        code = trial.crawl()
        assert code == FULL, trial.output
        assert "Free some space" in trial.output or "Make room" in trial.output
        grow()
        assert after(trial) == []
        assert trial.judged() == []


@contextmanager
def small_disk(folder: Path, room: int) -> Iterator[Callable[[], None]]:
    """Put the folder on a file system of its own; gives what makes that larger."""
    files = [path for path in folder.rglob("*") if path.is_file()]
    taken = sum(-(-path.stat().st_size // 4096) * 4096 for path in files)
    aside = folder.with_name("aside")
    folder.rename(aside)
    folder.mkdir()

    def mount(size: int, *options: str) -> None:
        how = ",".join((f"size={size}", *options))
        command = ["mount", "-t", "tmpfs", "-o", how, "tmpfs", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            pytest.skip(f"no file system can be mounted here: {done.stderr.strip()}")

    mount(taken + room)
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield lambda: mount(64 << 20, "remount")
    finally:
        subprocess.run(["umount", str(folder)], check=True)
