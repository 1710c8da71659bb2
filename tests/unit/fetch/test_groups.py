"""What the recorder writes and syncs as one group."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from support.exchanges import answer, exchange

from archiver.fetch import recorder as module
from archiver.fetch.purpose import Purpose
from archiver.fetch.recorder import Recorder
from archiver.model import Capture, CaptureKind
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.warc.record import WarcInfo
from archiver.warc.writer import WarcWriter

Keep = Callable[[int, bool], Awaitable[Capture | None]]
Crawl = Callable[[Callable[[Keep], Awaitable[None]]], None]


class _Counting(WarcWriter):
    """Counts what is synced together, once something was."""

    appended = 0
    groups: tuple[int, ...] = ()

    def append(self, *args: object, **named: object) -> object:
        self.appended += 1
        return super().append(*args, **named)

    def sync(self) -> None:
        super().sync()
        if self.appended:
            self.groups = (*self.groups, self.appended)
            self.appended = 0


@pytest.fixture
def writer(tmp_path: Path) -> _Counting:
    return _Counting(tmp_path / "warc", prefix="t", info=WarcInfo(software="test"))


@pytest.fixture
def crawl(tmp_path: Path, writer: _Counting) -> Iterator[Crawl]:
    """Runs what is given a function that keeps a page by number."""
    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite", create=True) as catalogue:

        async def run(work: Callable[[Keep], Awaitable[None]]) -> None:
            recorder = Recorder(
                writer=writer,
                catalogue=catalogue,
                warcs=Warcs(tmp_path, catalogue.file),
                outlet="lantern",
                run_id=1,
            )

            def keep(number: int, more: bool) -> Awaitable[Capture | None]:
                one = exchange(answer(), url=f"https://news.example/{number}")
                return recorder.keep(one, Purpose(kind=CaptureKind.PAGE), more=more)

            await work(keep)
            await recorder.close()

        yield lambda work: asyncio.run(run(work))


@pytest.fixture
def endless_moment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever waits for a moment to pass waits for ever."""
    monkeypatch.setattr(module, "_MOMENT", 3600.0)


def test_with_nothing_on_the_wire_nobody_waits(
    crawl: Crawl,
    writer: _Counting,
    endless_moment: None,
) -> None:

    async def one_by_one(keep: Keep) -> None:
        for number in range(3):
            assert await keep(number, False)

    crawl(one_by_one)
    assert writer.groups == (1, 1, 1)


def test_the_last_one_of_those_on_the_wire_ends_the_wait(
    crawl: Crawl,
    writer: _Counting,
    endless_moment: None,
) -> None:

    async def together(keep: Keep) -> None:
        assert all(await asyncio.gather(*(keep(number, number < 4) for number in range(5))))

    crawl(together)
    assert writer.groups == (5,)


def test_what_hangs_on_the_wire_is_waited_for_a_moment_only(
    crawl: Crawl, writer: _Counting
) -> None:
    async def with_one_that_hangs(keep: Keep) -> None:
        for number in range(2):
            assert await keep(number, True)

    crawl(with_one_that_hangs)
    assert writer.groups == (1, 1)


def test_a_full_group_waits_for_nothing(
    crawl: Crawl,
    writer: _Counting,
    endless_moment: None,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "_GROUP", 4)

    async def many(keep: Keep) -> None:
        assert all(await asyncio.gather(*(keep(number, True) for number in range(8))))

    crawl(many)
    assert writer.groups == (4, 4)


def test_who_ends_waits_for_nothing(
    crawl: Crawl,
    writer: _Counting,
    endless_moment: None,
) -> None:
    kept: list[asyncio.Future[Capture | None]] = []

    async def one_that_is_left(keep: Keep) -> None:
        kept.append(asyncio.ensure_future(keep(0, True)))
        await asyncio.sleep(0)

    crawl(one_that_is_left)
    assert writer.groups == (1,)
    assert kept[0].result()
