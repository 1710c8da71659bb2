"""What changed, as feeds that others subscribe to: Atom (RFC 4287) and JSON Feed 1.1."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlencode

from lxml import etree

from archiver.model import Evidence
from archiver.revise.sheet import summary
from archiver.store.history import ChangedArticle, RemovedArticle

_ATOM = "http://www.w3.org/2005/Atom"
# What XML 1.0 (section 2.2) has no place for.
_NOT_XML = {n: 0xFFFD for n in range(32) if n not in (9, 10, 13)} | {0xFFFE: 0xFFFD, 0xFFFF: 0xFFFD}


@dataclass(frozen=True, kw_only=True, slots=True)
class Entry:
    """One change as a feed tells it; `id` is the same whenever and wherever it is told.

    `proof`: the two WARC records that it rests on, one line each.
    """

    id: str
    url: str
    title: str
    outlet: str
    at: datetime
    kinds: tuple[str, ...]
    summary: str
    proof: tuple[str, ...] = ()
    revisions: tuple[int, int] | None = None  # the older and the newer

    def text(self) -> str:
        """All that is told of it, in lines."""
        return "\n".join((self.summary, *self.proof))


def entries_of(found: Iterable[ChangedArticle | RemovedArticle]) -> list[Entry]:
    """The entries of changes, in their order."""
    return [_removed(one) if isinstance(one, RemovedArticle) else _changed(one) for one in found]


def _changed(one: ChangedArticle) -> Entry:
    changes = one.changes
    facts = [f"{'+' if fact.added else '-'}{fact.kind} {fact.text}" for fact in changes.facts]
    words = [summary(changes), *facts]
    if changes.stealth:
        words.append(f"not said: {', '.join(changes.stealth)}")
    if changes.notice:
        words.append(f"notice: {changes.notice}")
    proof = [
        _proof(name, found)
        for name, found in (("from", changes.old), ("to", changes.new))
        if found is not None
    ]
    return Entry(
        id=_identity(one.outlet, one.url, f"revision {one.revision} against {one.against}"),
        url=one.url,
        title=one.title or one.url,
        outlet=one.outlet,
        at=one.at,
        kinds=tuple(sorted(changes.kinds)),
        summary="; ".join(words),
        proof=tuple(proof),
        revisions=(one.against, one.revision),
    )


def _removed(one: RemovedArticle) -> Entry:
    return Entry(
        id=_identity(one.outlet, one.url, f"{one.state} {one.at.isoformat()}"),
        url=one.url,
        title=one.title or one.url,
        outlet=one.outlet,
        at=one.at,
        kinds=(one.state,),
        summary=f"the article is {one.state} ({one.status})",
    )


def _identity(*parts: str) -> str:
    return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(parts)).urn


def _proof(name: str, found: Evidence) -> str:
    at = f"{found.captured_at:%Y-%m-%d %H:%M:%S} UTC" if found.captured_at else "?"
    return f"{name} {at}: {found.file} at {found.offset}, {found.record_id}, {found.payload_digest}"


def atom(
    entries: Sequence[Entry], *, title: str, address: str, now: datetime, base: str | None = None
) -> bytes:
    """An Atom document. `address` is its own; `base` that of the interface, for links to it."""
    feed = etree.fromstring(f'<feed xmlns="{_ATOM}"/>')
    _add(feed, "id", _identity(address))
    _add(feed, "title", title)
    _add(feed, "updated", _stamp(max((one.at for one in entries), default=now)))
    _add(feed, "link", rel="self", href=address)
    for one in entries:
        entry = _add(feed, "entry")
        _add(entry, "id", one.id)
        _add(entry, "title", f"{', '.join(one.kinds)}: {one.title}")
        _add(entry, "updated", _stamp(one.at))
        _add(_add(entry, "author"), "name", one.outlet)
        _add(entry, "link", rel="alternate", href=one.url)
        _add(entry, "content", one.text(), type="text")
        if base and (here := _place(one, base)):
            _add(entry, "link", rel="related", href=here)
        for kind in one.kinds:
            _add(entry, "category", term=kind)
    found: bytes = etree.tostring(feed, xml_declaration=True, encoding="utf-8", pretty_print=True)
    return found


def _add(parent: etree._Element, name: str, text: str | None = None, **said: str) -> etree._Element:
    fields = {key: _plain(value) for key, value in said.items()}
    made = etree.SubElement(parent, f"{{{_ATOM}}}{name}", fields)
    made.text = None if text is None else _plain(text)
    return made


def json_feed(
    entries: Sequence[Entry], *, title: str, address: str, base: str | None = None
) -> str:
    """A JSON Feed document; each item has `_archiver` with outlet, kinds and revisions."""
    items = []
    for one in entries:
        item = {
            "id": one.id,
            "url": one.url,
            "title": f"{', '.join(one.kinds)}: {one.title}",
            "content_text": one.text(),
            "date_published": _stamp(one.at),
            "authors": [{"name": one.outlet}],
            "tags": list(one.kinds),
            "_archiver": {
                "outlet": one.outlet,
                "kinds": list(one.kinds),
                "revisions": list(one.revisions) if one.revisions else None,
            },
        }
        if base and (here := _place(one, base)):
            item["external_url"] = here
        items.append(item)
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": title,
        "feed_url": address,
        "items": items,
    }
    return json.dumps(feed, ensure_ascii=False)


def _place(one: Entry, base: str) -> str | None:
    """Where the interface shows the change."""
    if one.revisions is None:
        return f"{base}/captures?{urlencode({'url': one.url})}"
    old, new = one.revisions
    return f"{base}/diff?{urlencode({'url': one.url, 'a': old, 'b': new})}"


def _stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _plain(text: str) -> str:
    return text.encode("utf-8", "replace").decode().translate(_NOT_XML)
