"""The interface's pages of what changed: a list, feeds of it, two revisions side by side."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from archiver.model import ChangeKind, utcnow
from archiver.replay.pages import Pages
from archiver.replay.stored import Stored, WithheldError
from archiver.replay.uris import BadAddressError, archived_url
from archiver.revise.feeds import Entry, atom, entries_of, json_feed
from archiver.revise.html import sheet_html
from archiver.revise.kinds import REMOVED, kinds_of
from archiver.revise.sheet import make_sheet
from archiver.store.history import ChangedArticle, RemovedArticle

_DAYS = 7
_MOST_DAYS = 366
_MOST = 500  # changes that are listed

# The sheet has its style within, and nothing else; it is one page that can be saved.
_SHEET_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What a request selects: the words of its query."""

    outlet: str
    kind: str
    words: str
    days: int

    def query(self) -> str:
        """As the query of an address, without what is as usual."""
        said = {"outlet": self.outlet, "kind": self.kind, "q": self.words}
        days = {} if self.days == _DAYS else {"days": str(self.days)}
        return urlencode({name: text for name, text in said.items() if text} | days)


class ChangePages:
    """The endpoints; all read only, to be called in threads.

    Args:
        stored: the archive.
        pages: our own pages.
        base: address of the interface, such as `http://127.0.0.1:8080`.
    """

    def __init__(self, stored: Stored, pages: Pages, *, base: str) -> None:
        self._catalogue = stored.catalogue
        self._stored = stored
        self._pages = pages
        self._base = base

    def changes(self, request: Request) -> Response:
        """`/changes?outlet=&kind=&q=&days=7`: what changed, newest first."""
        asked = _asked(request)
        page = self._pages.render(
            "changes.html",
            {
                "asked": asked,
                "entries": self._entries(asked),
                "most": _MOST,
                "kinds": [*map(str, ChangeKind), REMOVED],
            },
        )
        return HTMLResponse(page)

    def feed_atom(self, request: Request) -> Response:
        """`/changes.atom`, with the same query."""
        asked = _asked(request)
        body = atom(
            self._entries(asked),
            title=_title(asked),
            address=self._address("changes.atom", asked),
            now=utcnow(),
            base=self._base,
        )
        return Response(body, media_type="application/atom+xml")

    def feed_json(self, request: Request) -> Response:
        """`/changes.json`, with the same query."""
        asked = _asked(request)
        text = json_feed(
            self._entries(asked),
            title=_title(asked),
            address=self._address("changes.json", asked),
            base=self._base,
        )
        return Response(text, media_type="application/feed+json")

    def diff(self, request: Request) -> Response:
        """`/diff?url=&a=&b=`: two revisions of an article, word by word."""
        url = archived_url(request.query_params.get("url", "").strip())
        if hidden := self._stored.withheld(url):
            raise WithheldError(hidden)
        numbers = [request.query_params.get(name, "") for name in ("a", "b")]
        found = {str(one.number): one for one in self._catalogue.get_article(url)}
        if not all(number in found for number in numbers):
            raise BadAddressError("there are no such two revisions of this article", status=404)
        old, new = sorted((found[number] for number in numbers), key=lambda one: one.captured_at)
        page = sheet_html(make_sheet(old, new))
        return HTMLResponse(page, headers={"Content-Security-Policy": _SHEET_POLICY})

    def _entries(self, asked: _Asked) -> list[Entry]:
        try:
            kinds, removed = kinds_of([asked.kind])
        except ValueError as error:
            raise BadAddressError(str(error)) from None
        now = utcnow()
        begin, end = now - timedelta(days=asked.days), now + timedelta(days=1)
        outlets = [asked.outlet] if asked.outlet else []
        words = asked.words.split()
        found: list[ChangedArticle | RemovedArticle] = []
        if kinds or not asked.kind:
            found += self._catalogue.changed_articles(
                since=begin, until=end, kinds=kinds, outlets=outlets, words=words, limit=_MOST
            )
        if removed:
            found += self._catalogue.removed_articles(
                since=begin, until=end, outlets=outlets, words=words
            )
        found.sort(key=lambda one: one.at, reverse=True)
        return entries_of(found[:_MOST])

    def _address(self, name: str, asked: _Asked) -> str:
        query = asked.query()
        return f"{self._base}/{name}" + (f"?{query}" if query else "")


def _asked(request: Request) -> _Asked:
    said = request.query_params
    days = said.get("days", "") or str(_DAYS)
    if not days.isdecimal() or not 1 <= int(days) <= _MOST_DAYS:
        raise BadAddressError(f"days is a number from 1 to {_MOST_DAYS}")
    return _Asked(
        outlet=said.get("outlet", "").strip(),
        kind=said.get("kind", "").strip(),
        words=said.get("q", "").strip()[:200],
        days=int(days),
    )


def _title(asked: _Asked) -> str:
    parts = [asked.kind or "changes", asked.outlet, f'"{asked.words}"' if asked.words else ""]
    return f"News archive: {' '.join(filter(None, parts))}"
