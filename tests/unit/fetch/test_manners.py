"""What a crawl learns from answers, and which requests it makes after that, from run to run."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import product
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from scrapy import Request
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from archiver.config.politeness import PolitenessSettings
from archiver.fetch.manners import Manners, MannersMiddleware, NotNow
from archiver.fetch.purpose import KEY, Purpose
from archiver.model import CaptureKind
from archiver.store.catalogue import Catalogue
from archiver.store.hosts import Blocks, HostState

PAGE, FEED, REQUISITE = CaptureKind.PAGE, CaptureKind.FEED, CaptureKind.REQUISITE


class Clock:
    now = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def go(self, **span: float) -> None:
        self.now += timedelta(**span)


class Crawl:
    """The manners of one run, and what they told the run."""

    def __init__(self, catalogue: Catalogue, **settings: Any) -> None:
        self.ended: list[str] = []
        self.run = SimpleNamespace(
            outlet=SimpleNamespace(id="x"),
            store=catalogue,
            endings=[],
            end_in_part=self.ended.append,
        )
        self.manners: Manners
        crawler: Any = SimpleNamespace(
            get_extension=lambda kind: self.manners if kind is Manners else self.run
        )
        self.manners = Manners(crawler, PolitenessSettings(**settings))
        self.middleware = MannersMiddleware(crawler)
        self.manners.begin()

    def sends(self, request: Request) -> str:
        """ "sent", or the word for why not."""
        try:
            self.manners.before_sending(request)
        except NotNow as error:
            return error.reason
        return "sent"

    def answer(self, request: Request, status: int, retry_after: str | None = None) -> None:
        headers = {"Retry-After": retry_after} if retry_after else None
        self.manners.answered(request, Response(request.url, status=status, headers=headers))


def asks(host: str, kind: CaptureKind = PAGE, **more: Any) -> Request:
    return Request(f"https://{host}/1", meta={KEY: Purpose(kind=kind)}, **more)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("archiver.fetch.manners.utcnow", clock)
    return clock


@pytest.fixture
def crawl(tmp_path: Path) -> Iterator[Callable[..., Crawl]]:
    """Makes one run after another."""
    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite", create=True) as catalogue:
        yield lambda **settings: Crawl(catalogue, **settings)


def test_hosts_are_left_alone_as_long_as_they_say(
    crawl: Callable[..., Crawl], clock: Clock
) -> None:
    first = crawl()
    cases = product((429, 503), (60, 61), (True, False))
    hosts = {f"a{n}.example": case for n, case in enumerate(cases)}
    for host, (status, seconds, dated) in hosts.items():
        then = format_datetime(clock.now + timedelta(seconds=seconds), usegmt=True)
        request = asks(host.upper())
        first.answer(request, status, then if dated else str(seconds))
        assert request.meta.get("dont_retry", False) is (seconds > 60)
    for run, (host, (_, seconds, _)) in product((first, crawl()), hosts.items()):
        far, again = seconds > 60, asks(host)  # the next run knows it, too
        assert run.manners.is_far(again) is far
        assert run.manners.holds(again) is not far
        assert run.sends(again) == "postponed"
        with pytest.raises(NotNow, match="long") if far else nullcontext():
            run.middleware.process_request(again)
    assert first.sends(asks("b.example")) == "sent"
    clock.go(seconds=61)
    for host in hosts:
        assert not first.manners.holds(asks(host))
        assert first.sends(asks(host)) == "sent"


def test_what_only_has_to_wait_is_put_back_and_the_rest_is_left(
    crawl: Callable[..., Crawl], clock: Clock
) -> None:
    run = crawl()
    run.answer(asks("near.example"), 503, "5")
    run.answer(asks("far.example"), 503, "500")
    back = run.middleware.process_exception(asks("near.example"), NotNow("postponed", ""))
    assert back is not None
    assert back.dont_filter
    assert run.middleware.process_exception(asks("near.example"), ValueError()) is None
    nobodys = asks("near.example", callback=NO_CALLBACK)
    for request in (asks("far.example"), nobodys):
        with pytest.raises(NotNow):
            run.middleware.process_exception(request, NotNow("postponed", ""))
        assert request.meta["archiver_error"] == "postponed"
    run.answer(nobodys, 503, "5")
    assert nobodys.meta["dont_retry"]


def test_refusals_in_a_row_make_the_wait_longer(crawl: Callable[..., Crawl], clock: Clock) -> None:
    run, request = crawl(backoff=16, max_backoff=100), asks("a.example")

    def state() -> HostState:
        return run.run.store.host_state("a.example")  # type: ignore[no-any-return]  # a namespace's

    waits = []
    for _ in range(6):
        run.answer(request, 429)
        waits.append(run.manners.seconds_to_wait(request, clock.now))
        clock.go(days=1)
    for wait, whole in zip(waits, (16, 32, 64, 100, 100, 100), strict=True):
        assert whole / 2 <= wait <= whole
    assert state().failures == 6
    # What was under way beside it is no further refusal, and takes nothing back.
    run.answer(request, 429, "50")
    until = clock.now + timedelta(seconds=50)
    for status, retry_after in ((429, "10"), (503, None), (200, None)):
        run.answer(request, status, retry_after)
        assert state().failures == 7
        assert run.manners.seconds_to_wait(request, until - timedelta(seconds=1)) >= 1
    clock.go(days=1)
    run.answer(request, 500)  # no sign of health
    assert state().failures == 7
    run.answer(request, 404)
    assert state() == HostState()


def test_a_days_requests_are_counted_over_runs(crawl: Callable[..., Crawl], clock: Clock) -> None:
    first, request = crawl(daily_requests=5), asks("a.example")
    assert [first.sends(request) for _ in range(3)] == ["sent"] * 3
    first.run.endings[0]()
    second = crawl(daily_requests=5)
    assert [second.sends(request) for _ in range(4)] == ["sent", "sent", "budget", "budget"]
    assert second.ended == ["budget"]
    assert crawl(daily_requests=5).sends(request) == "budget"
    clock.go(hours=12)  # midnight
    third = crawl(daily_requests=5)
    assert [third.sends(request) for _ in range(4)] == ["sent"] * 4
    clock.go(days=1)  # in the course of a run
    assert [third.sends(request) for _ in range(6)] == ["sent"] * 5 + ["budget"]
    assert crawl(daily_requests=0).sends(request) == "sent"  # no limit


def test_what_was_booked_and_not_used_is_given_back(
    crawl: Callable[..., Crawl], clock: Clock
) -> None:
    request = asks("a.example")
    assert crawl(daily_requests=1000).sends(request) == "sent"  # killed: its 20 are lost
    for _ in range(3):
        run = crawl(daily_requests=1000)
        assert run.sends(request) == "sent"
        run.run.endings[0]()
        run.run.endings[0]()  # once
    left = run.run.store.book_requests(
        "x", day=int(clock.now.timestamp() // 86400), wanted=1000, limit=1000
    )
    assert left == 1000 - 20 - 3


@pytest.mark.parametrize("status", [401, 403, 429])
def test_blocks_in_a_row_end_the_run(
    crawl: Callable[..., Crawl], clock: Clock, status: int
) -> None:
    run, request = crawl(max_blocks=3), asks("a.example")

    def block(kind: CaptureKind = PAGE) -> None:
        run.answer(asks("a.example", kind), status, "0")

    block()
    block()
    run.manners.welcomed(FEED)  # says nothing of pages
    for _ in range(9):
        block(REQUISITE)  # a picture's server is not the outlet
        run.answer(request, 404)
    assert run.ended == []
    run.manners.welcomed(PAGE)
    block()
    block()
    assert run.ended == []
    block()
    assert run.ended == ["blocked"]
    for kind in (PAGE, FEED, REQUISITE):
        assert run.sends(asks("a.example", kind)) == "blocked"
    never = crawl(max_blocks=0)
    for _ in range(20):
        never.answer(request, status, "0")
    assert never.ended == []


def test_a_blocked_outlet_is_asked_for_one_page_first(
    crawl: Callable[..., Crawl], clock: Clock
) -> None:
    one, other, feed = asks("a.example"), asks("a.example"), asks("a.example", FEED)
    crawl().run.store.keep_blocks("x", Blocks(count=3, kind="page"))

    still = crawl(max_blocks=3)
    assert [still.sends(request) for request in (feed, one, other)] == ["sent", "sent", "blocked"]
    assert still.manners.is_probe(one)
    assert still.manners.holds(other)
    assert not still.manners.holds(one)
    still.answer(feed, 200)
    assert still.sends(other) == "blocked"
    still.answer(one, 403)
    assert still.ended == ["blocked"]

    lost = crawl(max_blocks=3)
    assert (lost.sends(one), lost.sends(other)) == ("sent", "blocked")
    lost.answer(one, 404)  # tells nothing: the next one is asked
    assert (lost.sends(other), lost.sends(one)) == ("sent", "blocked")
    assert lost.middleware.process_exception(other, ValueError()) is None  # nor does a failure
    assert (lost.sends(one), lost.sends(other)) == ("sent", "blocked")

    opened = crawl(max_blocks=3)
    assert (opened.sends(one), opened.sends(other)) == ("sent", "blocked")
    opened.manners.welcomed(PAGE)
    assert [opened.sends(request) for request in (one, other)] == ["sent", "sent"]
    assert not opened.manners.holds(other)
    assert opened.run.store.blocks_of("x") == Blocks()
    opened.answer(one, 403)  # one more is nothing yet: nobody waits for its like
    assert [opened.sends(request) for request in (one, other)] == ["sent", "sent"]
    assert opened.ended == []


async def test_crawl_delay_is_kept_to_a_limit(
    crawl: Callable[..., Crawl], monkeypatch: pytest.MonkeyPatch
) -> None:
    slept: list[float] = []

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    monkeypatch.setattr("archiver.fetch.manners.asyncio.sleep", sleep)
    manners = crawl(max_crawl_delay=3000).manners
    manners.pace("A.example", 10_000.0)
    manners.pace("b.example", 2000.0)
    for host in ("a.example", "a.example", "a.example", "b.example", "b.example", "c.example"):
        await manners.turn(asks(host))
    assert slept == pytest.approx([0, 3000, 6000, 0, 2000], abs=900)
