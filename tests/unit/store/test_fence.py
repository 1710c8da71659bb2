"""Two crawls of one outlet are kept apart on many machines, whatever becomes of one of them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psycopg
import pytest

from archiver.errors import CatalogueError, LockedError
from archiver.store import fence as fence_module
from archiver.store.alarm import Alarm
from archiver.store.fence import Alarms, Fence, lock_key, outlet_fence

NOBODY = Alarms(
    ask=Alarm(None), kill=Alarm(None)
)  # which end nothing: these tests hold fences in their own process
ROOT = Path(__file__).parents[3]
HOLDER = """
import sys, time
from archiver.store.alarm import Alarm
from archiver.store.fence import Alarms, outlet_fence
none = Alarms(ask=Alarm(None), kill=Alarm(None))
alarms = None if sys.argv[3] == "killed" else none
with outlet_fence(sys.argv[1], "sky", lease=float(sys.argv[2]), alarms=alarms):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(database: str, lease: float, how: str) -> Iterator[subprocess.Popen[str]]:
    """A process that holds the fence of "sky" until its input ends."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, database, str(lease), how],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    try:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def held_by(database: str) -> list[str]:
    with psycopg.connect(database) as conn:
        return [row[0] for row in conn.execute("SELECT holder FROM lease")]


def cut(database: str) -> None:
    """End every other connection to a database."""
    with psycopg.connect(database, autocommit=True) as conn:
        conn.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


@pytest.fixture
def leases(shared: str) -> str:
    """A catalogue in PostgreSQL without leases."""
    with psycopg.connect(shared) as conn:
        conn.execute("DELETE FROM lease")
    return shared


def test_a_file_needs_no_fence(tmp_path: Path) -> None:
    with outlet_fence(f"sqlite:///{tmp_path}/catalogue.db", "sky", lease=1.0) as fence:
        assert fence is None


def test_an_outlet_has_one_holder_and_others_are_told_who(leases: str) -> None:
    with outlet_fence(leases, "sky", lease=30.0) as fence:
        assert fence is not None
        assert fence.held()
        with (
            pytest.raises(LockedError, match=f"process {os.getpid()}"),
            outlet_fence(leases, "sky", lease=30.0),
        ):
            pass
        with outlet_fence(leases, "bbc", lease=30.0) as other:
            assert other is not None
    assert held_by(leases) == []
    with outlet_fence(leases, "sky", lease=30.0) as again:  # at once, since it was given back
        assert again is not None


def test_a_database_that_is_not_there_is_said() -> None:
    with (
        pytest.raises(CatalogueError, match="cannot be locked"),
        outlet_fence("postgresql://nobody@127.0.0.1:1/nothing", "sky", lease=1.0),
    ):
        pass


def test_a_holder_whose_connection_drops_is_told_once_and_asks_no_more(leases: str) -> None:
    told = threading.Event()
    calls: list[int] = []

    def lost() -> None:
        calls.append(1)
        told.set()

    with outlet_fence(leases, "sky", lease=1.0, lost=lost, alarms=NOBODY) as fence:
        assert fence is not None
        cut(leases)
        assert told.wait(30.0)
        assert not fence.held()
    assert calls == [1]
    assert len(held_by(leases)) == 1  # not given back: it has to run out


def test_whoever_comes_after_a_dead_holder_waits_until_its_lease_is_over(leases: str) -> None:
    told = threading.Event()
    with ExitStack() as stack:
        old = stack.enter_context(
            outlet_fence(leases, "sky", lease=1.0, lost=told.set, alarms=NOBODY)
        )
        cut(leases)
        assert told.wait(30.0)
        # Were it not for the lease, this one would have the outlet now.
        with outlet_fence(leases, "sky", lease=1.0, alarms=NOBODY) as new:
            assert old is not None
            assert new is not None
            assert fence_module.boottime() >= old._renewed + old._lease
            assert held_by(leases) == [new.holder]


def test_a_clock_of_the_server_that_was_set_back_holds_nobody_up_for_long(leases: str) -> None:
    with psycopg.connect(leases) as conn:
        conn.execute("INSERT INTO lease VALUES ('sky', 'gone', 1 << 62, 200000)")
    with outlet_fence(leases, "sky", lease=1.0, alarms=NOBODY) as fence:
        assert fence is not None


def test_nothing_is_asked_for_half_a_lease_after_the_last_renewal(
    leases: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    armed: list[float] = []

    class Noted(Alarm):
        def arm(self, at: float) -> None:
            armed.append(at)

    monkeypatch.setattr(fence_module, "boottime", lambda: 1000.0)
    with psycopg.connect(leases, autocommit=True) as conn:
        noted = Alarms(ask=Noted(None), kill=Noted(None))
        fence = Fence(conn, "sky", lease=10.0, lost=lambda: None, alarms=noted)
        fence.begin()
        assert fence.held()
        monkeypatch.setattr(fence_module, "boottime", lambda: 1004.9)
        assert fence.held()
        monkeypatch.setattr(fence_module, "boottime", lambda: 1005.1)
        assert not fence.held()
        fence.end()
    assert armed[:2] == [1005.0, 1009.0]


def test_a_lease_that_somebody_took_is_lost(leases: str) -> None:
    told = threading.Event()
    with outlet_fence(leases, "sky", lease=1.0, lost=told.set, alarms=NOBODY):
        with psycopg.connect(leases) as conn:
            conn.execute("UPDATE lease SET holder = 'another'")
        assert told.wait(30.0)
    assert held_by(leases) == ["another"]


def test_the_kernel_kills_a_stopped_holder(leases: str) -> None:
    with holder(leases, 1.0, "killed") as process:
        process.send_signal(signal.SIGSTOP)
        assert process.wait(60.0) == -signal.SIGKILL


def test_the_server_gives_a_silent_holders_lock_away(leases: str) -> None:
    with holder(leases, 1.0, "left") as process:
        process.send_signal(signal.SIGSTOP)
        with psycopg.connect(leases, autocommit=True) as conn:  # waits until it is free
            conn.execute("SET statement_timeout = '60s'")
            conn.execute("SELECT pg_advisory_lock(%s)", (lock_key("sky"),))
        assert process.poll() is None


def test_a_killed_holders_outlet_can_be_had(leases: str) -> None:
    with holder(leases, 1.0, "killed") as process:
        process.kill()
        process.wait()
        while True:
            try:
                with outlet_fence(leases, "sky", lease=1.0) as fence:
                    assert fence is not None
                return
            except LockedError:  # the server has not noticed yet
                continue


def test_a_holder_that_is_well_is_left_alone(leases: str) -> None:
    with holder(leases, 1.0, "killed") as process:
        with psycopg.connect(leases, autocommit=True) as conn:
            first = conn.execute("SELECT until FROM lease").fetchone()
            assert first
            while True:  # renewed until well after the first lease was over
                row = conn.execute("SELECT until FROM lease").fetchone()
                assert row
                if row[0] > first[0] + 1_500_000:
                    break
        _, _ = process.communicate()
        assert process.returncode == 0
    assert held_by(leases) == []
