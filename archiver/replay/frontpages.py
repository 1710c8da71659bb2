"""Which page is an outlet's front page, and how it stood on a day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from urllib.parse import urlsplit

from archiver.model import Capture, Outlet
from archiver.replay.stored import Stored, is_memento
from archiver.store.days import DAY, start_of
from archiver.store.spans import IndexRow

_NOON = timedelta(hours=12)
_MOST = 300  # captures of one day that are looked at: one every five minutes


@dataclass(frozen=True, kw_only=True, slots=True)
class FrontPage:
    """An outlet's front page on a day, oldest capture first.

    `chosen` is the one nearest to noon. Where there is none of that day, `before` and `after` are
    the nearest of other days, and `unchanged` counts answers (304) that it is as before. `url` is
    None where all that there is of it was taken down.
    """

    url: str | None
    captures: Sequence[Capture] = ()
    chosen: Capture | None = None
    before: IndexRow | None = None
    after: IndexRow | None = None
    unchanged: int = 0


class FrontPages:
    """Finds the front pages of outlets.

    Args:
        stored: the archive.
        outlets: gives what the seed files say, by outlet; an archive may be without them.
    """

    def __init__(self, stored: Stored, outlets: Callable[[], Mapping[str, Outlet]]) -> None:
        self._stored = stored
        self._outlets = outlets

    def name_of(self, outlet: str) -> str:
        """What an outlet is called: by its seed file, or else its id."""
        known = self._outlets().get(outlet)
        return known.name if known else outlet

    def url_of(self, outlet: str) -> str | None:
        """The front page's URL: the seed file's word, or else what the archive suggests.

        That is the shortest of the pages that are read for new articles where it is above all
        of the others, or else the top of the site of the article seen last.
        """
        known = self._outlets().get(outlet)
        if known is not None:
            return known.homepage
        catalogue = self._stored.catalogue
        sections = catalogue.section_sources(outlet)
        if sections and all(url.startswith(sections[0]) for url in sections):
            return sections[0]
        for row in catalogue.article_list(outlet, limit=1):
            parts = urlsplit(row.url)
            return f"{parts.scheme}://{parts.netloc}/"
        return None

    def on(self, url: str, day: date) -> FrontPage:
        """How a front page stood on a day: whole pages first, any other answer where none was."""
        if self._stored.withheld(url):
            return FrontPage(url=None)
        since = start_of(day)
        noon = since + _NOON
        found = self._stored.catalogue.captures_before(url, since + DAY, since=since, limit=_MOST)
        usable = [one for one in reversed(found) if is_memento(one)]
        whole = [one for one in usable if one.status == 200] or usable
        if whole:
            chosen = min(whole, key=lambda one: abs(one.captured_at - noon))
            return FrontPage(url=url, captures=whole, chosen=chosen)
        around = self._stored.around(url, noon)
        unchanged = sum(one.status == 304 for one in found)
        return FrontPage(url=url, before=around.prev, after=around.next, unchanged=unchanged)
