"""Who only looks at a fleet sees its workers, its queue and what is stalled, and makes nothing."""

from __future__ import annotations

import os
import socket

import psycopg
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from archiver.errors import CatalogueError
from archiver.fleet.looking import FleetMetrics, FleetSeen, KindSeen, look
from archiver.fleet.queue import Job, Queue


async def test_where_there_is_no_fleet_nothing_is_made(database: str) -> None:
    assert look(database) is None
    with psycopg.connect(database) as conn:
        found = conn.execute("SELECT to_regnamespace('procrastinate')").fetchone()
    assert found == (None,)


async def test_workers_and_jobs_are_seen(database: str) -> None:
    async with Queue.open(database) as queue:
        await queue.defer([Job(kind="batch", key=f"b-{n}") for n in range(3)])
        me, other = await queue.register(), await queue.register()
        await queue.take(me, ["batch"])
        seen = look(database)
        assert seen is not None
        assert [(one.number, one.jobs) for one in seen.workers] == [(me, 1), (other, 0)]
        assert {(one.host, one.process) for one in seen.workers} == {
            (socket.gethostname(), os.getpid())
        }
        [kind] = seen.kinds
        assert (kind.kind, kind.waiting, kind.running) == ("batch", 2, 1)
        assert kind.oldest >= 0
        assert (seen.alive, list(seen.stalled)) == (2, [])
        with psycopg.connect(database) as conn:
            conn.execute(
                "UPDATE procrastinate.procrastinate_workers SET last_heartbeat = now() - interval"
                " '1 hour' WHERE id = %s",
                (me,),
            )
        seen = look(database)
        assert seen is not None
        assert (seen.alive, list(seen.stalled)) == (1, ["b-0"])
        await queue.leave(me)
        seen = look(database)
        assert seen is not None
        assert [one.number for one in seen.workers] == [other]
        assert list(seen.stalled) == ["b-0"]
        assert seen.to_json()["stalled_count"] == 1


def test_a_database_that_is_not_there_is_said() -> None:
    with pytest.raises(CatalogueError, match="does not answer"):
        look("postgresql://nobody@127.0.0.1:1/nothing")


def test_the_fleet_is_told_to_prometheus_and_a_database_away_is_no_fault() -> None:
    looks: list[FleetSeen | CatalogueError | None] = [
        CatalogueError("away"),
        FleetSeen(
            workers=[],
            kinds=[KindSeen(kind="batch", waiting=7, running=2, oldest=61.5)],
            stalled=["x"],
        ),
    ]

    def answer() -> FleetSeen | None:
        found = looks.pop(0)
        if isinstance(found, CatalogueError):
            raise found
        return found

    texts = []
    for _ in range(2):
        registry = CollectorRegistry()
        registry.register(FleetMetrics(answer))
        texts.append(generate_latest(registry).decode())
    assert texts[0] == ""
    assert 'archiver_fleet_jobs{kind="batch",state="waiting"} 7.0' in texts[1]
    assert 'archiver_fleet_oldest_seconds{kind="batch"} 61.5' in texts[1]
    assert "archiver_fleet_stalled 1.0" in texts[1]
    assert "archiver_fleet_workers 0.0" in texts[1]
