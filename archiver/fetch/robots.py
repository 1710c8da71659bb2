"""robots.txt, asked at most once a day and host, obeyed as RFC 9309 says.

Scrapy's own middleware lets several requests wait on one Deferred, of which only the first to
wait is given the rules: the others pass unasked. It also takes a robots.txt that cannot be
reached as a permission, where RFC 9309 section 2.3.1.4 says the opposite.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http import Response
from scrapy.http.request import NO_CALLBACK

from archiver.fetch.manners import LEFT, Manners, NotNow
from archiver.fetch.purpose import KEY, Purpose
from archiver.fetch.robots_rules import Rules, expiry, read_text
from archiver.fetch.run import RunExtension
from archiver.model import Capture, CaptureKind, utcnow
from archiver.store.robots import KnownRobots

logger = logging.getLogger(__name__)

_PRIORITY = 1000
_REDIRECTS = 5  # that are followed (section 2.3.1.2)
_GIVEN_UP = timedelta(days=30)  # of being unreachable, and it counts as not there (2.3.1.4)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a host's robots.txt came to: its rules, or the word for why nothing may be asked.

    `record` is the WARC record that says so; `expires` is None for what holds in this run alone.
    """

    rules: Rules | None = None
    unreachable: str | None = None
    record: str | None = None
    expires: datetime | None = None


class RobotsMiddleware:
    """Asks a host's robots.txt before its first page, and refuses what it forbids.

    2xx: its rules hold. 3xx and 4xx that lead nowhere: everything is allowed (section 2.3.1.3).
    5xx, no answer: nothing is, in this run (section 2.3.1.4), until it has been so for 30 days;
    then the rules of before hold, or none. Requests whose meta has `dont_obey_robotstxt` pass.
    """

    def __init__(self, crawler: Crawler) -> None:
        self._crawler = crawler
        self._agent = str(
            crawler.settings["ROBOTSTXT_USER_AGENT"] or crawler.settings["USER_AGENT"]
        )
        self._verdicts: dict[str, asyncio.Task[Verdict]] = {}

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> RobotsMiddleware:
        """As Scrapy makes it; not at all where robots.txt is not to be obeyed."""
        if not crawler.settings.getbool("ROBOTSTXT_OBEY"):
            raise NotConfigured
        return cls(crawler)

    async def process_request(self, request: Request) -> None:
        """Let the request pass, or not.

        Raises:
            IgnoreRequest: it is forbidden, or robots.txt could not be asked;
                request.meta["archiver_error"] is the word for it.
        """
        if request.meta.get("dont_obey_robotstxt"):
            return
        parts = urlsplit(request.url)
        origin = f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}"
        verdict = await self._verdict(origin)
        if verdict.unreachable:
            request.meta["archiver_error"] = verdict.unreachable
            raise IgnoreRequest(f"{origin}/robots.txt cannot be reached ({verdict.unreachable})")
        if verdict.rules is not None and not verdict.rules.allows(request.url):
            request.meta["archiver_error"] = "robots"
            rule = verdict.rules.deciding(request.url) or "no rule that allows it"
            raise IgnoreRequest(f"{origin}/robots.txt, {rule} ({verdict.record or 'not kept'})")

    async def _verdict(self, origin: str) -> Verdict:
        known = self._verdicts.get(origin)
        if known is not None and known.done():
            expires = known.result().expires
            if expires is not None and expires <= utcnow():
                known = None
        if known is None:
            known = self._verdicts[origin] = asyncio.ensure_future(self._find(origin))
        # Shielded: a request that is cancelled must not take the others' answer with it.
        return known.result() if known.done() else await asyncio.shield(known)

    async def _find(self, origin: str) -> Verdict:
        """By what is remembered, or by asking."""
        run = self._crawler.get_extension(RunExtension)
        known = run.store.known_robots(origin) if run else None
        now = utcnow()
        if known is None or known.expires <= now or known.unreachable_since:
            response, error = await self._ask(f"{origin}/robots.txt")
            if error in LEFT:
                return Verdict(unreachable=error)
            known, verdict = judge(known, response, error, now)
            if run:
                run.store.keep_robots(origin, known)
            if verdict:
                return verdict
        rules = await asyncio.to_thread(Rules.of, known.rules or "", self._agent)
        manners = self._crawler.get_extension(Manners)
        if manners and rules.crawl_delay:
            manners.pace(urlsplit(origin).netloc, rules.crawl_delay)
        # What was not to be kept holds for this run.
        expires = known.expires if known.expires > now else None
        return Verdict(rules=rules, record=known.record, expires=expires)

    async def _ask(self, url: str) -> tuple[Response | None, str]:
        """The answer, or the word for why there is none."""
        # Said here, not told by the path: it may be redirected to another.
        purpose = Purpose(kind=CaptureKind.ROBOTS)
        meta = {"dont_obey_robotstxt": True, "redirect_ttl": _REDIRECTS, KEY: purpose}
        request = Request(url, priority=_PRIORITY, meta=meta, callback=NO_CALLBACK)
        engine = self._crawler.engine
        if engine is None:
            raise RuntimeError("robots.txt asked for before the crawl began")
        try:
            return await engine.download_async(request), ""
        except NotNow as error:
            return None, error.reason
        except IgnoreRequest:  # redirected for ever: no rules are to be found
            return None, "redirects"
        except Exception as error:  # noqa: BLE001 - whatever failed, the rules are unknown
            logger.info("%s: %s", url, error)
            return None, request.meta.get("archiver_error") or "robots-unreachable"


def judge(
    known: KnownRobots | None, response: Response | None, error: str, now: datetime
) -> tuple[KnownRobots, Verdict | None]:
    """What is to be remembered after an attempt, and the verdict where it is not by rules.

    `response` is None where there was none; `error` is the word for that.
    """
    if (response is not None and response.status < 500) or error == "redirects":
        good = response is not None and response.status < 300
        field = response.headers.get(b"Cache-Control") if response and good else None
        capture = response.meta.get("archiver_capture") if response else None
        return KnownRobots(
            rules=read_text(response.body) if response and good else "",
            fetched=now,
            expires=expiry(now, field),
            record=_place(capture) if isinstance(capture, Capture) else None,
        ), None
    if known is None:
        known = KnownRobots(rules=None, fetched=now, expires=now)
    since = known.unreachable_since or now
    known = replace(known, unreachable_since=since)
    if now - since >= _GIVEN_UP:
        return known, None
    return known, Verdict(unreachable=error or "robots-unreachable")


def _place(capture: Capture) -> str:
    return f"{capture.warc.file}:{capture.warc.offset} {capture.warc.record_id}"
