"""Known articles in a crawl: which are asked for again, what came of it, and when they are due."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta

from scrapy import Request, Spider, signals
from scrapy.crawler import Crawler
from scrapy.exceptions import DontCloseSpider, NotConfigured
from scrapy.http import Response

from archiver.config.load import Loaded
from archiver.fetch.purpose import purpose_of
from archiver.fetch.run import RunExtension, run_of
from archiver.model import (
    Article,
    ArticleKind,
    Capture,
    CaptureKind,
    Discovery,
    ExtractionState,
    Outlet,
    utcnow,
)
from archiver.revise.removals import AWAY, Sight, State
from archiver.store.aliases import Alias
from archiver.store.articles import Saved
from archiver.store.identity import REDIRECT
from archiver.store.rechecks import Recheck
from archiver.urls import canonical_url
from spiders.recheck_plan import COUNT, RecheckPlan, allowance, timetable_of, today_of
from spiders.sightings import (
    AGAIN,
    MOST_CONTROLS,
    Answers,
    Sighting,
    Verdict,
    access_sight,
    is_permanent,
    leads_away,
    sight_of_status,
    verdict,
)

_SOURCES = frozenset({CaptureKind.FEED, CaptureKind.SITEMAP, CaptureKind.SECTION})
_PLANNED = 2000  # articles without a due time that one crawl plans
_MOST = 10_000  # articles that one crawl asks for again, whatever its budget
_PUT_OFF = timedelta(days=30)  # to the next look at one that is redacted


class Rechecks:
    """The Scrapy extension by which a crawl looks at known articles again.

    The news come first: what is due is asked for when nothing else is left to do. What came of an
    article is kept at once where it came; what did not is judged at the end, when it is known
    whether the outlet's other pages did.
    """

    _run: RunExtension
    _plan: RecheckPlan

    def __init__(self, crawler: Crawler, loaded: Loaded) -> None:
        self._crawler = crawler
        self._settings = loaded.settings
        self._answers = Answers()
        self._lost: dict[str, Sighting] = {}
        self._elsewhere: dict[str, Sighting] = {}  # by redirects to pages of this run
        self._asked = self._controlled = False

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Rechecks:
        """As Scrapy makes it; not for a spider that watches no outlet."""
        loaded = crawler.settings.get("ARCHIVER_LOADED")
        if not isinstance(getattr(crawler.spidercls, "outlet", None), Outlet) or loaded is None:
            raise NotConfigured
        rechecks = cls(crawler, loaded)
        crawler.signals.connect(rechecks.begin, signal=signals.spider_opened)
        crawler.signals.connect(rechecks.idle, signal=signals.spider_idle)
        crawler.signals.connect(rechecks.answered, signal=signals.response_received)
        crawler.signals.connect(rechecks.dropped, signal=signals.request_dropped)
        return rechecks

    def begin(self) -> None:
        """Recall how often the outlet edits."""
        self._run = run_of(self._crawler)
        known = self._run.store.edits_of(self._run.outlet.id)
        self._plan = RecheckPlan(timetable_of(self._settings.recheck), known)
        self._run.endings.append(self.end)

    def idle(self, spider: Spider) -> None:
        """Ask for what is due, once; then for pages that show whether the outlet is there.

        Raises:
            DontCloseSpider: there is something to ask for.
        """
        asking = getattr(spider, "recheck_requests", None)
        if asking is None:
            return
        pages: Sequence[str] = ()
        if not self._asked:
            self._asked = True
            pages = self._due() if getattr(spider, "recheck", "") == "due" else ()
        if not pages and self._lost and not self._controlled:
            self._controlled = True
            pages = self._controls()
        requests = list(asking(pages))
        for request in requests:
            self._crawler.engine.crawl(request)
        if requests:
            raise DontCloseSpider

    def _controls(self) -> list[str]:
        """Pages by which it shows whether the outlet is there, where those asked do not tell."""
        missed = [page for page, seen in self._lost.items() if seen.sight is not Sight.FAILED]
        if not missed:
            return []
        rows = self._run.catalogue.rechecks_of(self._run.outlet.id, missed)
        away = [page for page, row in rows.items() if row.state in AWAY]
        wanting = min(self._answers.wanting(known_away=away), MOST_CONTROLS)
        most = wanting + min(len(self._lost), _PLANNED)
        last = self._run.catalogue.seen_last(self._run.outlet.id, limit=most)
        return [page for page in last if page not in self._lost][:wanting]

    def _due(self) -> list[str]:
        catalogue, outlet, now = self._run.catalogue, self._run.outlet.id, utcnow()
        unplanned = catalogue.unplanned(outlet, limit=_PLANNED)
        catalogue.plan_rechecks([self._plan.begun(row, now) for row in unplanned])
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
        today = today_of(catalogue.counts_since(midnight, outlet), outlet)
        most = allowance(self._settings, in_run=self._run.counts[COUNT], today=today)
        rows = catalogue.due_rechecks(outlet, now, limit=most)
        veil = self._run.veil.now()
        hidden = [row for row in rows if veil.of_url(row.url) is not None]
        catalogue.plan_rechecks([replace(row, due=now + _PUT_OFF) for row in hidden])
        return [row.url for row in rows if row not in hidden]

    def modified(self, said: Iterable[Discovery], how: str) -> list[Discovery]:
        """Mentions that sources call modified and that are to be followed at once.

        Where due articles are asked for (`how` is due), a source's word makes an article due,
        sooner or later by how often it was right: so it is not forgotten where a budget ends.
        """
        if how not in ("modified", "due"):
            return []
        found = list(said)
        if how == "modified":
            return found
        rows = self._run.catalogue.rechecks_of(self._run.outlet.id, [one.url for one in found])
        planned = []
        for one in found:
            row = rows.get(one.url)
            word = one.modified and min(one.modified, utcnow())  # some clocks go fast
            if row is not None and word is not None and word > row.checked:
                planned.append(self._plan.planned(replace(row, modified=word)))
        self._run.catalogue.plan_rechecks(planned)
        return [one for one in found if one.url not in rows]

    def answered(self, response: Response, request: Request) -> None:
        """Note whether a page or a source came, for what that says of others."""
        kind, good = purpose_of(request).kind, response.status in (200, 304)
        # A dead link of a feed says nothing of pages that were there.
        tells = AGAIN in request.meta or response.status not in (404, 410)
        if kind is CaptureKind.PAGE and tells:
            self._answers.page(_asked(request), good=good)
        elif kind in _SOURCES:
            self._answers.source(_asked(request), good=good)
        if AGAIN in request.meta:
            self._run.count("rechecks/bytes", request.meta.get("archiver_bytes", 0))
            self._run.count("rechecks/answers")

    def base_of(self, page: str) -> Capture | None:
        """The capture whose validators go with a check: one that was read as the article.

        That an error page is as it was is not to be taken for the article's being there.
        """
        base = self._run.catalogue.latest_capture(page)
        return base if base and base.extraction is ExtractionState.DONE else None

    def dropped(self, request: Request) -> None:
        """A redirect to what was asked in this run already, which Scrapy passes over."""
        page, final = request.meta.get(AGAIN), canonical_url(request.url)
        if page is None or not request.meta.get("redirect_urls"):
            return
        capture = request.meta.get("archiver_capture")  # that of the redirect
        if (away := leads_away(page, final, self._run.territory)) is not None:
            self.lost(page, Sight.SOFT, away, capture)
            return
        known = bool(self._run.catalogue.rechecks_of(self._run.outlet.id, [final]))
        joined = known and is_permanent(request.meta.get("redirect_reasons", ()))
        sight = Sight.MOVED if joined else Sight.FAILED
        seen = Sighting.of(page, sight, "redirect", capture, at=utcnow())
        self._elsewhere[page] = replace(seen, target=final) if joined else seen

    def unmodified(self, response: Response) -> None:
        """A 304: the article is as it was."""
        page = response.meta.get(AGAIN)
        row = self._row(page) if page is not None else None
        if page is not None and row is not None:
            self._run.count("rechecks/unmodified")
            capture = response.meta.get("archiver_capture")
            seen = Sighting.of(page, Sight.SAME, "unmodified", capture, at=utcnow())
            self._keep([self._judged(row, seen)], changed=False)

    def leads_away(self, response: Response, capture: Capture) -> bool:
        """Whether a known article's page redirects to the front page, say; noted where it does."""
        page = response.meta.get(AGAIN)
        if page is None:
            return False
        reason = leads_away(page, canonical_url(response.url), self._run.territory)
        if reason is not None:
            self._run.catalogue.set_extraction(capture, ExtractionState.NONE)
            self.lost(page, Sight.SOFT, reason, capture)
        return reason is not None

    def refused(self, response: Response, reason: str) -> None:
        """An answer that is no page."""
        page = response.meta.get(AGAIN)
        if page is not None:
            capture = response.meta.get("archiver_capture")
            self.lost(page, sight_of_status(response.status), reason, capture)

    def lost(self, page: str, sight: Sight, reason: str, capture: Capture | None) -> None:
        """An article did not come; judged at the end of the run."""
        self._answers.page(page, good=False)
        self._lost[page] = Sighting.of(page, sight, reason, capture, at=utcnow())

    def failed(self, request: Request, reason: str) -> None:
        """A request that had no answer."""
        page, capture = request.meta.get(AGAIN), request.meta.get("archiver_capture")
        kind = purpose_of(request).kind
        if page is not None:
            self.lost(page, Sight.FAILED, reason, capture)
        elif kind is CaptureKind.PAGE:
            self._answers.page(_asked(request), good=False)
        elif kind in _SOURCES:
            self._answers.source(_asked(request), good=False)

    def known(self, page: str) -> tuple[Recheck | None, Article | None]:
        """An article's place in the timetable, and what it said last."""
        row = self._row(page)
        return row, self._run.catalogue.newest_article(row.article_id) if row else None

    def saved(
        self,
        article: Article,
        came: Saved,
        *,
        capture: Capture,
        again: str | None = None,
        before: tuple[Recheck | None, Article | None] = (None, None),
        permanent: bool = False,
    ) -> None:
        """An article came: a new one, one asked for `again`, or another in its place."""
        row, known = before
        live = article.kind is ArticleKind.LIVEBLOG
        if row is None or again is None:
            own = self._row(article.url)
            if own is not None and own.due is None:
                place = self._plan.planned(replace(own, live_blog=live))
                self._run.catalogue.plan_rechecks([place])
            return
        sight, reason = access_sight(article, known, row.state), "came"
        if sight is Sight.WALLED:
            reason = article.access.evidence or "access"
        target = None
        if article.url != row.url and permanent:
            target, reason = article.url, "redirect"
            sight = Sight.CAME if came.article_id == row.article_id else Sight.MOVED
        elif came.article_id != row.article_id:
            sight = Sight.FAILED  # another page for now: it says nothing of this one
        seen = Sighting.of(again, sight, reason, capture, at=utcnow())
        self._run.count("rechecks/changed" if came.changed else "rechecks/same")
        fresh = replace(row, live_blog=live)
        self._keep([self._judged(fresh, replace(seen, target=target))], changed=came.changed)

    def end(self) -> None:
        """Judge what did not come, by how the outlet's other pages did; before the run ends."""
        found = self._elsewhere | self._lost
        rows = self._run.catalogue.rechecks_of(self._run.outlet.id, list(found))
        self._run.catalogue.add_aliases(
            self._run.outlet.id,
            [
                Alias(url=page, target=seen.target, rule=REDIRECT, first_seen=seen.at)
                for page, seen in self._elsewhere.items()
                if seen.target is not None
            ],
        )
        self._keep(
            [self._judged(row, found[page], rows) for page, row in rows.items()], changed=False
        )
        if self._plan.learned.checks:
            self._run.store.keep_edits(self._run.outlet.id, self._plan.learned)

    def _judged(
        self, row: Recheck, seen: Sighting, others: Mapping[str, Recheck] | None = None
    ) -> Verdict:
        away = [page for page, other in (others or {}).items() if other.state in AWAY]
        company = self._answers.company(seen.page, known_away=away)
        return verdict(row, seen, company, self._settings.recheck)

    def _keep(self, verdicts: Sequence[Verdict], *, changed: bool) -> None:
        """Keep new states and the next checks."""
        changes = [found.change for found in verdicts if found.change is not None]
        for change in changes:
            live = change.state == State.LIVE
            self._run.count(f"articles/{change.reason if live else change.state}")
        self._run.catalogue.change_states(changes)
        now = utcnow()
        self._run.catalogue.plan_rechecks(
            [
                self._plan.checked(found.row, now, changed=changed, told=found.told)
                for found in verdicts
            ]
        )

    def _row(self, page: str) -> Recheck | None:
        return self._run.catalogue.rechecks_of(self._run.outlet.id, [page]).get(page)


def _asked(request: Request) -> str:
    return canonical_url(request.meta.get("redirect_urls", [request.url])[0])


def rechecks_of(crawler: Crawler) -> Rechecks:
    """The crawl's own; it has one, as it has a run."""
    found = crawler.get_extension(Rechecks)
    assert found is not None, "the crawl's settings name it"  # noqa: S101 - for mypy
    return found
