"""Questions to the index as CDX servers take them: parameters read and judged, in three dialects.

pywb      CDXJ Server API, https://pywb.readthedocs.io/en/latest/manual/cdxserver_api.html
Wayback   CDX Server API, wayback-cdx-server/README.md of OpenWayback
OutbackCDX https://nla.github.io/outbackcdx/api.html

They differ in what a filter means, in the names of fields and in their answers' forms.
"""

from __future__ import annotations

import calendar
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from urllib.parse import quote_plus, unquote_plus

from archiver.replay.cdx_fields import (
    BadQueryError,
    Dialect,
    Test,
    collapse_by,
    field_of,
    make_filter,
    timestamp,
)
from archiver.replay.uris import MAX_URL
from archiver.store.columntypes import from_micros, to_micros
from archiver.store.spans import IndexRow, Place, Span
from archiver.store.veil import LAST
from archiver.urls import urlkey

BLOCK = 3000  # lines that `pageSize` counts in
MAX_PAGE_SIZE = 100
MAX_SORTED = 10_000  # rows that are sorted by time across several URLs


class Order(StrEnum):
    """In which order rows come."""

    INDEX = "default"
    REVERSE = "reverse"
    CLOSEST = "closest"


@dataclass(frozen=True, kw_only=True, slots=True)
class CdxQuery:
    """A question to the index.

    `fields` are names as they were given, in order; none: all of the form's own. A negative
    `limit` means the last rows. `resume` is the place of the last row that was given before.
    """

    span: Span
    since: datetime | None = None
    until: datetime | None = None
    filters: tuple[Test, ...] = ()
    collapse: tuple[Callable[[IndexRow], str], ...] = ()
    order: Order = Order.INDEX
    closest: datetime | None = None
    limit: int | None = None
    fields: tuple[str, ...] = ()
    output: str = ""
    resume: Place | None = None
    show_resume: bool = False
    page: int | None = None
    page_lines: int = BLOCK
    count_pages: bool = False


_OUTPUTS = {
    Dialect.PYWB: ("cdxj", "json", "text"),
    Dialect.WAYBACK: ("text", "json"),
    Dialect.OUTBACK: ("text", "json", "jsondict"),
}
_NOT_OFFERED = ("offset", "resolveRevisits", "showDupeCount", "showSkipCount", "showPagedIndex")


