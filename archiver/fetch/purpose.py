"""Why a request is made: what a capture's metadata record and catalogue row say of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import scrapy

from archiver.model import Capture, CaptureKind, Discovery

KEY = "archiver_purpose"


@dataclass(frozen=True, kw_only=True, slots=True)
class Purpose:
    """Why something is fetched.

    `discovery` is the mention that led here. `base` is the capture whose validators
    (ETag, Last-Modified) go with the request: what a 304 answer means. `again`: whether a known
    article is asked for.
    """

    kind: CaptureKind
    discovery: Discovery | None = None
    base: Capture | None = None
    again: bool = False

    def conditional_headers(self) -> dict[str, str]:
        """If-None-Match and If-Modified-Since of the base (RFC 9110 section 13.1)."""
        if self.base is None:
            return {}
        fields = {
            "If-None-Match": self.base.etag,
            "If-Modified-Since": self.base.last_modified,
        }
        return {name: value for name, value in fields.items() if value}

    def fields(self) -> Iterator[tuple[str, str]]:
        """The facts that cannot be derived from the bytes, for the metadata record."""
        yield "kind", self.kind.value
        seen = self.discovery
        if seen is None:
            return
        for name, value in (
            ("via", seen.source_url),
            ("discovered-through", seen.via.value),
            ("discovered-at", seen.found_at.isoformat()),
            ("discovered-url", seen.url),  # another one than the record's after a redirect
            ("discovered-in-run", None if seen.run_id is None else str(seen.run_id)),
            ("source-link", seen.link),
            ("source-guid", seen.guid),
            ("source-title", seen.title),
            ("source-published", seen.published_raw),
            ("published", seen.published and seen.published.isoformat()),
            ("modified", seen.modified and seen.modified.isoformat()),
        ):
            if value:
                yield name, value


def purpose_of(request: scrapy.Request) -> Purpose:
    """The purpose that the spider gave; robots.txt and what Scrapy asks by itself have none."""
    given = request.meta.get(KEY)
    if isinstance(given, Purpose):
        return given
    path = request.url.split("?", 1)[0]
    return Purpose(kind=CaptureKind.ROBOTS if path.endswith("/robots.txt") else CaptureKind.OTHER)
