"""Pictures of an article: figures, caption-like elements, JSON-LD; the cover by og:image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from urllib.parse import urlsplit

from lxml.html import HtmlElement

from archiver.extract.captions import clean_credit, read_caption, split_credits
from archiver.extract.document import Document
from archiver.extract.jsonld import as_list, text_of, types_of, url_of
from archiver.extract.text import clean, fold, inner_text
from archiver.model import Image

_LAZY = ("src", "data-src", "data-original", "data-lazy-src", "data-srcset", "srcset", "data-url")
_OUTSIDE = frozenset({"nav", "aside", "footer", "form"})
_OTHER = re.compile(
    r"(?:^|[-_\s])(?:related|recommend\w*|promo|teasers?|sidebar|newsletter|comments?|most-read|read-more"
    r"|author-?(?:image|bio|card)|avatar|outbrain|taboola|footer|nav|menu|more-on|cards?)(?:$|[-_\s])",
    re.IGNORECASE,
)
_CAPTION = re.compile(
    r"caption|(?:^|[-_\s])(?:legend|legende|bildunterschrift|bildtext|img-info|image-info"
    r"|img-description|(?:image|photo|picture|lightbox|gallery|carousel)\w*[-_]+(?:\w+-)?(?:description|text)"
    r"|info-description|pie-foto|didascalia|fotobeschreibung)(?:$|[-_\s])",
    re.IGNORECASE,
)
_NO_PICTURE = re.compile(
    r"^data:|\.svg(?:$|\?)|(?:spacer|blank|pixel|placeholder|logo|icon|avatar|1x1)\b", re.IGNORECASE
)
_SIZE = re.compile(r"\d{2,4}x\d{2,4}|[-_]\d{2,4}[wh]?$|\b[wh][=_-]?\d{2,4}\b")
_ENDING = re.compile(r"\.(?:jpe?g|png|webp|gif|avif|heic|jfif|bmp|tiff?)$", re.IGNORECASE)
_LONGEST = 1500  # characters of a caption
_LEVELS = 6  # how far up from a caption its picture is looked for


def _source(img: HtmlElement, doc: Document) -> str | None:
    """The picture's URL: the first attribute or sibling source that is not a placeholder."""
    parent = img.getparent()
    places = [img]
    if parent is not None and parent.tag == "picture":
        places += parent.findall("source")
    for place in places:
        for name in _LAZY:
            value = clean(place.get(name))
            if "srcset" in name or (place.tag == "source" and name != "src"):
                value = value.split(",")[-1].strip().split(" ")[0] if value else ""
            if value and not _NO_PICTURE.search(value) and (url := doc.absolute(value)):
                return url
    return None


def key_of(url: str) -> str:
    """What is the same for all sizes of one picture: its file name without sizes and ending."""
    path = urlsplit(url).path.rstrip("/")
    name = path.rsplit("/", 1)[-1]
    stem = _SIZE.sub("", _ENDING.sub("", name)).strip("-_.").lower()
    return stem if len(stem) > 3 else path.lower()


def _belongs(element: HtmlElement) -> bool:
    """Whether an element is the article's own, not a teaser's of another one."""
    for ancestor in element.iterancestors():
        if ancestor.tag in {"article", "main", "body"}:
            return True
        if ancestor.tag in _OUTSIDE or _OTHER.search(ancestor.get("class") or ""):
            return False
        if ancestor.tag == "a" and next(ancestor.iter("h2", "h3", "h4"), None) is not None:
            return False
    return True


def _figures(doc: Document) -> Iterator[Image]:
    for figure in doc.tree.iter("figure"):
        if next(figure.iterdescendants("figure"), None) is not None or not _belongs(figure):
            continue
        if next(figure.iter("video", "audio", "iframe", "table", "blockquote"), None) is not None:
            continue
        captions = list(figure.iter("figcaption"))
        if not captions:
            captions = [e for e in figure.iterdescendants() if _is_caption(e)][:1]
        caption, credits_ = read_caption(captions[0]) if captions else ("", ())
        images = [img for img in figure.iter("img") if _source(img, doc)]
        for img in images[:1]:
            yield _image(img, doc, caption, credits_)
        if not images and caption:
            yield Image(url="", caption=caption[:_LONGEST], credits=credits_)


def _image(img: HtmlElement, doc: Document, caption: str, credits_: tuple[str, ...]) -> Image:
    return Image(
        url=_source(img, doc) or "",
        alt=clean(img.get("alt")) or None,
        caption=caption[:_LONGEST] or None,
        credits=credits_,
    )


