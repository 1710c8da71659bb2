"""Reading a source with the parser that fits its kind."""

from __future__ import annotations

from collections import Counter
from datetime import datetime

from scrapy.http import Response

from archiver.discover.autodiscovery import websub_of_headers
from archiver.discover.candidates import refusal_of
from archiver.discover.feeds import parse_feed
from archiver.discover.listing import Listing
from archiver.discover.requisites import page_requisites, style_requisites
from archiver.discover.sections import parse_section
from archiver.discover.shapes import Learned
from archiver.discover.sitemaps import parse_sitemap
from archiver.discover.traps import trap_of
from archiver.model import Discovery, Outlet, Source, SourceKind


def read_listing(
    response: Response, source: Source, outlet: Outlet, now: datetime, learned: Learned
) -> Listing:
    """What a source's answer mentions. Pure, and slow on long listings: call it off the loop.

    Raises:
        DiscoveryError: where the body is no such listing.
    """
    given = response.headers.get(b"Content-Type")
    content_type = given.decode("latin-1") if given else None
    if source.kind is SourceKind.FEED:
        return parse_feed(
            response.body,
            url=response.url,
            outlet=outlet.id,
            found_at=now,
            content_type=content_type,
        )
    if source.kind is SourceKind.SITEMAP:
        return parse_sitemap(response.body, url=response.url, outlet=outlet.id, found_at=now)
    return parse_section(
        response.body,
        url=response.url,
        outlet=outlet,
        found_at=now,
        content_type=content_type,
        learned=learned,
    )


def hubs_of(response: Response, listing: Listing) -> tuple[tuple[str, ...], str]:
    """WebSub hubs of a source, and the topic to ask them for: by header, else by the listing."""
    fields = [field.decode("latin-1") for field in response.headers.getlist(b"Link")]
    hubs, topic = websub_of_headers(fields, url=response.url)
    about = listing.about
    return hubs or about.hubs, topic or about.topic or response.url


def requisites_of(response: Response, wanted: str) -> tuple[str, ...]:
    """What an HTML page or a style sheet needs to be seen; nothing of other answers.

    `wanted` is `crawl.requisites`: all, images or none.
    """
    if wanted == "none":
        return ()
    given = response.headers.get(b"Content-Type")
    content_type = given.decode("latin-1") if given else ""
    if "html" in content_type.lower():
        return page_requisites(
            response.body,
            url=response.url,
            content_type=content_type,
            pictures_only=wanted == "images",
        )
    if "css" in content_type.lower():
        return style_requisites(response.body, url=response.url, content_type=content_type)
    return ()


def wanted(listing: Listing, outlet: Outlet, now: datetime) -> tuple[list[Discovery], Counter[str]]:
    """The mentions that are this outlet's articles, and how many are not, by reason.

    See `no_article`.
    """
    found, refused = [], Counter[str]()
    for seen in listing.discoveries:
        reason = no_article(seen.url, outlet, now)
        if reason is None:
            found.append(seen)
        else:
            refused[reason] += 1
    return found, refused


def no_article(url: str, outlet: Outlet, now: datetime) -> str | None:
    """Why a URL is none of the outlet's articles, or looks like a trap; None where it may be one.

    What an `article_include` finds is never taken for a trap.
    """
    reason = refusal_of(url, outlet)
    if reason is None and not outlet.article_include:
        reason = trap_of(url, now=now)
    return reason
