"""One run of one outlet: its catalogue entry, its recorder and what went wrong in it."""

from __future__ import annotations

import logging
import os
import socket
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import scrapy
from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import NotConfigured
from scrapy.http import Response
from twisted.python.failure import Failure

from archiver import __version__
from archiver.config.load import Loaded
from archiver.config.settings import Settings
from archiver.errors import ArchiverError, CatalogueError, DiskFullError, WarcError
from archiver.fetch.noarchive import asks_not_to_be_kept
from archiver.fetch.purpose import purpose_of
from archiver.fetch.recorder import Recorder
from archiver.fetch.recovery import finish_left_files
from archiver.fetch.redacted import FreshVeil
from archiver.fetch.shown import veil_sidecar
from archiver.model import Capture, CaptureKind, Outlet, Problem, utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.identity import Territory
from archiver.store.machines import machine_of
from archiver.store.refusals import REFUSED
from archiver.store.spool import check_spool
from archiver.store.tombstones import reconcile
from archiver.store.warcs import Warcs
from archiver.urls import canonical_url
from archiver.warc.compress import Codec
from archiver.warc.record import Record, WarcInfo
from archiver.warc.writer import WarcWriter
from archiver.wire.exchange import Exchange

logger = logging.getLogger(__name__)

_OURS = (DiskFullError, WarcError, CatalogueError)  # faults of the archive, not of a page


