"""A crawl's manners towards hosts that ask for patience and outlets that do not want to be asked.

What is learned stands in the catalogue, so that the next run is as polite: when a host may be
asked again, how many requests an outlet has had today, how often in a row it has answered with a
block.
"""

from __future__ import annotations

import asyncio
import logging
import random
from datetime import datetime, timedelta
from functools import lru_cache
from urllib.parse import urlsplit

from scrapy import Request, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from archiver.config.politeness import PolitenessSettings
from archiver.fetch.backoff import next_wait, retry_after
from archiver.fetch.purpose import purpose_of
from archiver.fetch.run import RunExtension, run_of
from archiver.model import CaptureKind, Outlet, utcnow
from archiver.store.hosts import Blocks, HostState

logger = logging.getLogger(__name__)

LEFT = frozenset({"postponed", "budget", "blocked"})
"""Reasons of requests that were not made and are left for a later run."""

_BUSY = frozenset({429, 503})
_BLOCKS = frozenset({401, 403, 429})
_BOOKED = 256  # requests that are taken from a day's at once, at most,
_BOOKED_SHARE = 50  # and at most this part of them: a crawl that is killed gives none back
_SOURCES = frozenset({CaptureKind.FEED, CaptureKind.SITEMAP, CaptureKind.SECTION})


class NotNow(IgnoreRequest):
    """A request that is not to be made now; `reason` is one of `LEFT`."""

    def __init__(self, reason: str, what: str) -> None:
        self.reason = reason
        super().__init__(what)


