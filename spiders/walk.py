"""How far a run follows sources that name further sources: sitemap indexes, pages of lists."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from archiver.discover.listing import Listing
from archiver.model import Source, SourceKind
from archiver.urls import canonical_url

MAX_DEPTH = 3  # indexes above a sitemap; the protocol has one (sitemaps.org, "index files")
MAX_CHILDREN = 20  # of one index and run; the newest come first
MAX_SITEMAPS = 100  # that a run follows in all, beside those that the seed names


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """A source to ask, and those through which it was reached, the seed's own first."""

    source: Source
    way: tuple[str, ...] = ()
    page: int = 1  # of a list that goes on


@dataclass(kw_only=True)
class Walk:
    """What a run has asked of sources, so that it ends whatever they name."""

    asked: set[str] = field(default_factory=set)
    followed: int = 0

    def enter(self, source: Source) -> bool:
        """Note that a source is asked; False where it was already."""
        url = canonical_url(source.url)
        if url in self.asked:
            return False
        self.asked.add(url)
        return True

    def following(self, listing: Listing, step: Step, *, new: int, pages: int) -> Step | None:
        """The next page of a list, while there are fewer than `pages` and each brought new ones."""
        if listing.next_page is None or not new or step.page >= pages:
            return None
        source = Source(kind=step.source.kind, url=listing.next_page)
        return Step(source=source, way=step.way, page=step.page + 1)

    def children(self, listing: Listing, step: Step) -> Iterator[Step | tuple[str, str, str]]:
        """The sitemaps of an index to ask next, or why not: reason, URL, detail.

        Reasons: sitemap-circle (it stands above itself), sitemaps-too-deep, too-many-sitemaps.
        What was asked in another way already is passed over.
        """
        way = (*step.way, canonical_url(step.source.url))
        if listing.sitemaps and len(way) > MAX_DEPTH:
            detail = f"{len(listing.sitemaps)} sitemaps below {len(way)} indexes"
            yield "sitemaps-too-deep", step.source.url, detail
            return
        for child in listing.sitemaps[:MAX_CHILDREN]:
            url = canonical_url(child)
            if url in way:
                yield "sitemap-circle", child, f"named by {step.source.url}, which is below it"
            elif url in self.asked:
                continue
            elif self.followed >= MAX_SITEMAPS:
                yield "too-many-sitemaps", step.source.url, f"more than {MAX_SITEMAPS} in one run"
                return
            else:
                self.followed += 1
                yield Step(source=Source(kind=SourceKind.SITEMAP, url=child), way=way)
