"""What the spider hands to the item pipeline."""

from __future__ import annotations

from dataclasses import dataclass, replace

from scrapy.http import Response

from archiver.discover.signals import Signal, page_signals
from archiver.errors import ArchiverError, StorageError
from archiver.fetch.index import original_of
from archiver.fetch.noarchive import PRODUCT
from archiver.fetch.rendered import rendered_page
from archiver.model import Capture, Outlet, Page
from archiver.revise.sightings import is_permanent
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.urls import canonical_url
from spiders.sightings import AGAIN

BODY_CAP = 64 * 1024 * 1024  # bytes of a decoded page; more is no article


@dataclass(frozen=True, kw_only=True, slots=True)
class PageItem:
    """A captured page on its way to an article."""

    page: Page
    capture: Capture
    signals: tuple[Signal, ...] = ()
    redirected_from: tuple[str, ...] = ()  # what was asked for, and each hop on the way
    permanent: bool = False  # whether all those redirects are
    again: str | None = None  # the page as it was asked for, where its article is known

    @classmethod
    def of(cls, response: Response, capture: Capture, outlet: Outlet) -> PageItem:
        """The item of a fresh answer; its body is decoded already."""
        kind = response.headers.get(b"Content-Type")
        item = _item(capture, outlet, response.body, kind, url=response.url)
        fields = [(name, v) for name, values in response.headers.items() for v in values]
        said = page_signals(fields, response.body, product=PRODUCT)
        return replace(
            item,
            signals=said,
            redirected_from=tuple(response.meta.get("redirect_urls", ())),
            permanent=is_permanent(response.meta.get("redirect_reasons", ())),
            again=response.meta.get(AGAIN),
        )


def stored_page(
    warcs: Warcs, catalogue: Catalogue, capture: Capture, outlet: Outlet
) -> PageItem | None:
    """The item of a page that was captured earlier, read back from its WARC.

    A revisit has its own head and the payload of the response that it stands for. None where
    a record cannot be read: `archiver check` names the damage.

    Raises:
        StorageError: it is in a store that does not give it now.
    """
    try:
        record = warcs.read(capture.warc)
        fields = record.http().headers
        headers = {name.lower(): value for name, value in fields}
        if record.type == "revisit":
            original = original_of(catalogue, record)
            if original is None:
                return None
            record = warcs.read(original.warc)
        body, kind = record.body(BODY_CAP), headers.get(b"content-type")
        if outlet.render and (made := _made_of(warcs, capture)):
            body, kind = made, b"text/html; charset=utf-8"
        item = _item(capture, outlet, body, kind, url=capture.url)
        return replace(item, signals=page_signals(fields, body, product=PRODUCT))
    except (ArchiverError, OSError) as error:
        if isinstance(error, StorageError) and error.reason != "gone":
            raise
        return None


def _made_of(warcs: Warcs, capture: Capture) -> bytes | None:
    """The page that a browser made of a captured one."""
    with warcs.open(capture.warc.file) as source:
        return rendered_page(source, capture.warc, cap=BODY_CAP)


def _item(
    capture: Capture, outlet: Outlet, body: bytes, kind: bytes | None, *, url: str
) -> PageItem:
    return PageItem(
        page=Page(
            url=canonical_url(url),
            body=body,
            content_type=kind.decode("latin-1") if kind else None,
            outlet=outlet.id,
            language=outlet.language,
            captured_at=capture.captured_at,
            warc=capture.warc,
        ),
        capture=capture,
    )
