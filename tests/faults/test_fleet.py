"""A fleet through faults: no outlet is crawled twice at once, no page is lost, and work goes on."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest
from support.fleets import FAULTS, Fleet, Wire, eventually, fleet, pull_cable
from support.postgres import Server, own_server
from support.radosgw import s3_real
from support.s3_place import S3Place
from support.workdir import run

__all__ = ["s3_real"]

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


STORE = """
url = "s3://{bucket}/news"
endpoint = "https://127.0.0.1:{port}"
region = "{region}"
ca_file = "{ca_file}"
addressing = "path"
retries = 0
timeout = "2s"
keep_local = 0
"""


def test_a_store_that_was_away_has_all_in_the_end_and_any_machine_reads_it(
    tmp_path: Path, server: Server, s3_real: S3Place
) -> None:
    wire = Wire(int(s3_real.endpoint.rpartition(":")[2]))
    store = STORE.format(
        bucket=s3_real.new_bucket(),
        port=wire.port,
        region=s3_real.region,
        ca_file=s3_real.ca_file,
    )
    secrets = s3_real.environment()
    del secrets["AWS_ENDPOINT_URL_S3"]
    with (
        closing(wire),
        fleet(tmp_path, server.new_database(), machines=3, store=store, secrets=secrets) as made,
    ):
        *working, looking = made.machines
        wire.cut()
        made.target.publish(10)
        for machine in working:
            machine.start()
        eventually(lambda: not made.missing())
        eventually(lambda: any(machine.said("job-failed") for machine in working))
        # what is not shipped stands on its machine
        done = run(looking.folder, "archiver", "check", **secrets)
        assert done.returncode == 0, done.stderr
        assert "until it ships them" in done.stderr
        wire.mend()
        assert [machine.end() for machine in working] == [0, 0]
        all_is_well(made)
        here = [path for machine in working for path in machine.folder.rglob("*.warc.gz")]
        assert here == []
        done = run(looking.folder, "archiver", "check", "--read-data", **secrets)
        assert done.returncode == 0, done.stdout + done.stderr
        export = ("export", "--format", "warc", "-o", "out/")
        done = run(looking.folder, "archiver", *export, **secrets)
        assert done.returncode == 0, done.stdout + done.stderr