def _is_caption(element: HtmlElement) -> bool:
    if not isinstance(element.tag, str) or element.tag in {"img", "a", "button", "figure"}:
        return False
    return (
        element.tag == "figcaption"
        or bool(_CAPTION.search(element.get("class") or ""))
        or (element.get("itemprop") == "caption")
    )


def _captioned(doc: Document) -> Iterator[Image]:
    """Elements outside figures that are captions by class, each with the picture beside it."""
    done: set[HtmlElement] = set()
    for element in doc.tree.iter("figcaption", "div", "p", "span", "dd", "em"):
        if not _is_caption(element) or any(a in done for a in element.iterancestors()):
            continue
        if not _belongs(element) or any(a.tag == "figure" for a in element.iterancestors()):
            continue
        caption, credits_ = read_caption(element)
        img = next(element.iter("img"), None)
        for depth, ancestor in enumerate(element.iterancestors()):
            if img is not None or depth >= _LEVELS or ancestor.tag in {"article", "body", "main"}:
                break
            img = next(ancestor.iter("img"), None)
        if img is not None and (caption or credits_) and _source(img, doc):
            done.add(element)
            yield _image(img, doc, caption, credits_)


def _structured(doc: Document) -> Iterator[Image]:
    """The article's own images in JSON-LD, and others of the graph that have a caption."""
    own = [doc.graph.resolve(value) for value in as_list(doc.graph.article.get("image"))]
    for value in own:
        url = doc.absolute(url_of(value))
        if url is None:
            continue
        node = value if isinstance(value, dict) and "imageobject" in types_of(value) else {}
        raw = text_of(node.get("caption")) or text_of(node.get("description"))
        caption, found = split_credits(raw)
        credit = clean_credit(
            text_of(node.get("creditText")) or text_of(node.get("copyrightHolder"))
        )
        yield Image(url=url, caption=caption or None, credits=(credit,) if credit else found)


def _bare(doc: Document) -> Iterator[Image]:
    """Pictures in the article without any caption."""
    for root in doc.tree.iter("article", "main"):
        for img in root.iter("img"):
            if _belongs(img) and _source(img, doc):
                yield _image(img, doc, "", ())
        return


def _merge(images: Iterator[Image]) -> list[Image]:
    """One image for all sizes and mentions of a picture; the first mention's words win."""
    kept: dict[str, Image] = {}
    captions: dict[str, str] = {}
    for image in images:
        key = key_of(image.url) if image.url else fold(image.caption)
        if image.caption:  # one caption is one picture, however its crops are named
            key = captions.setdefault(fold(image.caption), key)
        if (
            key in kept
            and image.caption
            and fold(kept[key].caption) not in ("", fold(image.caption))
        ):
            key = f"{key} {fold(image.caption)}"  # another picture behind one placeholder
        old = kept.get(key)
        if old is None:
            kept[key] = image
        else:
            kept[key] = replace(
                old,
                url=old.url or image.url,
                alt=old.alt or image.alt,
                caption=old.caption or image.caption,
                credits=old.credits or image.credits,
            )
    return list(kept.values())


def find_images(doc: Document) -> tuple[Image, ...]:
    """The article's pictures in page order, the cover marked (it comes first where not shown)."""
    found = _merge(_all(doc))
    cover = doc.absolute(
        doc.first("og:image", "og:image:url", "twitter:image", "twitter:image:src")
    )
    if cover:
        key = key_of(cover)
        place = next((n for n, image in enumerate(found) if key_of(image.url) == key), None)
        if place is None:
            alt = clean(doc.first("og:image:alt", "twitter:image:alt")) or None
            found.insert(0, Image(url=cover, alt=alt, is_cover=True))
        else:
            found[place] = replace(found[place], is_cover=True)
    elif found:
        found[0] = replace(found[0], is_cover=True)
    return tuple(image for image in found if image.url)


def _all(doc: Document) -> Iterator[Image]:
    yield from _figures(doc)
    yield from _captioned(doc)
    yield from _structured(doc)
    yield from _bare(doc)


def caption_lines(doc: Document, images: tuple[Image, ...]) -> frozenset[str]:
    """Folded texts that are captions, credits or alt texts and so no part of the body."""
    lines = {fold(inner_text(e)) for e in doc.tree.iter("figcaption")}
    for image in images:
        for text in (image.alt, image.caption, *image.credits):
            lines.add(fold(text))
    return frozenset(lines - {""})
