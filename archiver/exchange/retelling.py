"""A catalogue made anew: what each run's answers said of articles, told again in their order.

Articles and their states are made by the code that judges them in a crawl, from captures alone.
So what left no capture is not told: requests without an answer, and what sources called modified.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from archiver.config.recheck import RecheckSettings
from archiver.exchange.chains import Chain, chains_of
from archiver.exchange.extracting import WITHOUT, PageExtractor
from archiver.model import (
    Article,
    ArticleKind,
    Capture,
    CaptureKind,
    Extraction,
    ExtractionState,
    Outlet,
    Page,
)
from archiver.revise.checks import Checks
from archiver.revise.outcomes import Outcomes
from archiver.revise.planning import RecheckPlan, timetable_of
from archiver.revise.removals import Sight
from archiver.revise.sightings import leads_away, sight_of_status
from archiver.revise.spellings import spellings_of
from archiver.store.identity import Territory
from archiver.store.rechecks import Recheck
from archiver.store.veil import Veil

_PAUSE = timedelta(minutes=10)  # between two files of one run there is less
_SOURCES = frozenset({CaptureKind.FEED, CaptureKind.SITEMAP, CaptureKind.SECTION})
_LOOKED_AT = _SOURCES | {CaptureKind.PAGE}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Read:
    """A page that is read back from its WARC; see `archiver.revise.checks.Reading`."""

    page: Page
    capture: Capture
    redirected_from: tuple[str, ...] = ()
    permanent: bool = False
    again: str | None = None


@dataclass(kw_only=True)
class _Run:
    """A run that is told again: `now` is the moment that it has come to."""

    outlet: Outlet
    territory: Territory
    now: datetime
    outcomes: Outcomes
    checks: Checks[_Read]
    rows: Mapping[str, Recheck]  # of the pages of articles that were known before it
    counts: Counter[str]

    def known(self, page: str, at: datetime) -> str | None:
        """The page, where a check of it at a moment says something new of its article."""
        row = self.rows.get(page)
        return page if row is not None and row.checked < at else None


class Retelling(PageExtractor):
    """Tells runs again: extracts their pages that wait, and judges what they show of articles.

    Checks that an article's row knows already are passed over, so that to tell all once more
    changes nothing.

    Of outlets without a seed, articles are made by `run`, and no states.
    """

    def tell(self, names: Iterable[str], settings: RecheckSettings) -> Counter[str]:
        """What came of the runs whose captures these WARC files hold, counted.

        `settings`: when articles are looked at again, and from when on they are removed.

        Each file is looked at twice; in memory are the rows of one run an outlet.

        Raises:
            StorageError: the store does not answer; what is done is done.
        """
        counts: Counter[str] = Counter()
        veil = self._catalogue.veil()
        for outlet, captures in self._runs(names):
            seed = self._outlets.get(outlet)
            if seed is not None:
                counts += self._told(self._begun(seed, captures, settings), captures, veil)
        return counts

    def _runs(self, names: Iterable[str]) -> Iterator[tuple[str, list[Capture]]]:
        """Each run's captures of pages and sources, in the order of time, the oldest run first."""
        begins: list[tuple[datetime, str]] = []
        for name in names:
            moments = [one.captured_at for one in self._catalogue.captures_in(name)]
            begins.append((min(moments, default=datetime.max.replace(tzinfo=UTC)), name))
        under_way: dict[str, list[Capture]] = {}  # by outlet
        for _, name in sorted(begins):
            for one in self._catalogue.captures_in(name):
                if one.run_id is None or one.kind not in _LOOKED_AT:
                    continue
                found = under_way.setdefault(one.outlet, [])
                if found and not _is_one_run(found[-1], one):
                    yield one.outlet, _in_time(found)
                    found = under_way[one.outlet] = []
                found.append(one)
        for outlet, found in under_way.items():
            yield outlet, _in_time(found)

    def _begun(
        self, outlet: Outlet, captures: Sequence[Capture], settings: RecheckSettings
    ) -> _Run:
        catalogue, territory = self._catalogue, Territory.of(outlet)
        plan = RecheckPlan(timetable_of(settings), catalogue.edits_of(outlet.id))
        outcomes = Outcomes(
            lambda: catalogue,
            outlet=outlet.id,
            territory=territory,
            settings=settings,
            plan=plan,
            count=lambda _: None,
            clock=lambda: run.now,
        )
        pages = [one.url for one in captures if one.kind is CaptureKind.PAGE]
        rows = catalogue.rechecks_of(outlet.id, pages)
        begin = captures[0].captured_at
        run = _Run(
            outlet=outlet,
            territory=territory,
            now=begin,
            outcomes=outcomes,
            checks=Checks(lambda: catalogue, lambda: outcomes),
            rows={url: row for url, row in rows.items() if row.first < begin},
            counts=Counter(),
        )
        return run

    def _told(self, run: _Run, captures: Sequence[Capture], veil: Veil) -> Counter[str]:
        """Tell one run: what came first, then, by how the outlet answered, what did not."""
        asked = {one.url for one in captures}
        waiting: list[Chain] = []
        for chain in chains_of(captures, alone=run.rows):
            run.now = chain.last.captured_at
            good = chain.last.status in (200, 304)
            if chain.last.kind in _SOURCES:
                run.outcomes.answers.source(chain.asked, good=good)
                continue
            again = run.known(chain.asked, chain.last.captured_at)
            # A dead link of a feed says nothing of pages that were there; see spiders/rechecks.py.
            redirected = chain.leads_to is not None
            if not redirected and (chain.asked in run.rows or chain.last.status not in (404, 410)):
                run.outcomes.answers.page(chain.asked, good=good)
            if chain.last.status == 200:
                away = again and leads_away(again, chain.last.url, run.territory)
                if again and away:
                    self._note_none(chain.last)
                    run.outcomes.lost(again, Sight.SOFT, away, chain.last)
                elif veil.of_capture(chain.last) is None:
                    waiting.append(chain)
            elif again:
                _refused(run, chain, again, asked)
        self._read(run, waiting)
        run.now = max(one.captured_at for one in captures)
        for item, article in run.checks.believed():
            self._keep(run, item, article)
        run.outcomes.end()
        return run.counts

    def _note_none(self, capture: Capture) -> None:
        if capture.extraction is ExtractionState.PENDING:
            self._catalogue.set_extraction(capture, ExtractionState.NONE)

    def _read(self, run: _Run, chains: Iterable[Chain]) -> None:
        """Extract pages that wait, and judge each."""
        under_way: deque[_Read] = deque()

        def pages() -> Iterator[Page]:
            for chain in chains:
                capture = chain.last
                if capture.extraction is not ExtractionState.PENDING:
                    continue
                page = self._page(capture)
                if isinstance(page, str):
                    self._catalogue.set_extraction(capture, WITHOUT[page])
                    run.counts[page] += 1
                    continue
                item = _Read(
                    page=page,
                    capture=capture,
                    redirected_from=chain.hops,
                    permanent=chain.permanent,
                    again=run.known(chain.asked, capture.captured_at),
                )
                under_way.append(item)
                yield page

        for extraction in self._pool.map(pages()):
            item = under_way.popleft()
            run.now = item.capture.captured_at
            self._judge(run, item, extraction)

    def _judge(self, run: _Run, item: _Read, extraction: Extraction) -> None:
        """What became of a page, as the item pipeline of a crawl has it."""
        article, state = extraction.article, ExtractionState.FAILED
        if article is None:
            reason = extraction.reason or "error"
            run.counts[reason] += 1
            run.checks.no_article(item, reason)
        elif article.kind is ArticleKind.SECTION:
            state = ExtractionState.DONE
            run.counts["section"] += 1
            run.checks.no_article(item, "section")
        elif (another := run.checks.instead(item, article)) is not None:
            run.counts[another] += 1
        else:
            self._keep(run, item, article)
            return
        self._catalogue.set_extraction(item.capture, state)

    def _keep(self, run: _Run, item: _Read, article: Article) -> None:
        saved = self._saved(
            article,
            run.outlet.id,
            spellings=spellings_of(item, run.territory),
            moved_from=run.checks.moved_from(item, article),
        )
        run.checks.saved(item, article, saved)
        self._catalogue.set_extraction(item.capture, ExtractionState.DONE)
        run.counts["new" if saved.new else "changed" if saved.changed else "unchanged"] += 1


def _refused(run: _Run, chain: Chain, page: str, asked: Collection[str]) -> None:
    """An answer that is no page: unmodified, gone, or a redirect that was not followed."""
    last = chain.last
    if last.status == 304:
        run.outcomes.unmodified(page, last)
    elif chain.leads_to is None:
        sight = sight_of_status(last.status or 0)
        run.outcomes.lost(page, sight, f"http-{last.status}", last)
    elif chain.leads_to in asked:
        run.outcomes.led_elsewhere(page, chain.leads_to, last, permanent=chain.permanent)
    else:
        run.outcomes.lost(page, Sight.FAILED, "redirects", last)


def _is_one_run(last: Capture, following: Capture) -> bool:
    """Whether a run goes on with a capture: a catalogue that is made anew numbers from 1 again."""
    if last.run_id != following.run_id:
        return False
    apart = following.captured_at - last.captured_at
    return last.warc.file == following.warc.file or apart < _PAUSE


def _in_time(captures: list[Capture]) -> list[Capture]:
    return sorted(captures, key=lambda one: (one.captured_at, one.warc.offset))