class Parameters:
    """The parameters of one request, each name's values in order."""

    def __init__(self, items: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in items:
            self._values.setdefault(name, []).append(value)

    def all(self, name: str) -> list[str]:
        """Every value that is not empty."""
        return [value for value in self._values.get(name, ()) if value]

    def given(self, name: str) -> bool:
        """Whether it is there at all, be it empty."""
        return name in self._values

    def one(self, *names: str) -> str | None:
        """The value of the first of these names that has any.

        Raises:
            BadQueryError: where a name that may be there once is there more often.
        """
        for name in names:
            if values := self.all(name):
                if len(values) > 1:
                    raise BadQueryError(f"{name} is given more than once")
                return values[0]
        return None

    def true(self, name: str) -> bool:
        """Whether a switch is on."""
        return (self.one(name) or "false").lower() in ("1", "true", "yes", "on")

    def number(self, name: str) -> int | None:
        """A whole number, or None where there is none."""
        text = self.one(name)
        if text is None:
            return None
        if not re.fullmatch(r"-?\d{1,12}", text, re.ASCII):
            raise BadQueryError(f"{name} is a whole number, not {text[:40]!r}")
        return int(text)


def parse(items: Iterable[tuple[str, str]], dialect: Dialect) -> CdxQuery:
    """The question that the parameters of a request ask.

    Raises:
        BadQueryError: with a plain reason.
    """
    given = Parameters(items)
    for name in _NOT_OFFERED:
        if given.true(name) or (name == "offset" and given.one(name) not in (None, "0")):
            instead = "; go on with resumeKey or page" if name == "offset" else ""
            raise BadQueryError(f"{name} is not offered here{instead}")
    span = _span(given, dialect)
    output = given.one("output") or _OUTPUTS[dialect][0]
    if output not in _OUTPUTS[dialect]:
        raise BadQueryError(f"output is one of {', '.join(_OUTPUTS[dialect])}")
    fields = (
        tuple((given.one("fields", "fl") or "").split(",")) if given.one("fields", "fl") else ()
    )
    for name in fields:
        field_of(name, "fl")
    order, closest = _order(given, dialect)
    limit = given.number("limit")
    resume = given.one("resumeKey")
    page, page_size = given.number("page"), given.number("pageSize")
    query = CdxQuery(
        span=span,
        since=_bound(given, "from", upper=False),
        until=_bound(given, "to", upper=True),
        filters=tuple(make_filter(text, dialect) for text in given.all("filter")),
        collapse=_collapses(given),
        order=order,
        closest=closest,
        limit=limit,
        fields=fields,
        output=output,
        resume=read_resume_key(resume) if resume is not None else None,
        show_resume=given.true("showResumeKey"),
        page=page,
        page_lines=BLOCK * (5 if page_size is None else page_size),
        count_pages=given.true("showNumPages"),
    )
    _check(query)
    return query


def _check(query: CdxQuery) -> None:
    limit = query.limit
    if limit == 0:
        raise BadQueryError("limit is the most rows, or negative for the last ones, never 0")
    if not BLOCK <= query.page_lines <= BLOCK * MAX_PAGE_SIZE:
        raise BadQueryError(f"pageSize is between 1 and {MAX_PAGE_SIZE} (blocks of {BLOCK} lines)")
    if query.page is not None and query.page < 0:
        raise BadQueryError("page counts from 0")
    if (query.page is not None or query.count_pages) and query.order is not Order.INDEX:
        raise BadQueryError("pages are in the order of the index: leave sort out")
    if query.resume is not None and (query.page is not None or (limit or 1) < 0):
        raise BadQueryError("resumeKey goes neither with page nor with a negative limit")
    if query.resume is not None and not query.span.holds(query.resume.urlkey):
        raise BadQueryError("resumeKey belongs to another url")
    if (limit or 1) < 0 and len(query.collapse) > 1:
        raise BadQueryError("a negative limit goes with one collapse only")
    if query.order is Order.CLOSEST:
        if query.resume is not None or (limit or 1) < 0:
            raise BadQueryError("sort=closest goes neither with resumeKey nor a negative limit")
        if query.span.end is not None and not 0 < (limit or 0) <= MAX_SORTED:
            raise BadQueryError(
                f"sort=closest over several URLs needs a limit of at most {MAX_SORTED}"
            )


def _span(given: Parameters, dialect: Dialect) -> Span:
    kind = given.one("matchType") or "default"
    url = given.one("url")
    if key := given.one("urlkey") if dialect is Dialect.OUTBACK else None:
        if url is not None:
            raise BadQueryError("give url or urlkey, not both")
        return _by_kind("exact" if kind == "default" else kind, key, dialect)
    if url is None:
        raise BadQueryError("url is needed: which pages?")
    if len(url) > MAX_URL:
        raise BadQueryError(f"url has more than {MAX_URL} characters")
    if kind == "default":
        kind = "exact"
        if url.startswith("*."):
            kind, url = "domain", url[2:]
        elif url.endswith("*"):
            kind, url = "prefix", url[:-1]
    whole = url if re.match(r"(?i)https?:/|[a-z][a-z0-9+.-]*://", url) else f"http://{url}"
    try:
        key = urlkey(re.sub(r"(?i)^(https?):/(?=[^/])", r"\1://", whole))
    except ValueError:
        raise BadQueryError(f"url is no http or https URL: {url[:200]!r}") from None
    if kind == "prefix":
        # A folder's key has no slash at its end, unlike what is meant by its beginning.
        mark = url[-1] if url[-1] in "/?" else ""
        key = key if key.endswith(mark) else key + mark
    return _by_kind(kind, key, dialect)


def _by_kind(kind: str, key: str, dialect: Dialect) -> Span:
    if kind == "exact":
        return Span(first=key)
    if kind == "prefix":
        return Span.prefix(key)
    if kind == "host":
        return Span.host(key)
    if kind == "domain":
        return Span.domain(key)
    if kind == "range" and dialect is Dialect.OUTBACK:
        return Span(first=key, end=LAST)
    raise BadQueryError("matchType is one of exact, prefix, host, domain")


def _order(given: Parameters, dialect: Dialect) -> tuple[Order, datetime | None]:
    sort = given.one("sort") or "default"
    closest = given.one("closest")
    if sort not in list(Order):
        raise BadQueryError(f"sort is one of {', '.join(Order)}")
    if dialect is Dialect.PYWB and sort == "default":
        sort = "reverse" if given.true("reverse") else "closest" if closest else sort
    if sort != "closest":
        return Order(sort), None
    if closest is None:
        # pywb asks so where no time was asked for
        if not given.given("closest"):
            raise BadQueryError("sort=closest needs closest: a timestamp")
        return Order.INDEX, None
    return Order.CLOSEST, clamped(closest, "closest", upper=False)


def _bound(given: Parameters, name: str, *, upper: bool) -> datetime | None:
    text = given.one(name)
    return None if text is None else clamped(text, name, upper=upper)


def clamped(digits: str, name: str, *, upper: bool) -> datetime:
    """The first moment that 1 to 14 digits may mean, or the last.

    A month or day that is not in the calendar counts as the nearest that is.

    Raises:
        BadQueryError: where they are no digits, or too many.
    """
    if not re.fullmatch(r"\d{1,14}", digits, re.ASCII):
        raise BadQueryError(f"{name} is a timestamp of up to 14 digits: YYYYMMDDhhmmss")
    text = digits.ljust(14, "9" if upper else "0")
    year = max(1, int(text[:4]))
    month = min(max(1, int(text[4:6])), 12)
    days = calendar.monthrange(year, month)[1]
    day = min(max(1, int(text[6:8])), days)
    hour, minute, second = min(int(text[8:10]), 23), int(text[10:12]), int(text[12:])
    micros = 999_999 if upper else 0
    return datetime(year, month, day, hour, min(minute, 59), min(second, 59), micros, UTC)


def _collapses(given: Parameters) -> tuple[Callable[[IndexRow], str], ...]:
    found = [collapse_by(text) for text in given.all("collapse")]
    if digits := given.number("collapseTime"):
        if digits < 0:
            raise BadQueryError("collapseTime is a number of digits")
        found.append(lambda row: f"{timestamp(row)[:digits]} {row.status}")
    return tuple(found)


def resume_key(place: Place) -> str:
    """A place as text for a URL."""
    key, at, *numbers = place
    return quote_plus(" ".join([key, str(to_micros(at)), *map(str, numbers)]))


def read_resume_key(text: str) -> Place:
    """The place of a `resume_key`, as it comes out of a request: unquoted.

    Raises:
        BadQueryError: where it is none.
    """
    if " " not in text:
        text = unquote_plus(text)  # of who escaped once more what was escaped already
    match = re.fullmatch(r"(.+) (-?\d{1,18}) (\d{1,18}) (\d{1,18}) (\d{1,18})", text, re.DOTALL)
    try:
        if match is None:
            raise ValueError(text)
        at = from_micros(int(match[2]))
    except (ValueError, OverflowError):
        raise BadQueryError("resumeKey is not one that was given here") from None
    return Place(match[1], at, int(match[3]), int(match[4]), int(match[5]))
