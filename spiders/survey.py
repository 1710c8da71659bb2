"""A spider that looks at an outlet's sources: those that a seed names, or all that can be found."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urljoin

import scrapy
from scrapy import Request
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from archiver.discover.autodiscovery import (
    common_feeds,
    common_sitemaps,
    feed_anchors,
    sitemaps_of_robots,
)
from archiver.discover.candidates import bare_host, is_own
from archiver.discover.html import html_tree
from archiver.discover.identify import Identified, identify
from archiver.discover.markup import decode
from archiver.discover.masthead import masthead
from archiver.discover.opml import by_site, parse_opml
from archiver.discover.survey import (
    Finding,
    Verdict,
    chosen,
    read,
    refused,
    unanswered,
    without_doubles,
)
from archiver.errors import DiscoveryError
from archiver.fetch.purpose import KEY, Purpose
from archiver.model import CaptureKind, Outlet, Source, SourceKind, utcnow
from archiver.urls import host_of
from spiders.failures import reason_of
from spiders.report import finding_to_json
from spiders.walk import Step

MAX_SECTIONS = 10  # of the navigation that are looked at
MAX_CHILDREN = 5  # of a sitemap index that are looked at
MAX_SOURCES = 60
_FEW = 5  # links to articles that a section page has at least
_FOR_GOOD = frozenset({301, 308})
_OFTEN = 0.3  # of a source's items on a host that is not the outlet's: then it is


@dataclass(frozen=True, kw_only=True, slots=True)
class Answered:
    """A request that was answered: with what, or with which problem's reason it was not."""

    url: str
    response: Response | None = None
    word: str = ""