class RunExtension:
    """The Scrapy extension that makes a crawl of an outlet a run of the archive.

    It is also the `ExchangeSink` to which the download handler gives every exchange. A spider
    that watches no outlet (`scrapy shell`, say) has no run, and nothing of it is kept.
    """

    def __init__(self, crawler: Crawler, outlet: Outlet, loaded: Loaded) -> None:
        settings = loaded.settings
        self.outlet = outlet
        self.territory = Territory.of(outlet)
        self._catalogue = Catalogue.open(
            loaded.catalogue_url, create=True, patience=settings.archive.catalogue_wait
        )
        self.warcs = Warcs.of(loaded, self._catalogue)
        self._folder = loaded.warc_folder
        self._spool_max = settings.storage.spool_max if settings.storage.url else None
        self._check_spool()
        reconcile(loaded.redactions_file, self._catalogue)  # it may have been made anew
        self.counts: Counter[str] = Counter()
        self.run_id = self._catalogue.start_run(
            outlet.id,
            trigger=os.environ.get("ARCHIVER_TRIGGER", "scrapy"),
            at=utcnow(),
            planned=_planned(os.environ.get("ARCHIVER_PLANNED")),
        )
        self.veil = FreshVeil(self._catalogue)
        finish_left_files(self._folder, self._catalogue)
        self._crawler = crawler
        self._failed_sources = 0
        self._good_sources = 0
        self._faults = 0  # of our own code
        self._ended_by: str | None = None
        self._in_part = False
        self._obeys_noarchive = settings.politeness.noarchive == "refuse"
        self.endings: list[Callable[[], None]] = []  # called before the run ends in the catalogue
        writer = WarcWriter(
            self._folder,
            prefix=settings.archive.prefix.format(outlet=outlet.id),
            info=_info(crawler, outlet, settings),
            max_size=settings.archive.warc_size,
            max_age=timedelta(seconds=settings.archive.warc_age),
            codec=Codec(settings.archive.codec),
            level=settings.archive.level,
            on_open=self._file_opened,
            on_close=self._file_closed,
        )
        self._recorder = Recorder(
            writer=writer,
            catalogue=self._catalogue,
            warcs=self.warcs,
            outlet=outlet.id,
            run_id=self.run_id,
            revisit_size=settings.archive.revisit_min_size,
        )

    @property
    def store(self) -> Catalogue:
        """The catalogue, for what does not concern captures."""
        return self._catalogue

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue, with a row of every capture that this run has made known.

        Raises:
            DiskFullError, CatalogueError: those rows could not be written.
        """
        self._recorder.rows.write()
        return self._catalogue

    def _check_spool(self) -> None:
        if self._spool_max is not None:
            check_spool(self._folder, self._catalogue, bound=self._spool_max)

    def _file_opened(self, name: str) -> None:
        self._check_spool()  # a full one ends the crawl between two files
        machine = machine_of(self._folder, self._catalogue)
        self._catalogue.open_file(name, utcnow(), machine=machine)

    def _file_closed(self, name: str, size: int, sha256: str) -> None:
        self._recorder.rows.write()  # of a closed file none may be missing
        with suppress(OSError):  # else `archiver check` says so
            veil_sidecar(self._folder / name, self.veil.now())
        if self._recorder.rows.lost is None:
            self._catalogue.close_file(name, at=utcnow(), size=size, sha256=f"sha256:{sha256}")

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RunExtension:
        """As Scrapy makes it: the run begins here."""
        outlet = getattr(crawler.spidercls, "outlet", None)
        loaded = crawler.settings.get("ARCHIVER_LOADED")
        if not isinstance(outlet, Outlet) or not isinstance(loaded, Loaded):
            raise NotConfigured("this spider watches no outlet, so nothing is archived")
        try:
            run = cls(crawler, outlet, loaded)
        except ArchiverError as error:
            _set_exit_code(crawler, error)
            raise
        crawler.signals.connect(run.spider_closed, signal=signals.spider_closed)
        crawler.signals.connect(run.spider_error, signal=signals.spider_error)
        crawler.signals.connect(run.item_error, signal=signals.item_error)
        return run

    async def keep(
        self, exchange: Exchange, request: Request, *, more: bool = False
    ) -> Capture | None:
        """Keep one exchange (the `ExchangeSink` of the download handler).

        None also for a page that asks not to be kept, where that is obeyed.
        """
        purpose = purpose_of(request)
        refusable = self._obeys_noarchive and purpose.kind is CaptureKind.PAGE
        if refusable and asks_not_to_be_kept(exchange):
            request.meta["archiver_error"] = "noarchive"
            self.refuse("noarchive")
            url = canonical_url(exchange.url)
            self._catalogue.note_attempt(self.outlet.id, url, at=utcnow(), reason="noarchive")
            return None
        try:
            capture = await self._recorder.keep(exchange, purpose, more=more)
        except _OURS as error:
            self._give_up(error)
            raise
        if capture is not None:
            self.count(f"captures/{capture.kind}")
        return capture

    async def keep_derived(self, records: Sequence[Record]) -> None:
        """Keep records of what was made from a capture, such as the page that a browser made."""
        try:
            await self._recorder.keep_derived(records)
        except _OURS as error:
            self._give_up(error)
            raise

    def count(self, name: str, by: int = 1) -> None:
        """Add to one of the run's counts, which the catalogue keeps and `status` shows."""
        self.counts[name] += by

    def problem(self, stage: str, reason: str, url: str | None, detail: str | None = None) -> None:
        """Note something that went wrong and cost only itself."""
        self.count(f"problems/{stage}/{reason}")
        found = Problem(stage=stage, reason=reason, url=url, at=utcnow(), detail=detail)
        self.add_problems([found], counted=True)

    def refuse(self, reason: str, by: int = 1) -> None:
        """Count what is not asked for, by reason: see `archiver status --reasons`."""
        if by:
            self.count(f"{REFUSED}/{reason}", by)

    def add_problems(self, problems: list[Problem], *, counted: bool = False) -> None:
        """Note many at once, as parsers report them."""
        for problem in problems:
            if not counted:
                self.count(f"problems/{problem.stage}/{problem.reason}")
            logger.info(
                "%s: %s: %s %s", problem.stage, problem.reason, problem.url, problem.detail or ""
            )
        if problems:
            self._catalogue.add_problems(self.run_id, self.outlet.id, problems)

    def source_ended(self, *, good: bool) -> None:
        """Count a source as read or as failed: what the run's outcome is judged by."""
        if good:
            self._good_sources += 1
        else:
            self._failed_sources += 1

    def end_in_part(self, reason: str) -> None:
        """End the crawl as done in part: what is left is for a later run."""
        engine = self._crawler.engine
        if self._ended_by is None and engine is not None:
            self._ended_by = reason
            self._in_part = True
            self.problem("crawl", reason, None)
            engine.close_spider(self._crawler.spider, reason)  # type: ignore[arg-type]  # a spider is open

    def _give_up(self, error: ArchiverError) -> None:
        """End the crawl: what cannot be kept is not to be fetched."""
        engine = self._crawler.engine
        if self._ended_by is None and engine is not None:
            lost = self._recorder.rows.lost  # of which the error may be but a consequence
            self._ended_by = self._note(lost if isinstance(lost, _OURS) else error)
            engine.close_spider(self._crawler.spider, self._ended_by)  # type: ignore[arg-type]  # a spider is open

    def _note(self, error: ArchiverError) -> str:
        """Say it in the log and in the exit code; the word for the run's reason."""
        logger.error("%s", error)
        _set_exit_code(self._crawler, error)
        return "disk-full" if isinstance(error, DiskFullError) else "archive-failed"

    def spider_error(self, failure: Failure, response: Response | None) -> None:
        """Count a fault of the spider's own code, which no page excuses."""
        if isinstance(failure.value, _OURS):
            self._give_up(failure.value)
            return
        self.problem("crawl", "error", response.url if response else None, failure.getTraceback())
        self._faults += 1

    def item_error(self, failure: Failure, item: object) -> None:
        """Count a fault of a pipeline's code; the page stays pending."""
        if isinstance(failure.value, _OURS):
            self._give_up(failure.value)
            return
        self.problem("crawl", "error", None, failure.getTraceback())
        self._faults += 1

    async def spider_closed(self, spider: Spider, reason: str) -> None:
        """Close the WARC whole, then end the run in the catalogue."""
        try:
            await self._recorder.close()
        except _OURS as error:
            reason = self._note(error)
        state = self._state(reason)
        try:
            for end in self.endings:
                end()
            refused = {
                name.removeprefix(f"{REFUSED}/"): times
                for name, times in self.counts.items()
                if name.startswith(f"{REFUSED}/")
            }
            self._catalogue.add_refusals(self.outlet.id, refused)
            self._catalogue.end_run(
                self.run_id, at=utcnow(), state=state, reason=reason, counts=dict(self.counts)
            )
        except _OURS as error:
            self._note(error)
        self._catalogue.close()
        spider.crawler.stats.set_value("archiver/state", state)
        spider.crawler.stats.set_value("archiver/counts", dict(self.counts))

    def _state(self, reason: str) -> str:
        if reason == "shutdown":
            return "interrupted"
        if reason != "finished":
            return "partial" if self._in_part else "failed"
        if not self._failed_sources and not self._faults:
            return "done"
        return "partial" if self._good_sources else "failed"


