"""What a page is: an article or something that stands in its place or leads to it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from archiver.extract.document import Document
from archiver.extract.jsonld import is_article, types_of
from archiver.extract.phrases import phrases
from archiver.extract.text import fold, inner_text
from archiver.model import ArticleKind, Block

_CONSENT_HOST = re.compile(r"(?:^|\.)(?:consent|myprivacy|privacy|cmp)\.", re.IGNORECASE)
_CONSENT_PATH = re.compile(
    r"/(?:consent|privacy-?gate|cookie-?wall|collectconsent)\b", re.IGNORECASE
)
# Scripts and elements of bot walls; each stands on its challenge page and not on a passed one.
_CHALLENGE = re.compile(
    r"/cdn-cgi/challenge-platform/.{0,60}orchestrate|cf-chl-|challenge-form|captcha-delivery\.com"
    r"|px-captcha|_Incapsula_Resource|/_sec/cp_challenge|geo\.captcha|awswafcaptcha|ddos-guard/js"
    r"|g-recaptcha|h-captcha",
    re.IGNORECASE,
)
_WALL_TEXT = 3000  # characters of visible text; a wall is shorter than an article's page
_STUB = 600  # characters of body below which a page's type counts more than its text
_SECTION_TYPES = frozenset({"collectionpage", "searchresultspage", "itemlist", "profilepage"})
_GALLERY_TYPES = frozenset({"imagegallery", "mediagallery"})


def wall_of(doc: Document) -> ArticleKind | None:
    """CONSENT or BLOCKED where the page stands in an article's place; None where it may be one."""
    if doc.graph.article and doc.graph.article.get("headline"):
        return None
    parts = urlsplit(doc.url)
    titles = [fold(inner_text(e)) for e in doc.tree.iter("title", "h1")][:4]
    text = inner_text(doc.tree)
    if _CONSENT_HOST.search(parts.hostname or "") or _CONSENT_PATH.search(parts.path):
        return ArticleKind.CONSENT
    if len(text) > _WALL_TEXT:
        return None
    if any(title.startswith(tuple(phrases("page", "blocked"))) for title in titles):
        return ArticleKind.BLOCKED
    if any(title.startswith(tuple(phrases("page", "consent"))) for title in titles):
        return ArticleKind.CONSENT
    marks = (e.get("src") or e.get("id") or e.get("action") or e.get("class") or ""
             for e in doc.tree.iter("script", "iframe", "form", "div"))  # fmt: skip
    if len(text) < _STUB and any(_CHALLENGE.search(mark) for mark in marks):
        return ArticleKind.BLOCKED
    return None


def kind_of(doc: Document, blocks: tuple[Block, ...]) -> ArticleKind:
    """The kind of a page that is no wall."""
    article = types_of(doc.graph.article)
    if "liveblogposting" in article or doc.graph.article.get("liveBlogUpdate"):
        return ArticleKind.LIVEBLOG
    tops = {name for root in doc.graph.roots if isinstance(root, dict) for name in types_of(root)}
    tops |= {
        name
        for root in doc.graph.roots
        if isinstance(root, dict) and isinstance(root.get("@graph"), list)
        for node in root["@graph"]
        if isinstance(node, dict)
        for name in types_of(node)
    }
    size = sum(len(block.text) for block in blocks)
    og_type = doc.first("og:type").lower()
    if size < _STUB:
        if og_type.startswith("video") or ("videoobject" in tops and not doc.graph.article):
            return ArticleKind.VIDEO
        if tops & _GALLERY_TYPES:
            return ArticleKind.GALLERY
    if tops & _GALLERY_TYPES and not is_article(doc.graph.article):
        return ArticleKind.GALLERY
    if not doc.graph.article and not og_type.startswith(("article", "video")):
        front = not urlsplit(doc.url).path.strip("/")
        if front or tops & _SECTION_TYPES:
            return ArticleKind.SECTION
    return ArticleKind.ARTICLE
