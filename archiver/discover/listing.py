"""What a feed, sitemap or section page says: article URLs, and where to look further."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from urllib.parse import urljoin

from archiver.discover.dates import parse_date
from archiver.model import Discovery, Problem, SourceKind
from archiver.urls import canonical_url

MAX_PROBLEMS = (
    100  # of a reason in one listing: a million broken items are one fault, not a million
)
MAX_ITEMS = 50_000  # that are read of one listing: the sitemap protocol's own limit
MAX_URL = 2048  # characters, as in the sitemap protocol
NEVER = datetime.min.replace(tzinfo=UTC)  # undated: after all that are dated
_UNPRINTABLE = dict.fromkeys((*range(9), *range(14, 32), 127))  # databases refuse NUL
_MAX_WORDS = 2000  # characters kept of a guid or title


@dataclass(frozen=True, kw_only=True, slots=True)
class About:
    """What a listing says of itself.

    `format` is rss-VERSION, atom-VERSION, json-feed-VERSION, sitemap, news-sitemap, text-sitemap,
    sitemap-index or html. `site` is the page that it belongs to, `language` a BCP 47 tag in its
    own words. `hubs` and `topic` are WebSub's rel="hub" and rel="self" (W3C WebSub section 4).
    """

    format: str | None = None
    title: str | None = None
    language: str | None = None
    site: str | None = None
    hubs: tuple[str, ...] = ()
    topic: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Listing:
    """All that was read from one listing; nothing here was fetched or checked.

    `discoveries` have canonical URLs, each once: sitemaps newest first, others in the source's
    order. `problems` have stage "discover" and one of the reasons item-no-link, item-bad-link,
    item-bad-date (the item is kept), truncated-xml, broken-xml, too-large and too-many-items (what
    could be read is there), empty. `sitemaps` are the children of a sitemap index, newest first.
    `feeds` are those that a page names, `sections` the lists that it links to; `next_page`
    continues a paged listing (RFC 5005, JSON Feed, a section's page 2).
    """

    discoveries: tuple[Discovery, ...] = ()
    problems: tuple[Problem, ...] = ()
    sitemaps: tuple[str, ...] = ()
    feeds: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    next_page: str | None = None
    about: About = field(default_factory=About)


def absolute(base: str, link: str) -> str:
    """`link`, which may be relative to `base`, made absolute.

    Raises:
        ValueError: where it is no usable URL.
    """
    link = link.strip()
    if len(link) > MAX_URL:
        raise ValueError(f"a URL of {len(link)} characters")
    return link if link.startswith(("http://", "https://")) else urljoin(base, link)


def join_url(base: str, link: str) -> str | None:
    """`link` made absolute, or None where it is no usable http or https URL."""
    try:
        joined = absolute(base, link)
        canonical_url(joined)
    except ValueError:
        return None
    return joined


def words(text: str | None) -> str | None:
    """`text` fit to be stored: white space made single, nothing unprintable, and no end of it.

    None where nothing is left.
    """
    if not text:
        return None
    storable = text.encode("utf-8", "ignore").decode().translate(_UNPRINTABLE)
    return " ".join(storable.split())[:_MAX_WORDS] or None


@dataclass(kw_only=True)
class Collector:
    """Gathers a listing: joins mentions of one URL (the first wins), notes what cannot be read."""

    source_url: str
    outlet: str
    via: SourceKind
    found_at: datetime
    found: dict[str, Discovery] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    _times: Counter[str] = field(default_factory=Counter)  # that a problem was noted, by reason
    _items: int = 0

    def room(self) -> bool:
        """Whether one more item may be read; where not, that is a problem of the listing."""
        self._items += 1
        if self._items > MAX_ITEMS:
            self.problem("too-many-items", f"more than {MAX_ITEMS} items; the first were read")
            return False
        return True

    def problem(self, reason: str, detail: str | None = None) -> None:
        """Note a problem of the listing; of each reason the first hundred are kept."""
        self._times[reason] += 1
        if self._times[reason] <= MAX_PROBLEMS:
            self.problems.append(
                Problem(
                    stage="discover",
                    reason=reason,
                    url=self.source_url,
                    at=self.found_at,
                    detail=(words(detail) or "")[:300] or None,
                )
            )

    def date(self, raw: str | None) -> datetime | None:
        """The moment that `raw` names; one that cannot be read is a problem, and None."""
        moment = parse_date(raw) if raw else None
        if raw and moment is None:
            self.problem("item-bad-date", raw)
        return moment

    def listing(
        self,
        *,
        newest_first: bool = False,
        sitemaps: Iterable[str] = (),
        feeds: Iterable[str] = (),
        sections: Iterable[str] = (),
        next_page: str | None = None,
        about: About | None = None,
    ) -> Listing:
        """The finished listing. One that leads nowhere has the problem "empty"."""
        discoveries = list(self.found.values())
        if newest_first:
            discoveries.sort(key=lambda one: one.published or one.modified or NEVER, reverse=True)
        sitemaps = tuple(dict.fromkeys(sitemaps))
        if not discoveries and not sitemaps:
            self.problem("empty")
        return Listing(
            discoveries=tuple(discoveries),
            problems=tuple(self.problems),
            sitemaps=sitemaps,
            feeds=tuple(dict.fromkeys(feeds)),
            sections=tuple(dict.fromkeys(sections)),
            next_page=next_page,
            about=about or About(),
        )

    def add(
        self,
        link: str | None,
        *,
        base: str | None = None,
        guid: str | None = None,
        title: str | None = None,
        published: str | None = None,
        modified: str | None = None,
    ) -> None:
        """Take one item; dates are the source's own text. Without a usable link it is a problem."""
        guid, title = words(guid), words(title)
        if not link or not link.strip():
            self.problem("item-no-link", title or guid)
            return
        try:
            whole = absolute(base or self.source_url, link)
            url = canonical_url(whole)
        except ValueError as error:
            self.problem("item-bad-link", f"{link.strip()[:200]!r}: {error}")
            return
        known = self.found.get(url)
        if known is not None:
            if title and not known.title:  # such as a picture's link before the headline's
                self.found[url] = replace(known, title=title)
            return
        self.found[url] = Discovery(
            url=url,
            outlet=self.outlet,
            via=self.via,
            source_url=self.source_url,
            found_at=self.found_at,
            guid=guid,
            title=title,
            published_raw=words(published or modified),
            published=self.date(published),
            modified=self.date(modified),
            link=whole if whole != url else None,
        )
