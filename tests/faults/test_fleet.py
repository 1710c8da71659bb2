"""A fleet through faults: no outlet is crawled twice at once, no page is lost, and work goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from support.fleets import FAULTS, Fleet, eventually, fleet, pull_cable
from support.postgres import Server, own_server

pytest.importorskip("procrastinate", reason="the extra fleet is not installed")


_TOLD = {"kill-crawl", "kill-worker", "stop-worker"}


@pytest.fixture
def server() -> Iterator[Server]:
    with own_server() as running:
        yield running


def all_is_well(fleet: Fleet) -> None:
    assert fleet.target.overlaps() == []
    assert fleet.doubled() == []
    assert fleet.missing() == set()


def test_two_machines_share_the_work_and_end_when_told(tmp_path: Path, server: Server) -> None:
    with fleet(tmp_path, server.new_database()) as made:
        made.target.publish(20)
        for machine in made.machines:
            machine.start()
        eventually(lambda: all(machine.said("daemon-begun") for machine in made.machines))
        eventually(lambda: not made.missing())
        made.target.publish(5)
        eventually(lambda: not made.missing())
        assert [machine.end() for machine in made.machines] == [0, 0]
        all_is_well(made)
        assert made.target.twice() == {}
        assert set(made.captured().values()) == {1}
        runs = [line for machine in made.machines for line in machine.said("run")]
        assert {line["state"] for line in runs} <= {"done", "interrupted"}
        assert made.rows(
            "SELECT count(*) FROM procrastinate.procrastinate_jobs WHERE status = 'doing'"
        ) == [(0,)]
        waiting = made.rows(
            "SELECT name FROM warc_file WHERE closed IS NOT NULL AND size > 0 AND copied IS NULL"
        )
        assert waiting == []  # all was shipped before the machines went


@pytest.mark.parametrize("name", FAULTS)
def test_a_fleet_outlives(name: str, tmp_path: Path, server: Server) -> None:
    with fleet(tmp_path, server.new_database(), wired=True, pause=0.1) as made:
        made.target.publish(40)
        for machine in made.machines:
            machine.start()
        FAULTS[name](made, server)
        eventually(lambda: not made.missing(), within=180.0)
        made.target.publish(3)  # and goes on
        eventually(lambda: not made.missing(), within=180.0)
        assert [machine.end() for machine in made.machines] == [0, 0]
        all_is_well(made)
        if name in _TOLD:  # whoever is cut off cannot tell what it has
            assert set(made.captured().values()) == {1}


def test_a_fleet_of_hosts_outlives_that_one_loses_the_network(
    tmp_path: Path, server: Server
) -> None:
    with ExitStack() as stack:
        try:
            made = stack.enter_context(
                fleet(tmp_path, server.new_database(), hosts=True, pause=0.1)
            )
        except (OSError, subprocess.CalledProcessError) as error:
            pytest.skip(f"no network namespaces here: {error}")
        made.target.publish(40)
        for machine in made.machines:
            machine.start()
        pull_cable(made, server)
        eventually(lambda: not made.missing(), within=180.0)
        made.target.publish(3)
        eventually(lambda: not made.missing(), within=180.0)
        assert [machine.end() for machine in made.machines] == [0, 0]
        all_is_well(made)
