"""Crawls of an archive in the place of the network: what their arguments mean."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, MutableMapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from scrapy import signals
from scrapy.crawler import Crawler

from archiver.config.load import Loaded
from archiver.config.sources import SCRATCH_VARIABLE
from archiver.errors import UsageError
from archiver.fetch.run import RunExtension
from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.identity import key_of_spelling
from spiders.listing import no_article

if TYPE_CHECKING:
    from archiver.fetch.archived import Archived

PAGES = ("listed", "all")
_ARGUMENTS = ("from", "at", "pages")
_PRIORITY = "cmdline"  # above what the outlet's seed says
_DIGITS = re.compile(r"[0-9]{4}(?:[0-9]{2}){0,5}")
_EARLIEST = "00000101000000"
_YEAR, _MONTH = 4, 6  # digits that name one
_UNITS = {
    8: timedelta(days=1),
    10: timedelta(hours=1),
    12: timedelta(minutes=1),
    14: timedelta(seconds=1),
}


def go_offline(crawler: Crawler, arguments: MutableMapping[str, Any]) -> None:
    """Take `from`, `at` and `pages` out of a spider's arguments, and do as they say.

    Without `from` nothing happens, nor where it has been done. `from`: a working folder, or WARC
    files and folders of such, with a colon between. `at`: see `last_moment`. `pages`: listed (by
    the outlet's sources) or all that the archive has.

    Raises:
        UsageError, NoArchiveError, and what else opening the archive raises.
    """
    given = {name: str(arguments.pop(name)) for name in _ARGUMENTS if name in arguments}
    if crawler.settings["ARCHIVER_FROM"] is not None or not given:
        return
    # Slow, and seldom needed.
    from archiver.fetch.archives import open_archived
    from archiver.fetch.offline import archive_settings

    if not given.get("from"):
        raise UsageError("at and pages are for crawls of an archive", todo="Add from=ARCHIVE.")
    if given.get("pages", "listed") not in PAGES:
        raise UsageError(f"give one of {', '.join(PAGES)}", thing=f"pages={given['pages']}")
    if arguments.setdefault("recheck", "none") != "none":
        raise UsageError(
            "an archive has one answer for each page", thing=f"recheck={arguments['recheck']}"
        )
    until = last_moment(given["at"]) if given.get("at") else None
    loaded: Loaded = crawler.settings["ARCHIVER_LOADED"]
    # Removed at the latest when the process ends.
    made = TemporaryDirectory(prefix="archiver-offline-", ignore_cleanup_errors=True)
    scratch = Path(made.name)
    place = given["from"]
    places = [place] if Path(place).exists() else place.split(os.pathsep)
    everything = given.get("pages") == "all"  # also articles that are gone by now
    archived = open_archived(
        places, loaded=loaded, scratch=scratch, until=until, good_first=everything
    )
    kept = os.environ.get(SCRATCH_VARIABLE)
    home = Path(kept, str(crawler.spidercls.name)) if kept else scratch
    for name, value in archive_settings(crawler.settings, archived, home).items():
        crawler.settings.set(name, value, priority=_PRIORITY)
    crawler.settings.set("ARCHIVER_PAGES", given.get("pages", "listed"), priority=_PRIORITY)

    def stopped() -> None:
        archived.close()
        made.cleanup()

    crawler.signals.connect(stopped, signal=signals.engine_stopped, weak=False)


def last_moment(text: str) -> datetime:
    """The end of the second, minute, hour, day, month or year that 14, 12, … 4 digits name.

    Also of a date or a moment as ISO 8601 writes it, in UTC where it says no zone.

    Raises:
        UsageError: it is none.
    """
    try:
        if not _DIGITS.fullmatch(text):
            return _iso(text)
        first = datetime.strptime(text + _EARLIEST[len(text) :], "%Y%m%d%H%M%S")
        return (_after(first, len(text)) - timedelta(microseconds=1)).replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        todo = "Write YYYYMMDDhhmmss, or fewer digits, or a date such as 2026-03-05T12:00."
        raise UsageError("is no moment", thing=f"at={text}", todo=todo) from None


def _after(first: datetime, digits: int) -> datetime:
    """What comes after the year, month, … that so many digits name, and that begins at `first`."""
    if digits == _YEAR:
        return first.replace(year=first.year + 1)
    if digits == _MONTH:
        return (first + timedelta(days=31)).replace(day=1)
    return first + _UNITS[digits]


def _iso(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if len(text) == len("2026-03-05"):
        found += timedelta(days=1, microseconds=-1)
    return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)


def archive_of(crawler: Crawler) -> Archived | None:
    """The archive that answers in this crawl; None where the network does."""
    found: Archived | None = crawler.settings["ARCHIVER_FROM"]
    return found


def memory_of(crawler: Crawler, run: RunExtension) -> Catalogue:
    """The catalogue that knows what was learned of an outlet: the archive's, in a crawl of one."""
    archived = archive_of(crawler)
    return archived.catalogue if archived is not None else run.catalogue


def all_pages(crawler: Crawler, run: RunExtension) -> Iterator[str] | None:
    """All pages of an archive that are the outlet's articles by its rules; others are counted.

    None where the crawl is not of an archive, or goes by the outlet's sources.
    """
    archived = archive_of(crawler)
    if archived is None or crawler.settings["ARCHIVER_PAGES"] != "all":
        return None
    return _pages(archived, run)


def _pages(archived: Archived, run: RunExtension) -> Iterator[str]:
    now = utcnow()
    for url in archived.pages(run.outlet):
        if key_of_spelling(url) in run.territory.listings:
            continue
        reason = no_article(url, run.outlet, now)
        if reason is None:
            yield url
        else:
            run.refuse(reason)