def _planned(text: str | None) -> datetime | None:
    """The moment that the timetable had planned; None for a crawl that it did not start."""
    try:
        return datetime.fromisoformat(text) if text else None
    except ValueError:
        return None


def _set_exit_code(crawler: Crawler, error: ArchiverError) -> None:
    """Say how the process is to end, for the command that runs the crawl."""
    if crawler.stats is not None:
        crawler.stats.set_value("archiver/exit_code", error.exit_code)


def _info(crawler: Crawler, outlet: Outlet, settings: Settings) -> WarcInfo:
    obeyed = crawler.settings.getbool("ROBOTSTXT_OBEY")
    operator = settings.operator
    return WarcInfo(
        software=f"news-archiver/{__version__} (Scrapy {scrapy.__version__})",
        operator=" ".join(filter(None, (operator.name, operator.contact))) or None,
        robots="obey" if obeyed else "ignore",
        hostname=socket.gethostname(),
        user_agent=crawler.settings["USER_AGENT"],
        is_part_of=outlet.id,
    )


def run_of(crawler: Crawler) -> RunExtension:
    """The run of a crawl.

    Raises:
        RuntimeError: where the crawl has none, which is a fault of its settings.
    """
    run = crawler.get_extension(RunExtension)
    if run is None:
        raise RuntimeError("RunExtension is not enabled: this crawl has no archive")
    return run
