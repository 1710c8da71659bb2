"""When an article was published and modified: every candidate with its source, one chosen.

JSON-LD before meta elements before visible time elements; htmldate where none of them has a
day, and a line that the page shows where none has a time. The page's own offset is kept, because
it is information of its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from email.utils import parsedate_to_datetime

from htmldate import find_date

from archiver.extract.clock import shown_moment
from archiver.extract.document import Document
from archiver.extract.jsonld import text_of
from archiver.extract.region import Region
from archiver.model import DateCandidate

_PUBLISHED_META = (
    "article:published_time", "article:published", "og:article:published_time", "og:published_time",
    "datepublished", "publishdate", "publish-date", "publish_date", "publication_date",
    "published_time", "pubdate", "cxenseparse:recs:publishtime", "parsely-pub-date",
    "sailthru.date", "dc.date.issued",
    "dcterms.issued", "dcterms.created", "dc.date", "dc.date.created",
    "originalpublicationdate", "date",
)  # fmt: skip
_MODIFIED_META = (
    "article:modified_time", "article:modified", "og:updated_time", "og:article:modified_time",
    "datemodified", "lastmod", "last-modified", "dcterms.modified", "dc.date.modified", "revised",
)  # fmt: skip
_BARE = re.compile(r"(\d{4})-(\d{2})-(\d{2})$")
_ISO = re.compile(
    r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T\s,]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:[.,]\d+)?\s*"
    r"(Z|UTC|GMT|[+-]\d{2}:?\d{2}|[+-]\d{2})?)?(?:\[[\w/]+\])?$",
    re.IGNORECASE,
)
_EPOCH = re.compile(r"1\d{9}(?:\d{3})?$")
_EARLIEST = 1990  # the year before the web


@dataclass(frozen=True, kw_only=True)
class Dates:
    """`published` and `modified` as in the contract, and all `candidates`."""

    published: str | None
    modified: str | None
    candidates: tuple[DateCandidate, ...]


def parse_date(text: str) -> str | None:
    """A date of a page as ISO 8601, with offset where it has one; None where it is no date.

    Read are ISO 8601 and its common misspellings, RFC 5322 dates and Unix times (seconds or
    milliseconds). A date without a time stays a date.
    """
    value = text.strip()
    try:
        if match := _ISO.match(value):
            return _from_parts(match)
        if _EPOCH.match(value):
            seconds = int(value) / (1000 if len(value) == 13 else 1)
            return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
        if re.search(r"[a-z]{3}", value, re.IGNORECASE) and re.search(r"\d:\d\d", value):
            return parsedate_to_datetime(value).isoformat()
        if value[:4].isdigit() and "T" in value:
            return datetime.fromisoformat(value).isoformat(timespec="seconds")
    except (ValueError, TypeError, OverflowError, IndexError, OSError):
        pass
    return None


def _from_parts(match: re.Match[str]) -> str:
    year, month, day, hour, minute, second, zone = match.groups()
    if hour is None:
        return date(int(year), int(month), int(day)).isoformat()
    if zone and zone.upper() in {"Z", "UTC", "GMT"}:
        zone = "+00:00"
    elif zone:
        digits = re.sub(r"\D", "", zone).ljust(4, "0")
        zone = f"{zone[0]}{digits[:2]}:{digits[2:]}"
    iso = f"{year}-{month:0>2}-{day:0>2}T{hour:0>2}:{minute}:{second or '00'}{zone or ''}"
    return datetime.fromisoformat(iso).isoformat()


def _json_ld(doc: Document) -> Iterator[tuple[str, str, str]]:
    places = [("json-ld", doc.graph.article)]
    places += [
        (f"json-ld/{name}", node)
        for name in ("webpage", "videoobject", "claimreview")
        for node in doc.graph.of_type(name)[:1]
    ]
    for source, node in places:
        for key in ("datePublished", "uploadDate", "dateCreated", "dateModified"):
            if value := text_of(node.get(key)):
                yield "modified" if key == "dateModified" else "published", f"{source}:{key}", value


def _meta(doc: Document) -> Iterator[tuple[str, str, str]]:
    for of, names in (("published", _PUBLISHED_META), ("modified", _MODIFIED_META)):
        for name in names:
            for value in doc.meta.get(name, ())[:1]:
                yield of, f"meta:{name}", value


def _elements(doc: Document) -> Iterator[tuple[str, str, str]]:
    """Elements with itemprop, then the first time element outside other articles' teasers."""
    marked = [(e, name) for e in doc.elements if (name := e.get("itemprop")) and e.tag != "meta"]
    for key, of in (("datePublished", "published"), ("dateModified", "modified")):
        element = next((e for e, name in marked if name == key), None)
        if element is not None:
            value = element.get("datetime") or element.get("content") or element.text_content()
            yield of, f"itemprop:{key}", value
    for element in doc.tree.iter("time"):
        value = element.get("datetime")
        if (
            value is not None
            and next(element.iterancestors("nav", "aside", "footer"), None) is None
        ):
            yield "published", "time", value
            return


