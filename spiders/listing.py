"""Reading a source with the parser that fits its kind."""

from __future__ import annotations

from datetime import datetime

from scrapy.http import Response

from archiver.discover.autodiscovery import websub_of_headers
from archiver.discover.candidates import is_candidate
from archiver.discover.feeds import parse_feed
from archiver.discover.listing import Listing
from archiver.discover.requisites import page_requisites, style_requisites
from archiver.discover.sections import parse_section
from archiver.discover.shapes import Learned
from archiver.discover.sitemaps import parse_sitemap
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


def requisites_of(response: Response) -> tuple[str, ...]:
    """What an HTML page or a style sheet needs to be seen; nothing of other answers."""
    given = response.headers.get(b"Content-Type")
    content_type = given.decode("latin-1") if given else ""
    if "html" in content_type.lower():
        return page_requisites(response.body, url=response.url, content_type=content_type)
    if "css" in content_type.lower():
        return style_requisites(response.body, url=response.url, content_type=content_type)
    return ()


def wanted(listing: Listing, outlet: Outlet) -> list[Discovery]:
    """The mentions that are this outlet's articles, by its hosts and URL rules."""
    return [seen for seen in listing.discoveries if is_candidate(seen.url, outlet)]
