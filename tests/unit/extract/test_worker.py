import asyncio
import os
import select
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.extract_work import hanging_page, huge_page, page, work

from archiver.extract.worker import ExtractionPool
from archiver.model import Extraction, Page

TESTS = Path(__file__).parents[2]
MEMORY = 256 << 20


@pytest.fixture
def pool() -> Iterator[ExtractionPool]:
    with ExtractionPool(workers=2, timeout=120, memory=MEMORY, work=work) as made:
        yield made


def pid_of(pool: ExtractionPool) -> int:
    (found,) = pool.map([page("pid")])
    return int(found.detail or 0)


def gone(pid: int, seconds: float = 30) -> bool:
    """Whether a process that is no child of ours ends; waits for the event, not for a time."""
    try:
        handle = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([handle], [], [], seconds)[0])
    finally:
        os.close(handle)


def works(pool: ExtractionPool) -> bool:
    found = list(pool.map(page(str(number)) for number in range(20)))
    return [e.article.title for e in found if e.article] == [str(n) for n in range(20)]


def test_hanging_page_is_killed_and_the_pool_lives_on() -> None:
    with ExtractionPool(workers=2, timeout=3.0, memory=MEMORY, work=work) as pool:
        found = list(pool.map([page("a"), hanging_page(), page("b")]))
        assert [e.reason for e in found] == [None, "timeout", None]
        assert works(pool)


def test_page_that_needs_too_much_memory_is_told_so(pool: ExtractionPool) -> None:
    found = list(pool.map([page("a"), huge_page(), page("b")]))
    assert [e.reason for e in found] == [None, "memory", None]
    assert works(pool)


@pytest.mark.parametrize(
    ("name", "reason"), [("abort", "crashed"), ("exit", "crashed"), ("oom-killer", "memory")]
)
def test_dead_worker_costs_its_page_only(pool: ExtractionPool, name: str, reason: str) -> None:
    found = list(pool.map([page("a"), page(name), page("b")]))
    assert [e.reason for e in found] == [None, reason, None]
    assert works(pool)


def test_worker_that_dies_while_idle_costs_no_page(pool: ExtractionPool) -> None:
    pid = pid_of(pool)
    os.kill(pid, signal.SIGKILL)
    assert gone(pid)
    assert works(pool)


def test_workers_start_when_needed_and_are_recycled() -> None:
    with ExtractionPool(workers=1, recycle_after=2, work=work) as pool:
        assert [w._process for w in pool._workers] == [None]
        pids = [pid_of(pool) for _ in range(5)]
    assert pids[0] == pids[1] != pids[2] == pids[3] != pids[4]


def test_map_keeps_order_and_takes_pages_only_as_it_goes(pool: ExtractionPool) -> None:
    taken: list[int] = []

    def pages() -> Iterator[Page]:
        for number in range(50):
            taken.append(number)
            yield page(str(number))

    found = pool.map(pages())
    first = next(found)
    assert first.article is not None
    assert first.article.title == "0"
    assert len(taken) <= 16
    assert [e.article.title for e in found if e.article] == [str(n) for n in range(1, 50)]


def test_interrupt_is_the_parents_to_handle(pool: ExtractionPool) -> None:
    pid = pid_of(pool)
    os.kill(pid, signal.SIGINT)
    assert pid_of(pool) == pid


def test_workers_end_with_a_parent_that_is_killed() -> None:
    parent = subprocess.Popen(
        [sys.executable, "-m", "support.orphan_pool"],
        cwd=TESTS,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(TESTS)},
    )
    with parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        ended = gone(worker)
        if not ended:
            os.kill(worker, signal.SIGKILL)
        assert ended


async def test_extract_does_not_block_the_loop() -> None:
    pool = ExtractionPool(workers=1, timeout=3.0, memory=MEMORY, work=work)
    try:
        slow = asyncio.ensure_future(pool.extract(hanging_page()))
        ticks = 0
        while not slow.done():
            await asyncio.sleep(0.01)  # the loop's own turn, many times while the page hangs
            ticks += 1
        assert slow.result().reason == "timeout"
        assert ticks > 20
        good = await asyncio.gather(*(pool.extract(page(str(n))) for n in range(30)))
        assert [e.article.title for e in good if e.article] == [str(n) for n in range(30)]
    finally:
        await pool.close()


async def test_close_ends_pages_under_way() -> None:
    pool = ExtractionPool(workers=1, timeout=600, work=work)
    pid = int((await pool.extract(page("pid"))).detail or 0)
    slow: asyncio.Future[Extraction] = asyncio.ensure_future(pool.extract(hanging_page()))
    await asyncio.sleep(0)
    await pool.close()
    assert gone(pid)
    assert slow.cancelled() or (await slow).reason == "crashed"


async def test_a_cancelled_wait_does_not_lose_the_worker() -> None:
    pool = ExtractionPool(workers=1, timeout=3.0, memory=MEMORY, work=work)
    try:
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(pool.extract(hanging_page()), 0.2)
        assert (await pool.extract(page("after"))).article is not None
    finally:
        await pool.close()
