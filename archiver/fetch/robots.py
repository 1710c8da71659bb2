"""robots.txt, asked once a host and run, obeyed as RFC 9309 says.

Scrapy's own middleware lets several requests wait on one Deferred, of which only the first to
wait is given the rules: the others pass unasked. It also takes a robots.txt that cannot be
reached as a permission, where RFC 9309 section 2.3.1.4 says the opposite.
"""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from urllib.parse import urlsplit

from protego import Protego
from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest, NotConfigured
from scrapy.http.request import NO_CALLBACK

from archiver.fetch.manners import NotNow

logger = logging.getLogger(__name__)

_MAX_SIZE = 500 * 1024  # bytes that are read at least (RFC 9309 section 2.5)
_PRIORITY = 1000


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a host's robots.txt came to: its rules, or the word for why nothing may be asked."""

    rules: Protego | None = None
    unreachable: str | None = None


class RobotsMiddleware:
    """Asks a host's robots.txt before its first page, and refuses what it forbids.

    2xx: its rules hold. 3xx and 4xx that lead nowhere: everything is allowed (section 2.3.1.3).
    5xx, no answer: nothing is, in this run (section 2.3.1.4). Requests whose meta has
    `dont_obey_robotstxt` pass.
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
        host = f"{parts.scheme}://{parts.netloc}"
        if host not in self._verdicts:
            self._verdicts[host] = asyncio.ensure_future(self._ask(f"{host}/robots.txt"))
        answer = self._verdicts[host]
        # Shielded: a request that is cancelled must not take the others' answer with it.
        verdict = answer.result() if answer.done() else await asyncio.shield(answer)
        if verdict.unreachable:
            request.meta["archiver_error"] = verdict.unreachable
            raise IgnoreRequest(f"{host}/robots.txt cannot be reached ({verdict.unreachable})")
        if verdict.rules is not None and not verdict.rules.can_fetch(request.url, self._agent):
            request.meta["archiver_error"] = "robots"
            raise IgnoreRequest(f"{host}/robots.txt forbids {request.url}")

    async def _ask(self, url: str) -> Verdict:
        request = Request(
            url, priority=_PRIORITY, meta={"dont_obey_robotstxt": True}, callback=NO_CALLBACK
        )
        engine = self._crawler.engine
        if engine is None:
            raise RuntimeError("robots.txt asked for before the crawl began")
        try:
            response = await engine.download_async(request)
        except NotNow as error:
            return Verdict(unreachable=error.reason)
        except IgnoreRequest:  # redirected for ever: no rules are to be found
            return Verdict()
        except Exception as error:  # noqa: BLE001 - whatever failed, the rules are unknown
            logger.info("%s: %s", url, error)
            return Verdict(unreachable=request.meta.get("archiver_error") or "robots-unreachable")
        if response.status >= 500:
            return Verdict(unreachable="robots-unreachable")
        if response.status >= 300:
            return Verdict()
        text = response.body[:_MAX_SIZE].decode("utf-8", "replace")
        return Verdict(rules=Protego.parse(text))
