"""What a page is: an article or something that stands in its place or leads to it."""

from __future__ import annotations

import re
from itertools import islice
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
    r"|g-recaptcha|h-captcha|hcaptcha\.com|challenges\.cloudflare\.com|/\.within\.website/x/xess"
    r"|token\.awswaf\.com|/149e9513-01fa-4fb0-aad4-566afd725d1b/",
    re.IGNORECASE,
)
# Variables that the scripts of challenge pages set.
_CHALLENGE_SCRIPT = re.compile(
    r"_cf_chl_opt|gokuProps|_pxAppId|window\._pxUuid|bmak\.|KPSDK|sucuri_cloudproxy|__ddg\d"
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
    if _CONSENT_HOST.search(parts.hostname or "") or _CONSENT_PATH.search(parts.path):
        return ArticleKind.CONSENT
    text = fold(inner_text(doc.tree))
    if len(text) > _WALL_TEXT:
        return None
    titles = [fold(inner_text(e)) for e in islice(doc.tree.iter("title", "h1"), 4)]
    if any(title.startswith(tuple(phrases("page", "blocked"))) for title in titles):
        return ArticleKind.BLOCKED
    if any(title.startswith(tuple(phrases("page", "consent"))) for title in titles):
        return ArticleKind.CONSENT
    if doc.first("og:type").lower() == "article":
        return None
    if any(phrase in text for phrase in phrases("page", "blocked_phrases")):
        return ArticleKind.BLOCKED
    if sum(phrase in text for phrase in phrases("page", "consent_phrases")) > 1:
        return ArticleKind.CONSENT
    return ArticleKind.BLOCKED if len(text) < _STUB and _is_challenge(doc) else None


def _is_challenge(doc: Document) -> bool:
    """Whether a page loads or sets what only challenge pages do."""
    for element in doc.tree.iter("script", "iframe", "form", "div"):
        if element.tag == "script" and _CHALLENGE_SCRIPT.search(element.text or ""):
            return True
        marks = (element.get(name) or "" for name in ("src", "id", "action", "class"))
        if any(_CHALLENGE.search(mark) for mark in marks):
            return True
    return False


def kind_of(doc: Document, blocks: tuple[Block, ...]) -> ArticleKind:
    """The kind of a page that is no wall."""
    article = types_of(doc.graph.article)
    live = "liveblogposting" in article or doc.graph.article.get("liveBlogUpdate")
    if live or any(block.time for block in blocks):
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
