"""A file is done once, whatever is killed and begun again; a bad one costs itself alone."""

from __future__ import annotations

import gzip
import json
import multiprocessing
import os
import select
import signal
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from support.batches import archive_of, articles
from support.daemons import eventually

import archiver
from archiver.batch.extracting import part_of
from archiver.batch.jobs import MOST_DEATHS, run_job
from archiver.batch.local import run_here
from archiver.batch.processes import JobProcesses
from archiver.batch.workshop import Workshop
from archiver.config.load import Loaded
from archiver.errors import ArchiverError, CatalogueError, LockedError
from archiver.store.catalogue import Catalogue
from archiver.store.lock import outlet_lock

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LONG = 120.0  # seconds; a guard against hanging, never a measure


@pytest.fixture
def shelf(tmp_path: Path) -> tuple[Loaded, list[str]]:
    return archive_of(tmp_path)


@pytest.fixture
def catalogue(shelf: tuple[Loaded, list[str]]) -> Iterator[Catalogue]:
    with Catalogue.open(shelf[0].catalogue_url) as opened:
        yield opened


def begin(catalogue: Catalogue, kind: str, places: Sequence[str], **options: Any) -> int:
    number, _ = catalogue.begin_batch(
        kind, options, places, asked=f"{kind}{options}", fleet=False, at=NOW
    )
    return number


def test_a_batch_extracts_every_file_in_processes(
    shelf: tuple[Loaded, list[str]], catalogue: Catalogue
) -> None:
    loaded, names = shelf
    batch = begin(catalogue, "extract", names)
    assert run_here(loaded, catalogue, batch, processes=2) == {"done": 3}
    jobs = catalogue.batch_jobs(batch)
    assert [job.counts for job in jobs] == [{"new": 2}] * 3
    assert len({job.worker for job in jobs}) in {1, 2}
    assert run_here(loaded, catalogue, batch) == {}  # nothing waits
    before = articles(catalogue)
    again = begin(catalogue, "extract", names)
    assert again != batch
    assert run_here(loaded, catalogue, again, processes=2) == {"done": 3}
    assert articles(catalogue) == before


def test_a_bad_file_costs_itself_and_is_tried_again_by_the_same(
    shelf: tuple[Loaded, list[str]], catalogue: Catalogue
) -> None:
    loaded, names = shelf
    aside = loaded.archive_folder / "aside"
    (loaded.warc_folder / names[1]).rename(aside)
    batch = begin(catalogue, "extract", names)
    assert run_here(loaded, catalogue, batch) == {"done": 2, "failed": 1}
    [failed] = catalogue.faulty_jobs(batch)
    assert failed.place == names[1]
    assert "is not here" in (failed.reason or "")
    aside.rename(loaded.warc_folder / names[1])
    assert begin(catalogue, "extract", names) == batch
    assert run_here(loaded, catalogue, batch) == {"done": 1}
    assert catalogue.faulty_jobs(batch) == []


def test_a_batch_that_is_at_work_is_not_begun_twice(
    shelf: tuple[Loaded, list[str]], catalogue: Catalogue
) -> None:
    batch = begin(catalogue, "check", shelf[1])
    locks = shelf[0].archive_folder / "locks"
    with outlet_lock(locks, f"batch-{batch}"), pytest.raises(LockedError):
        run_here(shelf[0], catalogue, batch)


def do_until_the_mark(loaded: Loaded, batch: int) -> None:
    """Do a job's work, and be killed before it is marked as done."""
    with Workshop(loaded) as workshop:
        workshop.catalogue.end_job = lambda *_, **__: os.kill(os.getpid(), signal.SIGKILL)  # type: ignore[method-assign]
        run_job(workshop, batch, 1)


@pytest.mark.parametrize("kind", ["extract", "reindex", "check", "part"])
def test_a_worker_that_is_killed_before_its_mark_has_changed_nothing_for_the_next(
    shelf: tuple[Loaded, list[str]], catalogue: Catalogue, kind: str, tmp_path: Path
) -> None:
    loaded, names = shelf
    store = {"to": f"file://{tmp_path}/parts"} if kind == "part" else {}
    batch = begin(catalogue, "extract" if store else kind, names[:1], **store)
    context = multiprocessing.get_context("forkserver")
    process = context.Process(target=do_until_the_mark, args=(loaded, batch))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    [left] = catalogue.batch_jobs(batch)
    assert (left.state, left.attempts) == ("running", 1)
    once = articles(catalogue)
    parts = {path: path.read_bytes() for path in tmp_path.glob("parts/**/*.gz")}
    assert bool(parts) == (kind == "part")
    assert run_here(loaded, catalogue, batch) == {"done": 1}
    assert articles(catalogue) == once
    assert {path: path.read_bytes() for path in tmp_path.glob("parts/**/*.gz")} == parts
    [done] = catalogue.batch_jobs(batch)
    assert (done.state, done.attempts, done.faults) == ("done", 2, ())


