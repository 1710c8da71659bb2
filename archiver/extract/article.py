"""A captured page into an article: the one entrance of this room, a pure function."""

from __future__ import annotations

import time
from dataclasses import replace

import archiver
from archiver.extract.access import find_access
from archiver.extract.authors import find_agencies, find_authors
from archiver.extract.body import Body, find_body, without_repeats
from archiver.extract.boilerplate import strip_blocks
from archiver.extract.dates import find_dates
from archiver.extract.decode import is_html
from archiver.extract.document import Document, read_document
from archiver.extract.embeds import with_embeds
from archiver.extract.facts import find_section, find_tags
from archiver.extract.headline import find_headlines
from archiver.extract.images import caption_lines, find_images
from archiver.extract.kind import kind_of, wall_of
from archiver.extract.language import find_language
from archiver.extract.links import find_canonical, find_links
from archiver.extract.pruning import prune
from archiver.extract.readtime import find_read_time
from archiver.extract.region import find_region
from archiver.extract.standfirst import find_standfirst, without_standfirst
from archiver.extract.summaries import summary_sketch
from archiver.extract.template import template_sketch
from archiver.extract.text import count_words, fold, inner_text, strip_junk
from archiver.extract.videos import find_videos
from archiver.model import Article, ArticleKind, Cut, Extraction, Extractor, Page

NAME = "news-archiver"
_TEXTLESS = frozenset({ArticleKind.VIDEO, ArticleKind.GALLERY})  # may be without a body


def extract_page(page: Page) -> Extraction:
    """The article of a page, or one word why there is none; never raises.

    The same page gives the same article, at any time and on any machine; only `seconds`
    (wall time) differs. Reasons: empty, not-html, no-text, consent, blocked, memory, error.
    """
    start = time.perf_counter()
    try:
        found = _extract(page)
    except MemoryError:
        found = Extraction(reason="memory", detail="out of memory")
    except Exception as error:  # noqa: BLE001 - a page's fault costs that page and nothing else
        detail = strip_junk(f"{type(error).__name__}: {error}")[:500]
        found = Extraction(reason="error", detail=detail)
    return replace(found, seconds=time.perf_counter() - start)


def _extract(page: Page) -> Extraction:
    if not page.body.strip():
        return Extraction(reason="empty")
    if not is_html(page.body, page.content_type):
        return Extraction(reason="not-html", detail=page.content_type)
    doc = read_document(page.body, url=page.url, content_type=page.content_type)
    if doc is None:
        return Extraction(reason="no-text")
    wall = wall_of(doc)
    if wall is not None:
        return Extraction(reason=str(wall))
    article, cuts = build_article(page, doc)
    if not article.text and not (article.title and article.kind in _TEXTLESS):
        return Extraction(reason="no-text", detail=article.title, cuts=cuts)
    return Extraction(article=article, cuts=cuts)


def build_article(page: Page, doc: Document) -> tuple[Article, tuple[Cut, ...]]:
    """The article of a page that is read already, and what was left out of its text.

    The text may be empty.
    """
    template = template_sketch(doc.tree)
    headlines = find_headlines(doc)
    region = find_region(doc)
    authors = find_authors(doc, region, not_names=headlines.all)
    images = find_images(doc, region, titles=headlines.all)
    captions = caption_lines(doc, images)
    pruned = prune(doc.tree)
    body: Body = find_body(doc, pruned)
    shown = [inner_text(element) for element in pruned.tree.iter("h1")]
    blocks, cuts = strip_blocks(
        without_repeats(body.blocks),
        titles=(*headlines.all, *shown),
        captions=captions,
        authors=authors,
    )
    standfirst = find_standfirst(
        doc,
        pruned.tree,
        titles=headlines.all,
        lines=[block.text for block in blocks],
        authors=authors,
        taken={fold(image.caption) for image in images if image.caption}
        | {fold(block.text) for block in blocks if block.time},
    )
    blocks, again = without_standfirst(blocks, standfirst.text)
    text = "\n".join(block.text for block in blocks)
    words = count_words(text)
    dates = find_dates(doc, region, captured_at=page.captured_at)
    canonical = find_canonical(doc)
    taken = frozenset(url for href in pruned.links if (url := doc.canonical(href)))
    article = Article(
        url=page.url,
        canonical_url=canonical,
        outlet=page.outlet,
        captured_at=page.captured_at,
        title=headlines.title,
        headlines=headlines.all,
        section=find_section(doc, headlines.section),
        standfirst=standfirst.text,
        text=text,
        blocks=with_embeds(doc, blocks),
        authors=authors,
        agencies=find_agencies(doc, authors),
        published=dates.published,
        modified=dates.modified,
        date_candidates=dates.candidates,
        language=find_language(doc, text, page.language),
        read_time=find_read_time(doc, region, words),
        word_count=sum(words),
        images=images,
        videos=find_videos(doc),
        links=find_links(doc, canonical, taken),
        tags=find_tags(doc),
        access=find_access(doc, region, text),
        kind=kind_of(doc, blocks),
        warc=page.warc,
        extractor=Extractor(
            name=NAME,
            version=archiver.__version__,
            method=body.method,
            template=template,
            summaries=summary_sketch(standfirst.choices),
        ),
    )
    return article, (*pruned.cuts, *cuts, *again)
