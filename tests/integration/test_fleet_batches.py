"""A batch is done by the workers of a fleet, whatever is killed, and a status tells of both."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from support.batches import PAGE, SAID
from support.fleets import Fleet, Machine, eventually, fleet
from support.postgres import Server, postgres
from support.shelf import fill
from support.workdir import run

from archiver.store.catalogue import Catalogue

__all__ = ["postgres"]

pytest.importorskip("procrastinate", reason="the extra fleet is not installed")
FILES, PAGES = 4, 3


@pytest.fixture
def machines(tmp_path: Path, postgres: Server) -> Iterator[Fleet]:
    """Two machines, of which the first has the files of the archive, and the store too."""
    database = postgres.new_database()
    with fleet(tmp_path, database, outlets=0) as made:
        warcs = made.machines[0].folder / "archive" / "warc"
        with Catalogue.open(database, create=True) as catalogue:
            fill(warcs, catalogue, files=FILES, pages=PAGES, body=PAGE, metadata=SAID)
        shipped = run(made.machines[0].folder, "archiver", "ship")
        assert shipped.returncode == 0, shipped.stderr
        yield made


def status(machine: Machine) -> dict[str, Any]:
    done = run(machine.folder, "archiver", "status", "--json")
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def states(made: Fleet) -> dict[str, int]:
    with Catalogue.open(made.database) as catalogue:
        batch = catalogue.batch(1)
    return dict(batch.states) if batch else {}


def test_a_worker_dies_and_the_batch_is_done_all_the_same(machines: Fleet) -> None:
    one, other = machines.machines
    one.command = other.command = ("worker", "--jobs", "1", "--queues", "batch")
    assert status(one)["fleet"] is None
    begun = run(other.folder, "archiver", "extract", "--fleet")
    assert begun.returncode == 0, begun.stderr
    assert "no worker is up" in begun.stderr
    told = status(other)["fleet"]
    [batch] = told["queue"]
    assert (batch["kind"], batch["waiting"], told["alive"]) == ("batch", FILES, 0)
    assert told["batches"][0]["states"] == {"waiting": FILES}
    with psycopg.connect(machines.database) as conn:
        conn.execute("LOCK TABLE article IN EXCLUSIVE MODE")  # so that it comes to no end
        one.start()
        eventually(lambda: states(machines).get("running"))
        [worker] = status(other)["fleet"]["workers"]
        assert one.process
        assert (worker["process"], worker["jobs"]) == (one.process.pid, 1)
        one.kill()
        eventually(lambda: status(other)["fleet"]["stalled"])
    other.start()
    done = run(other.folder, "archiver", "extract", "--fleet", "--wait")
    assert done.returncode == 0, done.stderr + other.log.read_text("utf-8", "replace")
    assert "batch 1 goes on" in done.stderr
    assert states(machines) == {"done": FILES}
    with Catalogue.open(machines.database) as catalogue:
        assert catalogue.status()["totals"]["articles"] == FILES * PAGES
        attempts = [job.attempts for job in catalogue.batch_jobs(1)]
    assert max(attempts) == 2
    assert machines.doubled() == []
    printed = run(other.folder, "archiver", "status")
    assert "fleet: 1 of " in printed.stdout
    assert other.end() == 0
