"""A captured page into an article: the one entrance of this room, a pure function."""

from __future__ import annotations

import time

import archiver
from archiver.extract.authors import find_authors
from archiver.extract.body import Body, find_body, without_repeats
from archiver.extract.boilerplate import strip_blocks
from archiver.extract.dates import find_dates
from archiver.extract.decode import is_html
from archiver.extract.document import Document, read_document
from archiver.extract.facts import (
    find_access,
    find_language,
    find_read_time,
    find_section,
    find_tags,
)
from archiver.extract.headline import find_headlines
from archiver.extract.images import caption_lines, find_images
from archiver.extract.kind import kind_of, wall_of
from archiver.extract.links import find_canonical, find_links
from archiver.extract.standfirst import find_standfirst
from archiver.extract.text import count_words, strip_junk
from archiver.extract.videos import find_videos
from archiver.model import Article, ArticleKind, Extraction, Extractor, Page

NAME = "news-archiver"
_TEXTLESS = frozenset({ArticleKind.VIDEO, ArticleKind.GALLERY})  # may be without a body


def extract_page(page: Page) -> Extraction:
    """The article of a page, or one word why there is none; never raises.

    The same page gives the same article, at any time and on any machine; only `seconds`
    (wall time) differs. Reasons: empty, not-html, no-text, consent, blocked, memory, error.
    """
    start = time.perf_counter()
    try:
        article, reason, detail = _extract(page)
    except MemoryError:
        article, reason, detail = None, "memory", "out of memory"
    except Exception as error:  # noqa: BLE001 - a page's fault costs that page and nothing else
        article, reason = None, "error"
        detail = strip_junk(f"{type(error).__name__}: {error}")[:500]
    seconds = time.perf_counter() - start
    return Extraction(article=article, reason=reason, detail=detail, seconds=seconds)


def _extract(page: Page) -> tuple[Article | None, str | None, str | None]:
    if not page.body.strip():
        return None, "empty", None
    if not is_html(page.body, page.content_type):
        return None, "not-html", page.content_type
    doc = read_document(page.body, url=page.url, content_type=page.content_type)
    if doc is None:
        return None, "no-text", None
    wall = wall_of(doc)
    if wall is not None:
        return None, str(wall), None
    article = build_article(page, doc)
    if not article.text and not (article.title and article.kind in _TEXTLESS):
        return None, "no-text", article.title
    return article, None, None


def build_article(page: Page, doc: Document) -> Article:
    """The article of a page that is read already; its text may be empty."""
    headlines = find_headlines(doc)
    authors = find_authors(doc, not_names=headlines.all)
    images = find_images(doc)
    captions = caption_lines(doc, images)
    body: Body = find_body(doc)
    blocks, taken = strip_blocks(
        without_repeats(body.blocks),
        doc,
        titles=headlines.all,
        captions=captions,
        authors=authors,
    )
    lines = [block.text for block in blocks]
    text = "\n".join(lines)
    dates = find_dates(doc, captured_at=page.captured_at)
    canonical = find_canonical(doc)
    return Article(
        url=page.url,
        canonical_url=canonical,
        outlet=page.outlet,
        captured_at=page.captured_at,
        title=headlines.title,
        headlines=headlines.all,
        section=find_section(doc, headlines.section),
        standfirst=find_standfirst(doc, titles=headlines.all, lines=lines, captions=captions),
        text=text,
        blocks=blocks,
        authors=authors,
        published=dates.published,
        modified=dates.modified,
        date_candidates=dates.candidates,
        language=find_language(doc, text, page.language),
        read_time=find_read_time(doc, text),
        word_count=sum(count_words(text)),
        images=images,
        videos=find_videos(doc),
        links=find_links(doc, canonical, taken),
        tags=find_tags(doc),
        access=find_access(doc),
        kind=kind_of(doc, blocks),
        warc=page.warc,
        extractor=Extractor(name=NAME, version=archiver.__version__, method=body.method),
    )
