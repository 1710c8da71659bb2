"""Films of an article: JSON-LD, social meta elements, players in the page."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from lxml.html import HtmlElement

from archiver.extract.document import Document
from archiver.extract.jsonld import as_list, text_of, types_of, url_of
from archiver.extract.marks import roles_of
from archiver.extract.text import fold, inner_text
from archiver.model import Video

_PLAYER = re.compile(
    r"(?:youtube(?:-nocookie)?\.com/embed|player\.vimeo\.com|dailymotion\.com/embed|/video/embed"
    r"|players\.brightcove\.net|jwplatform\.com|tiktok\.com/embed|facebook\.com/plugins/video)",
    re.IGNORECASE,
)

_LEVELS = 5
_MOST_PARTS = 200  # elements around a player among which its caption is looked for


def _found(doc: Document) -> Iterator[Video]:
    own = [doc.graph.resolve(v) for v in as_list(doc.graph.article.get("video"))]
    own += [n for n in doc.graph.roots if isinstance(n, dict) and "videoobject" in types_of(n)]
    for node in own:
        if isinstance(node, dict):
            raw = next((node[k] for k in ("contentUrl", "embedUrl", "url") if node.get(k)), None)
            yield Video(
                url=doc.absolute(url_of(raw)),
                caption=text_of(node.get("name")) or text_of(node.get("description")) or None,
            )
    stated = doc.absolute(doc.first("og:video:url", "og:video", "og:video:secure_url"))
    if stated:
        yield Video(url=stated)
    for player in doc.tree.iter("iframe", "video"):
        source = player.find("source") if player.tag == "video" else None
        raw = player.get("src") or player.get("data-src")
        raw = raw or (source.get("src") if source is not None else None)
        url = doc.absolute(raw)
        if url and (player.tag == "video" or _PLAYER.search(url)):
            yield Video(url=url, caption=_caption(player))


def _caption(player: HtmlElement) -> str | None:
    """The caption in the figure or frame around a player."""
    for ancestor in islice(player.iterancestors(), _LEVELS):
        if ancestor.tag != "figure" and "player" not in roles_of(ancestor):
            continue
        for element in islice(ancestor.iterdescendants(), _MOST_PARTS):
            if element.tag == "figcaption" or "caption" in roles_of(element):
                return inner_text(element) or None
    return None


def find_videos(doc: Document) -> tuple[Video, ...]:
    """The films, each URL once; one without URL only where its caption is new."""
    kept: dict[str, Video] = {}
    for video in _found(doc):
        key = video.url or fold(video.caption)
        if key:
            kept.setdefault(key, video)
    return tuple(kept.values())