class Manners:
    """The crawl's memory of hosts, its budget and its breaker, for one outlet."""

    _run: RunExtension

    def __init__(self, crawler: Crawler, settings: PolitenessSettings) -> None:
        self._crawler = crawler
        self._settings = settings
        self._hosts: dict[str, HostState] = {}
        self._pace: dict[str, float] = {}  # seconds between two requests, by host
        self._next: dict[str, float] = {}  # when the next may go out, by the event loop's clock
        self._booked = 0
        self._day = -1
        self._blocks = Blocks()
        self._probe: Request | None = None  # the one that is asked whether the outlet has opened
        self._probing = False
        self._ended = ""  # why no more is sent in this run

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Manners:
        """As Scrapy makes it; not for a spider that watches no outlet."""
        loaded = crawler.settings.get("ARCHIVER_LOADED")
        if not isinstance(getattr(crawler.spidercls, "outlet", None), Outlet) or loaded is None:
            raise NotConfigured
        manners = cls(crawler, loaded.settings.politeness)
        crawler.signals.connect(manners.begin, signal=signals.spider_opened)
        return manners

    def begin(self) -> None:
        """Recall what earlier runs learned; before the first request."""
        self._run = run_of(self._crawler)
        self._catalogue = self._run.store
        self._blocks = self._catalogue.blocks_of(self._run.outlet.id)
        self._probing = self._is_open
        self._run.endings.append(self._end)

    @property
    def _is_open(self) -> bool:
        return 0 < self._settings.max_blocks <= self._blocks.count

    def _end(self) -> None:
        """Give back what was booked of the day's requests and not used."""
        if self._booked:
            self._catalogue.book_requests(
                self._run.outlet.id, day=self._day, wanted=-self._booked, limit=0
            )
            self._booked = 0

    def seconds_to_wait(self, request: Request, now: datetime) -> float:
        """How long the request's host is to be left alone; 0 where it may be asked."""
        until = self._state(_host_of(request)).not_before
        return max(0.0, (until - now).total_seconds()) if until else 0.0

    def holds(self, request: Request) -> bool:
        """Whether the request is to be set aside for a moment, while others go on."""
        if self._awaits_probe(request):
            return True
        return 0 < self.seconds_to_wait(request, utcnow()) <= self._settings.max_wait

    def pace(self, host: str, seconds: float) -> None:
        """Keep so much time between two requests to a host, as its robots.txt asks, to a limit."""
        self._pace[host.rpartition("@")[2].lower()] = min(seconds, self._settings.max_crawl_delay)

    async def turn(self, request: Request) -> None:
        """Wait until a host that asks for time between requests may be asked again."""
        host = _host_of(request)
        seconds = self._pace.get(host)
        if not seconds:
            return
        now = asyncio.get_running_loop().time()
        due = max(now, self._next.get(host, now))
        self._next[host] = due + seconds
        await asyncio.sleep(due - now)

    def is_far(self, request: Request) -> bool:
        """Whether its host asked for more patience than this run has."""
        return self.seconds_to_wait(request, utcnow()) > self._settings.max_wait

    def before_sending(self, request: Request) -> None:
        """See, last thing before it goes out, that a request may.

        Raises:
            NotNow: not now, see `LEFT`.
        """
        seconds = self.seconds_to_wait(request, utcnow())
        if seconds > 0:
            raise NotNow("postponed", f"{_host_of(request)} is not to be asked for {seconds:.0f} s")
        if self._ended:
            raise NotNow(self._ended, "the crawl ends")
        if self._awaits_probe(request):
            raise NotNow("blocked", f"{self._run.outlet.id} answers with blocks")
        limit = self._settings.daily_requests
        if limit and not self._take(limit):
            self._end_run("budget")
            raise NotNow("budget", f"{limit} requests for {self._run.outlet.id} today")

    def _take(self, limit: int) -> bool:
        today = int(utcnow().timestamp() // 86400)
        if today != self._day:
            self._day, self._booked = today, 0
        if not self._booked:
            self._booked = self._catalogue.book_requests(
                self._run.outlet.id,
                day=today,
                wanted=min(_BOOKED, max(1, limit // _BOOKED_SHARE)),
                limit=limit,
            )
        if self._booked <= 0:
            return False
        self._booked -= 1
        return True

    def answered(self, request: Request, response: Response) -> None:
        """Learn from an answer how long its host wants to be left alone, and whether it blocks."""
        host, now = _host_of(request), utcnow()
        state = self._state(host)
        told = state.not_before is not None and state.not_before > now  # others were, just now
        if response.status in _BUSY:
            failures = state.failures + (not told)
            seconds = retry_after(response.headers.get(b"Retry-After"), now)
            if seconds is None:
                seconds = next_wait(
                    failures,
                    first=self._settings.backoff,
                    longest=self._settings.max_backoff,
                    share=random.random(),
                )
            until = now + timedelta(seconds=seconds)
            if told and state.not_before:
                until = max(until, state.not_before)
            self._remember(host, HostState(not_before=until, failures=failures))
            if (until - now).total_seconds() > self._settings.max_wait or _is_unscheduled(request):
                request.meta["dont_retry"] = True
        elif response.status < 500 and state != HostState() and not told:
            self._remember(host, HostState())
        kind = purpose_of(request).kind
        if response.status in _BLOCKS:
            self.blocked(kind)
        elif kind in _SOURCES and response.status in (200, 304):
            self.welcomed(kind)
        elif response.status != 200:  # what a page is shows when it is read
            self.undecided(kind)

    def blocked(self, kind: CaptureKind) -> None:
        """Count an answer that is a block: by its status, or by what the page turned out to be."""
        if kind not in _SOURCES and kind is not CaptureKind.PAGE:
            return
        self._keep(Blocks(count=self._blocks.count + 1, kind=kind.value))
        if self._is_open:
            logger.warning("%s answers with blocks: the crawl ends", self._run.outlet.id)
            self._end_run("blocked")

    def welcomed(self, kind: CaptureKind) -> None:
        """Take note of an answer that is what was asked for.

        A feed says nothing about pages: those are often behind another wall.
        """
        if self._blocks.count and kind.value in (self._blocks.kind, CaptureKind.PAGE.value):
            self._keep(Blocks())
        self._probing = self._is_open
        self.undecided(kind)

    def undecided(self, kind: CaptureKind) -> None:
        """Let another probe go where this one told nothing."""
        if self._probe is not None and purpose_of(self._probe).kind is kind:
            self._probe = None

    def _end_run(self, reason: str) -> None:
        """End the run in part; what Scrapy has begun on already is not sent any more."""
        self._ended = reason
        self._run.end_in_part(reason)

    def is_probe(self, request: Request) -> bool:
        """Whether others wait for what comes of it."""
        return request is self._probe

    def _awaits_probe(self, request: Request) -> bool:
        """Whether a request waits for what comes of another, the first of its kind."""
        if not self._probing or purpose_of(request).kind.value != self._blocks.kind:
            return False
        if self._probe is None:
            self._probe = request
        return request is not self._probe

    def _keep(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._catalogue.keep_blocks(self._run.outlet.id, blocks)

    def _state(self, host: str) -> HostState:
        if host not in self._hosts:
            self._hosts[host] = self._catalogue.host_state(host)
        return self._hosts[host]

    def _remember(self, host: str, state: HostState) -> None:
        self._hosts[host] = state
        self._catalogue.keep_host_state(host, state)


class MannersMiddleware:
    """Makes way for requests that may not go; the handler tells the manners of every answer."""

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> MannersMiddleware:
        """As Scrapy makes it."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Refuse at once what would wait for its turn in vain.

        Raises:
            NotNow: its host is not to be asked for long.
        """
        manners = self._crawler.get_extension(Manners)
        if manners and manners.is_far(request):
            raise NotNow("postponed", f"{_host_of(request)} is not to be asked for long")

    def process_exception(self, request: Request, exception: Exception) -> Request | None:
        """Put a request back that only has to wait; refuse one that is left for a later run.

        Raises:
            IgnoreRequest: request.meta["archiver_error"] is the word for it.
        """
        manners = self._crawler.get_extension(Manners)
        if manners is None:
            return None
        if manners.is_probe(request):
            manners.undecided(purpose_of(request).kind)
        if not isinstance(exception, NotNow):
            return None
        if manners.holds(request) and not _is_unscheduled(request):
            again = request.copy()
            again.dont_filter = True
            return again
        request.meta["archiver_error"] = exception.reason
        raise exception


def _is_unscheduled(request: Request) -> bool:
    """Whether nobody could put the request back: robots.txt, and what a browser asks for."""
    return request.callback is NO_CALLBACK


def _host_of(request: Request) -> str:
    return _host_in(request.url)


@lru_cache(maxsize=1024)  # each request's is asked for some five times
def _host_in(url: str) -> str:
    return urlsplit(url).netloc.rpartition("@")[2].lower()
