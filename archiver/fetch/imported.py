"""What stands at the beginning of an imported WARC, so that a catalogue can be made of it anew."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from archiver.model import CaptureKind, Outlet
from archiver.urls import host_of
from archiver.warc.fields import parse_warc_fields
from archiver.warc.reader import StoredRecord

_MAX_FIELDS = 1024 * 1024  # bytes
_SHOWN = ("image/", "font/", "application/font", "text/css", "text/javascript")
_SCRIPTS = frozenset({"application/javascript", "application/x-javascript"})
_PAGES = frozenset({"text/html", "application/xhtml+xml"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Imported:
    """Where a file came from, and whose its captures are.

    `sha256` (hex) and `size` (bytes) are those of the file as it came. `outlet`: of all of them;
    where it is None, an outlet by its host without `www.`, or the one of the nearest host above.
    """

    name: str
    sha256: str
    size: int
    outlet: str | None = None
    hosts: Mapping[str, str] = field(default_factory=dict)

    def fields(self) -> Iterator[tuple[str, str]]:
        """For the warcinfo record of the file."""
        yield "imported-file", self.name
        yield "imported-sha256", self.sha256
        yield "imported-size", str(self.size)
        if self.outlet is not None:
            yield "imported-for", self.outlet
        for host, outlet in sorted(self.hosts.items()):
            yield "imported-host", f"{host} {outlet}"

    @classmethod
    def said(cls, record: StoredRecord) -> Imported | None:
        """What the first record of a file says; None where it is no imported file."""
        if record.type != "warcinfo":
            return None
        pairs = parse_warc_fields(record.block[:_MAX_FIELDS])
        said = dict(pairs)
        size = said.get("imported-size", "")
        if "imported-sha256" not in said or not size.isdecimal():
            return None
        hosts = (value.split() for name, value in pairs if name == "imported-host")
        return cls(
            name=said.get("imported-file", ""),
            sha256=said["imported-sha256"],
            size=int(size),
            outlet=said.get("imported-for"),
            hosts={pair[0]: pair[1] for pair in hosts if len(pair) == 2},
        )

    def outlet_of(self, url: str) -> str | None:
        """Whose a URL is; None where none of the hosts is its own, or above it."""
        if self.outlet is not None:
            return self.outlet
        try:
            host = host_of(url).removeprefix("www.")
        except ValueError:
            return None
        while host:
            if host in self.hosts:
                return self.hosts[host]
            host = host.partition(".")[2]
        return None


def hosts_of(outlets: Sequence[Outlet]) -> dict[str, str]:
    """The outlet of each host, for `Imported.hosts`; of two that share one, the first."""
    found: dict[str, str] = {}
    for outlet in outlets:
        for host in (host_of(outlet.homepage), *outlet.hosts):
            found.setdefault(host.lower().removeprefix("www."), outlet.id)
    return found


def kind_of(mime: str | None) -> CaptureKind:
    """Why a page of another crawler was fetched, as far as its media type tells."""
    if mime in _PAGES:
        return CaptureKind.PAGE
    shown = mime is not None and (mime.startswith(_SHOWN) or mime in _SCRIPTS)
    return CaptureKind.REQUISITE if shown else CaptureKind.OTHER
