"""What an answer is, whatever its address and type say: feed, sitemap, list of feeds or page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from archiver.discover.feeds import parse_feed
from archiver.discover.listing import Listing
from archiver.discover.markup import MAX_BYTES, decode, unpack
from archiver.discover.opml import is_opml
from archiver.discover.sections import parse_section
from archiver.discover.sitemaps import parse_sitemap
from archiver.errors import DiscoveryError
from archiver.model import Outlet, SourceKind


@dataclass(frozen=True, kw_only=True, slots=True)
class Identified:
    """A listing and its kind; `opml` for a list of feeds, which is no listing itself."""

    kind: SourceKind | None
    listing: Listing
    opml: bool = False


def identify(
    body: bytes, *, url: str, outlet: Outlet, found_at: datetime, content_type: str | None = None
) -> Identified:
    """Read an answer as what it is.

    Raises:
        DiscoveryError: it is neither feed nor sitemap, OPML or HTML page.
    """
    start = decode(unpack(body, MAX_BYTES)[:4096], content_type).lstrip()[:4096]
    if is_opml(start):
        return Identified(kind=None, listing=Listing(), opml=True)
    if start.startswith("{"):
        feed = parse_feed(
            body, url=url, outlet=outlet.id, found_at=found_at, content_type=content_type
        )
        return Identified(kind=SourceKind.FEED, listing=feed)
    try:
        listing = parse_sitemap(
            body, url=url, outlet=outlet.id, found_at=found_at, content_type=content_type
        )
    except DiscoveryError:
        page = parse_section(
            body, url=url, outlet=outlet, found_at=found_at, content_type=content_type
        )
        return Identified(kind=SourceKind.SECTION, listing=page)
    is_sitemap = "sitemap" in (listing.about.format or "sitemap")
    return Identified(kind=SourceKind.SITEMAP if is_sitemap else SourceKind.FEED, listing=listing)