def kill(process: int) -> None:
    """Kill a process, and wait until it is dead."""
    handle = os.pidfd_open(process)
    try:
        signal.pidfd_send_signal(handle, signal.SIGKILL)
        select.select([handle], [], [])
    finally:
        os.close(handle)


def test_a_job_that_ends_its_processes_is_given_up(
    shelf: tuple[Loaded, list[str]], catalogue: Catalogue, tmp_path: Path
) -> None:
    fifo = tmp_path / "a.warc.gz"
    os.mkfifo(fifo)
    batch = begin(catalogue, "check", [str(fifo), shelf[1][0]])
    with JobProcesses(shelf[0], processes=1) as processes:
        states: list[str] = []
        thread = threading.Thread(target=lambda: states.append(processes.run(batch, 1)))
        thread.start()
        for attempt in range(1, MOST_DEATHS + 1):  # each waits for who writes into the pipe
            eventually(lambda: catalogue.batch_jobs(batch)[0].attempts == attempt)  # noqa: B023
            job = catalogue.batch_jobs(batch)[0]
            kill(int((job.worker or "").partition("/")[2]))
        thread.join(LONG)
        assert states == ["failed"]
        assert processes.run(batch, 2) == "done"
    failed, done = catalogue.batch_jobs(batch)
    assert "processes ended" in (failed.reason or "")
    assert done.counts == {"read": 1, "records": 7, "lost": 0}


def test_a_batch_that_is_closed_waits_for_the_next_run(
    shelf: tuple[Loaded, list[str]], catalogue: Catalogue
) -> None:
    batch = begin(catalogue, "check", shelf[1])
    with JobProcesses(shelf[0], processes=1) as processes:
        pass
    assert processes.run(batch, 1) == "waiting"
    assert catalogue.batch_jobs(batch)[0].attempts == 0


def test_processes_that_cannot_be_begun_are_said(
    shelf: tuple[Loaded, list[str]],
    catalogue: Catalogue,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """And not tried for ever, as where somebody removes the folder that all stands in."""
    batch = begin(catalogue, "check", shelf[1])
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    with (
        JobProcesses(shelf[0], processes=1) as processes,
        pytest.raises(ArchiverError, match="no process"),
    ):
        processes.run(batch, 1)
    assert catalogue.batch_jobs(batch)[0].attempts == 0


def test_a_batch_that_is_not_there_is_said(shelf: tuple[Loaded, list[str]]) -> None:
    with JobProcesses(shelf[0], processes=1) as processes, pytest.raises(CatalogueError):
        processes.run(99, 1)


def test_faults_are_found_and_the_job_is_done(
    shelf: tuple[Loaded, list[str]], catalogue: Catalogue
) -> None:
    loaded, names = shelf
    path = loaded.warc_folder / names[0]
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)
    for kind, word in (("check", "damaged"), ("extract", "damaged"), ("reindex", "damaged")):
        batch = begin(catalogue, kind, names)
        assert run_here(loaded, catalogue, batch) == {"done": 3}
        [faulty] = catalogue.faulty_jobs(batch)
        assert (faulty.place, faulty.state) == (names[0], "done")
        assert any(word in fault for fault in faulty.faults)


def test_files_of_anywhere_become_parts(
    shelf: tuple[Loaded, list[str]], catalogue: Catalogue, tmp_path: Path
) -> None:
    loaded, names = shelf
    foreign = tmp_path / "CC NEWS.warc.gz"
    foreign.write_bytes((loaded.warc_folder / names[0]).read_bytes())
    to = f"file://{tmp_path}/parts"
    places = [names[0], str(foreign), foreign.as_uri().replace("%20", " ")]
    batch = begin(catalogue, "extract", places, to=to)
    assert run_here(loaded, catalogue, batch)["done"] >= 2
    own, other = (tmp_path / "parts" / part_of(place) for place in places[:2])
    assert own.parent.name == archiver.__version__
    texts = [
        [json.loads(line)["title"] for line in gzip.decompress(path.read_bytes()).splitlines()]
        for path in (own, other)
    ]
    assert texts == [["Rain in the north"] * 2] * 2
    assert own.name == names[0].removesuffix(".warc.gz") + ".articles.jsonl.gz"


def test_an_archive_is_indexed_from_nothing(
    shelf: tuple[Loaded, list[str]], catalogue: Catalogue
) -> None:
    loaded, names = shelf
    catalogue.close()
    (loaded.archive_folder / "catalogue.sqlite").unlink()
    with Catalogue.open(loaded.catalogue_url, create=True) as fresh:
        batch = begin(fresh, "reindex", names, extract=True)
        assert run_here(loaded, fresh, batch, processes=2) == {"done": 3}
        [first, *_] = fresh.batch_jobs(batch)
        assert first.counts == {
            "files_added": 1,
            "captures_added": 2,
            "discoveries_added": 0,
            "new": 2,
        }
        # In the order in which two processes added them.
        assert sorted(fresh.chosen_files(["sky-news"])) == sorted(names)
