"""Work on many places side by side: in order, as it comes, and never waited for in vain."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.errors import ArchiverError, WarcError
from archiver.fetch import parallel
from archiver.fetch.parallel import Streams, side_by_side

_LARGE = 3 * 1024 * 1024  # bytes: more than pipes and memory hold


@pytest.fixture(autouse=True)
def _two_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 2)


def counted(place: int) -> Iterator[str]:
    for number in range(place):
        yield f"{place}.{number}"


def handed_over(place: tuple[Path, Path]) -> Iterator[str]:
    """Give something, and go on only when somebody has seen it: by a named pipe."""
    gate, _ = place
    yield "begun"
    yield gate.read_text("utf-8")


def knocking(place: Path) -> Iterator[int]:
    """Say by a named pipe that this place is being worked on."""
    place.write_bytes(b"x")
    yield 1


def failing(place: int) -> Iterator[int]:
    yield place
    if place == 1:
        raise WarcError("cannot be read", thing=str(place))
    yield -place


def dying(place: int) -> Iterator[int]:
    yield place
    if place == 2:
        os.kill(os.getpid(), signal.SIGKILL)
    yield -place


def large(place: int) -> Iterator[bytes]:
    for _ in range(3):
        yield bytes([place]) * _LARGE


def process(place: int) -> int:
    return os.getpid()


def tried(place: int) -> ArchiverError:
    return WarcError("no file", thing=str(place))


def square(place: int) -> int:
    if place == 3:
        raise ValueError(place)
    return place * place


@pytest.fixture(params=[False, True], ids=["served", "forked"])
def forked(request: pytest.FixtureRequest) -> bool:
    """Processes of either kind; that pytest has threads does not matter to those forked here."""
    return bool(request.param)


pytestmark = pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")


def test_places_keep_their_order(forked: bool) -> None:
    places = [3, 0, 1, 5, 0, 2, 4]
    with Streams(counted, places, module=__name__, forked=forked) as streams:
        found = [list(pieces) for pieces in streams]
    assert found == [list(counted(place)) for place in places]


def test_what_comes_is_given_before_its_place_is_done(tmp_path: Path, forked: bool) -> None:
    gates = [(tmp_path / f"gate-{number}", tmp_path) for number in range(2)]
    for gate, _ in gates:
        os.mkfifo(gate)
    with Streams(handed_over, gates, module=__name__, forked=forked) as streams:
        for (gate, _), pieces in zip(gates, streams, strict=True):
            assert next(pieces) == "begun"
            gate.write_text("seen", "utf-8")
            assert list(pieces) == ["seen"]


def test_processes_go_on_while_nobody_asks(tmp_path: Path, forked: bool) -> None:
    gates = [tmp_path / str(number) for number in range(4)]
    for gate in gates:
        os.mkfifo(gate)
    doors = [os.open(gate, os.O_RDWR) for gate in gates]
    try:
        with Streams(knocking, gates, module=__name__, forked=forked):
            for door in doors:
                assert select.select([door], [], [], 60)[0]
    finally:
        for door in doors:
            os.close(door)


def test_what_is_ahead_waits_on_disk() -> None:
    with Streams(large, [1, 2, 3], module=__name__) as streams:
        for number, pieces in enumerate(streams, 1):
            assert all(piece == bytes([number]) * _LARGE for piece in pieces)


def test_who_has_enough_of_a_place_goes_on_to_the_next() -> None:
    places = [9, 8, 7, 6, 5, 4, 3, 2, 1]
    with Streams(counted, places, module=__name__) as streams:
        assert [next(pieces) for pieces in streams] == [f"{place}.0" for place in places]


def test_an_error_is_that_of_its_place() -> None:
    found: list[object] = []
    with Streams(failing, [0, 1, 2], module=__name__) as streams:
        for pieces in streams:
            try:
                found += pieces
            except WarcError as error:
                found.append(str(error))
    assert found == [0, 0, 1, str(WarcError("cannot be read", thing="1")), 2, -2]


def test_a_process_that_ends_by_itself_is_told(forked: bool) -> None:
    with (
        Streams(dying, [1, 2, 3, 4], module=__name__, forked=forked) as streams,
        pytest.raises(ArchiverError, match="ended by itself"),
    ):
        list(map(list, streams))


def test_who_goes_away_leaves_no_process(forked: bool) -> None:
    with Streams(large, [1, 2, 3, 4], module=__name__, forked=forked) as streams:
        next(next(iter(streams)))
        (first, second) = [one.pid for one in streams._processes]
    for pid in (first, second):
        assert pid is not None
        with pytest.raises(ProcessLookupError):
            os.kill(pid, 0)


def test_processes_end_whatever_the_parent_does_when_told_to() -> None:
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with Streams(large, [1, 2, 3, 4], module=__name__, forked=True) as streams:
            next(next(iter(streams)))
    finally:
        signal.signal(signal.SIGTERM, before)


_PARENT = """
import os, sys
from pathlib import Path
sys.path.insert(0, str(Path(sys.argv[1]).parent))
os.cpu_count = lambda: 2
from archiver.fetch.parallel import Streams
from test_parallel import large
with Streams(large, [1, 2, 3, 4], module="test_parallel", forked=bool(int(sys.argv[2]))) as made:
    next(next(iter(made)))
    os.kill(os.getpid(), 9)
"""


def test_processes_end_with_a_parent_that_is_killed(forked: bool) -> None:
    """They hold its output open: that it ends says that they have ended."""
    command = [sys.executable, "-c", _PARENT, __file__, str(int(forked))]
    done = subprocess.run(command, stdout=subprocess.PIPE, timeout=60, check=False)
    assert done.returncode == -signal.SIGKILL


def test_one_place_needs_no_process() -> None:
    assert list(side_by_side(process, [1])) == [os.getpid()]
    assert os.getpid() not in list(side_by_side(process, [1, 2]))


def test_results_in_order_and_what_is_raised() -> None:
    assert list(side_by_side(square, [4, 1, 2])) == [16, 1, 4]
    results = side_by_side(square, [1, 3, 2])
    assert next(results) == 1
    with pytest.raises(ValueError, match="3"):
        next(results)


def test_an_error_may_be_a_result() -> None:
    (first, second) = side_by_side(tried, [1, 2])
    assert (str(first), str(second)) == ("1: no file", "2: no file")


def test_no_more_is_read_ahead_than_bounds_say(monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    class Noted(parallel._Came):
        def __init__(self) -> None:
            given.append(self)
            super().__init__()

    monkeypatch.setattr(parallel, "_Came", Noted)
    with Streams(counted, [1] * 20, module=__name__) as streams:
        for number, pieces in enumerate(streams, 1):
            list(pieces)
            assert len(given) <= number - 1 + 2 * 2
