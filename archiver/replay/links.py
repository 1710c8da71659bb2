"""What Memento (RFC 7089) links to from each answer: original, TimeGate, TimeMaps, mementos."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import format_datetime

from archiver.replay.uris import BadAddressError, ascii_url, stamp
from archiver.store.mementos import Around
from archiver.store.spans import IndexRow

LINK_FORMAT = "application/link-format"
JSON = "application/json"
# RFC 7089, section 2.1.1.1: the one form of a date that it takes.
_RFC1123 = re.compile(
    r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun), (\d\d?) (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
    r" (\d{4}) (\d\d):(\d\d):(\d\d) GMT",
    re.ASCII,
)
_MONTHS = "JanFebMarAprMayJunJulAugSepOctNovDec"


def asked_datetime(text: str) -> datetime:
    """The moment that an Accept-Datetime asks for.

    Raises:
        BadAddressError: where it is no date of RFC 1123 in GMT.
    """
    try:
        match = _RFC1123.fullmatch(text.strip())
        if match is None:
            raise ValueError(text)
        month = _MONTHS.index(match[2]) // 3 + 1
        day, year, hour, minute, second = (int(match[place]) for place in (1, 3, 4, 5, 6))
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise BadAddressError(
            "Accept-Datetime is no date such as Thu, 31 May 2007 20:35:00 GMT"
        ) from None


def http_date(at: datetime) -> str:
    """A moment as HTTP writes it."""
    return format_datetime(at.astimezone(UTC).replace(microsecond=0), usegmt=True)


def memento_path(url: str, at: datetime, mode: str = "") -> str:
    """Path of a memento; `mode` is `id_` for its raw bytes."""
    return f"/{stamp(at)}{mode}/{ascii_url(url)}"


def link(url: str, relation: str, **attributes: str) -> str:
    """One link as RFC 8288 writes it."""
    rest = "".join(f'; {name}="{value}"' for name, value in attributes.items())
    return f'<{ascii_url(url)}>; rel="{relation}"{rest}'


class Links:
    """Links from the answers of one origin.

    Args:
        origin: such as `http://replay.localhost:8080`.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin

    def timegate(self, url: str) -> str:
        """Address of a URL's TimeGate."""
        return f"{self.origin}/timegate/{url}"

    def timemap(self, url: str, form: str = "link", since: datetime | None = None) -> str:
        """Address of a URL's TimeMap, or of its page that begins at a moment."""
        page = f"{stamp(since)}/" if since is not None else ""
        return f"{self.origin}/timemap/{form}/{page}{url}"

    def memento(self, row: IndexRow, mode: str = "") -> str:
        """Address of a memento."""
        return self.origin + memento_path(row.url, row.at, mode)

    def header(
        self, url: str, at: datetime | None = None, around: Around | None = None, mode: str = ""
    ) -> str:
        """The Link field of a memento, of a TimeGate that led to it, or of neither."""
        fixed = [
            link(url, "original"),
            link(self.timegate(url), "timegate"),
            link(self.timemap(url), "timemap", type=LINK_FORMAT),
            link(self.timemap(url, "json"), "timemap", type=JSON),
        ]
        return ", ".join([*fixed, *self._mementos(url, at, around, mode)])

    def _mementos(
        self, url: str, at: datetime | None, around: Around | None, mode: str
    ) -> Iterator[str]:
        found: dict[str, tuple[datetime, list[str]]] = {}
        if at is not None:
            found[self.origin + memento_path(url, at, mode)] = (at, [])
        for relation in ("first", "prev", "next", "last"):
            row: IndexRow | None = getattr(around, relation, None)
            if row is not None:
                found.setdefault(self.memento(row, mode), (row.at, []))[1].append(relation)
        for address, (when, relations) in found.items():
            yield link(address, " ".join([*relations, "memento"]), datetime=http_date(when))