class SurveySpider(scrapy.Spider):
    """Asks each source once, archives what it answers, and writes a report.

    `order`: `url` to begin with (none: only what the outlet's seed names), `feeds` that are known,
    `stale_days`. The report is a JSON document: findings, and where a url was given the homepage,
    masthead and hosts, or the `sites` of an OPML list.
    """

    outlet: ClassVar[Outlet]
    order: ClassVar[dict[str, Any]]
    report: ClassVar[Path]

    async def start(self) -> AsyncIterator[Any]:
        """All of it: nothing is left to the scheduler, so that the order of questions is plain."""
        url = self.order.get("url")
        if url:
            document = await self._find(url)
        else:
            found = await self._look_at(
                [(Step(source=source), "seed") for source in self.outlet.sources]
            )
            document = {"findings": self._told(found)}
        self.report.write_text(json.dumps(document), encoding="utf-8")
        left: tuple[Request, ...] = ()  # but an asynchronous generator is what Scrapy asks for
        for request in left:
            yield request

    async def _find(self, url: str) -> dict[str, Any]:
        first = await self._ask(url, CaptureKind.OTHER)
        if first.response is None or first.response.status != 200:
            return {"findings": self._told([self._unread(first, None, "given")])}
        try:
            given = await self._identify(first.response)
        except DiscoveryError as error:
            failed = refused(url, None, "given", word=str(error.what))
            return {"findings": self._told([failed])}
        if given.opml:
            sites = by_site(parse_opml(first.response.body, url=first.response.url))
            return {"sites": [[site.homepage, site.title, list(site.feeds)] for site in sites]}
        if given.kind is SourceKind.SECTION:
            return await self._around(first.response, given, given, first.response.url)
        site = given.listing.about.site or urljoin(first.response.url, "/")
        answer = await self._ask(site, CaptureKind.SECTION)
        home, page = await self._homepage(answer, first.response)
        return await self._around(home, page, given, first.response.url)

    async def _homepage(
        self, answer: Answered, instead: Response
    ) -> tuple[Response, Identified | None]:
        if answer.response is None or answer.response.status != 200:
            return instead, None
        try:
            return answer.response, await self._identify(answer.response)
        except DiscoveryError:
            return instead, None

    async def _around(
        self, home: Response, page: Identified | None, given: Identified, url: str
    ) -> dict[str, Any]:
        """Whatever there is beside a homepage."""
        homepage = home.url if page else urljoin(home.url, "/")
        tree = html_tree(decode(home.body)) if page else None
        asked: dict[str, tuple[Step, str]] = {}

        def add(kind: SourceKind, urls: Iterable[str], how: str) -> None:
            for one in urls:
                if len(asked) < MAX_SOURCES:
                    asked.setdefault(one, (Step(source=Source(kind=kind, url=one)), how))

        if given.kind is not None:
            add(given.kind, [url], "given")
        add(SourceKind.FEED, self.order.get("feeds", ()), "given")
        if page and tree is not None:
            add(SourceKind.FEED, page.listing.feeds, "page")
            add(SourceKind.FEED, feed_anchors(tree, home.url), "page")
            add(SourceKind.SITEMAP, page.listing.sitemaps, "page")
        robots = await self._ask(urljoin(homepage, "/robots.txt"), CaptureKind.ROBOTS)
        if robots.response is not None and robots.response.status == 200:
            named = sitemaps_of_robots(robots.response.body, url=robots.response.url)
            add(SourceKind.SITEMAP, named, "robots.txt")
        kinds = {step.source.kind for step, _ in asked.values()}
        guessed = set[str]()
        if SourceKind.FEED not in kinds:
            guessed.update(common_feeds(homepage))
            add(SourceKind.FEED, common_feeds(homepage), "usual place")
        if SourceKind.SITEMAP not in kinds:
            guessed.update(common_sitemaps(homepage))
            add(SourceKind.SITEMAP, common_sitemaps(homepage), "usual place")
        if page:
            add(SourceKind.SECTION, [homepage], "page")
            sections = [one for one in page.listing.sections if one != homepage]
            add(SourceKind.SECTION, sections[:MAX_SECTIONS], "navigation")
        found = await self._look_at(list(asked.values()))
        good = [one for one in found if one.verdict is Verdict.ALIVE or one.url not in guessed]
        good = [one for one in good if not (_is_section(one) and one.items < _FEW)]
        heads = masthead(tree, homepage=homepage, languages=(one.language for one in good))
        return {
            "homepage": homepage,
            "name": heads.name,
            "language": heads.language,
            "country": heads.country,
            "timezone": heads.timezone,
            "hosts": self._hosts(good, homepage),
            "findings": self._told(good, {one.url for one in chosen(good)}),
        }

    async def _look_at(self, asked: Sequence[tuple[Step, str]]) -> list[Finding]:
        """The findings of sources, in the order in which they were given; doubles are marked."""
        answers = await asyncio.gather(*(self._finding(step, how) for step, how in asked))
        return without_doubles(one for several in answers for one in several)

    async def _finding(self, step: Step, how: str) -> list[Finding]:
        """What a source is; of a sitemap index that was found, some of its sitemaps too."""
        url, kind = step.source.url, step.source.kind
        answer = await self._ask(url, CaptureKind(kind.value))
        if answer.response is None or answer.response.status != 200:
            return [self._unread(answer, kind, how)]
        try:
            known = await self._identify(answer.response)
        except DiscoveryError as error:
            what = Verdict.NOT_A_SOURCE
            return [Finding(url=url, kind=kind, verdict=what, reason=error.what, how=how)]
        if known.kind is None:
            reason = "not a feed but an OPML list"
            return [
                Finding(url=url, kind=kind, verdict=Verdict.NOT_A_SOURCE, reason=reason, how=how)
            ]
        found = read(
            url,
            known.kind,
            how,
            known.listing,
            now=utcnow(),
            stale_after=timedelta(days=self.order.get("stale_days", 30)),
            expected=kind,
            moved_to=_moved(answer.response),
        )
        if not self.order.get("url") or step.way or not known.listing.sitemaps:
            return [found]
        names = sorted(known.listing.sitemaps, key=lambda name: "news" not in name.lower())
        children = await asyncio.gather(
            *(
                self._finding(
                    Step(source=Source(kind=SourceKind.SITEMAP, url=child), way=(url,)), "index"
                )
                for child in names[:MAX_CHILDREN]
            )
        )
        # An index stands for its sitemaps, but not for a news sitemap among them.
        below = [one for several in children for one in several]
        return [found, *(one for one in below if one.format == "news-sitemap")]

    async def _identify(self, response: Response) -> Identified:
        given = response.headers.get(b"Content-Type")
        return await asyncio.to_thread(
            identify,
            response.body,
            url=response.url,
            outlet=self.outlet,
            found_at=utcnow(),
            content_type=given.decode("latin-1") if given else None,
        )

    async def _ask(self, url: str, kind: CaptureKind) -> Answered:
        """One question, through all that politeness and the guard ask for."""
        engine = self.crawler.engine
        if engine is None:
            raise RuntimeError("asked before the crawl began")
        request = Request(url, callback=NO_CALLBACK, meta={KEY: Purpose(kind=kind)})
        if kind is CaptureKind.ROBOTS:
            request.meta["dont_obey_robotstxt"] = True
        try:
            return Answered(url=url, response=await engine.download_async(request))
        except Exception as error:  # noqa: BLE001 - whatever failed is a finding of this source
            return Answered(url=url, word=reason_of(request, error))

    def _unread(self, answer: Answered, kind: SourceKind | None, how: str) -> Finding:
        if answer.response is None:
            return refused(answer.url, kind, how, word=answer.word)
        return unanswered(answer.url, kind, how, status=answer.response.status)

    def _told(
        self, findings: Iterable[Finding], taken: Collection[str] = ()
    ) -> list[dict[str, Any]]:
        return [{**finding_to_json(one), "taken": one.url in taken} for one in findings]

    def _hosts(self, findings: Iterable[Finding], homepage: str) -> list[str]:
        """Hosts beside the homepage's on which a good part of a source's items is."""
        provisional = Outlet(id="x", name="x", homepage=homepage, sources=())
        hosts: dict[str, None] = {}
        for one in findings:
            if one.verdict is not Verdict.ALIVE or not one.links:
                continue
            others = Counter(host_of(url) for url in one.links if not is_own(url, provisional))
            for host, count in others.most_common(3):
                if count >= _OFTEN * len(one.links):
                    hosts[bare_host(host)] = None
        return sorted(hosts)


def _moved(response: Response) -> str | None:
    """Where an address has moved to for good (301 and 308: RFC 9110 section 15.4)."""
    reasons = response.meta.get("redirect_reasons", ())
    return response.url if reasons and _FOR_GOOD.issuperset(reasons) else None


def _is_section(one: Finding) -> bool:
    return one.kind is SourceKind.SECTION and one.verdict in (Verdict.ALIVE, Verdict.EMPTY)