def _fault(value: str, latest: datetime | None) -> str | None:
    """Why a date cannot be this article's; None where it can."""
    when = datetime.fromisoformat(value)
    if when.year < _EARLIEST:
        return f"before {_EARLIEST}"
    if latest and when.replace(tzinfo=when.tzinfo or UTC) > latest + timedelta(days=1):
        return "after the capture"
    return None


def _better(best: DateCandidate, others: list[DateCandidate]) -> DateCandidate:
    """The best candidate, or another of the same moment that says more: an offset, a time."""
    if _precision(best.value) == 2:
        return best
    start = best.value[:10] if _precision(best.value) == 0 else best.value[:16]
    fuller = [c for c in others if _precision(c.value) > _precision(best.value)]
    same = [c for c in fuller if c.value.startswith(start)]
    near = [c for c in fuller if _days_between(c.value, best.value) <= 1]
    return next(iter(same or near), best)


def _precision(value: str) -> int:
    """0: a day; 1: a time of day without offset; 2: an instant."""
    if _BARE.match(value):
        return 0
    return 2 if datetime.fromisoformat(value).tzinfo else 1


def _days_between(one: str, other: str) -> int:
    return abs((date.fromisoformat(one[:10]) - date.fromisoformat(other[:10])).days)


def _choose(candidates: list[DateCandidate], of: str, latest: datetime | None) -> DateCandidate | (
    None
):
    """The candidate to believe, with the reason; None where there is none."""
    fit = [c for c in candidates if c.of == of and _fault(c.value, latest) is None]
    if not fit:
        return None
    best = _better(fit[0], fit[1:])
    trusted = "of the most trusted source that has one"
    why = trusted if best is fit[0] else f"agrees with {fit[0].source} and says more"
    return replace(best, chosen=True, why=why)


def find_dates(doc: Document, region: Region, *, captured_at: datetime | None = None) -> Dates:
    """All dates of a page. None later than a day after `captured_at` is chosen."""
    found: dict[tuple[str, str], DateCandidate] = {}
    for of, source, raw in (*_json_ld(doc), *_meta(doc), *_elements(doc)):
        value = parse_date(raw)
        if value:
            fault = _fault(value, captured_at)
            candidate = DateCandidate(value=value, of=of, source=source, why=fault)
            found.setdefault((of, source), candidate)
    published = _choose(list(found.values()), "published", captured_at)
    if published is None and (day := _by_htmldate(doc, captured_at)):
        why = "nothing else has a day"
        published = DateCandidate(
            value=day, of="published", source="htmldate", chosen=True, why=why
        )
    if published is None or _precision(published.value) == 0:
        only = published
        published = _with_time(doc, region, only, captured_at)
        if only and published is not only:
            found[only.of, only.source] = replace(only, chosen=False, why=None)
    modified = _choose(list(found.values()), "modified", captured_at)
    if modified and published and modified.value[:10] < published.value[:10]:
        modified = replace(modified, chosen=False, why="before the publication")
    for chosen in (published, modified):
        if chosen:
            found[chosen.of, chosen.source] = chosen
    return Dates(
        published=published.value if published else None,
        modified=modified.value if modified and modified.chosen else None,
        candidates=tuple(found.values()),
    )


def _with_time(
    doc: Document, region: Region, day: DateCandidate | None, latest: datetime | None
) -> DateCandidate | None:
    """The moment that the page only shows, where structured data has a day at most."""
    value = shown_moment(doc, region, day.value if day else None)
    if value is None or _fault(value, latest):
        return day
    why = f"a line shows the time of the day of {day.source}" if day else "nothing else has a day"
    return DateCandidate(value=value, of="published", source="text", chosen=True, why=why)


def _by_htmldate(doc: Document, captured_at: datetime | None) -> str | None:
    """A day by htmldate, without its search for phrases: "yesterday" would depend on today."""
    latest = (captured_at or datetime(2100, 1, 1, tzinfo=UTC)).strftime("%Y-%m-%d")
    try:
        return find_date(
            doc.tree,
            original_date=True,
            extensive_search=False,
            url=doc.url,
            max_date=latest,
            min_date="1995-01-01",
        )
    except (ValueError, TypeError, AttributeError, OverflowError, RecursionError):
        return None
