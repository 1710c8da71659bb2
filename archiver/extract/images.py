"""Pictures of an article: figures, caption-like elements, JSON-LD; the cover by og:image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import islice

from lxml.html import HtmlElement

from archiver.extract.authors import is_byline
from archiver.extract.captions import (
    attribute_credits,
    bare_credit,
    clean_credit,
    credits_beside,
    read_caption,
    split_credits,
)
from archiver.extract.document import Document
from archiver.extract.jsonld import as_list, text_of, types_of, url_of
from archiver.extract.marks import roles_of
from archiver.extract.pictures import key_of, picture_url
from archiver.extract.region import Region
from archiver.extract.text import clean, fold, inner_text, unique
from archiver.model import Image

_PLAYERS = ("video", "audio", "iframe", "table", "blockquote")
_LONGEST = 1500  # characters of a caption
_BOX = 400  # characters of a box that holds one picture and its words
_BOX_ELEMENTS = 30
_MOST_PARTS = 200  # elements of a caption; what has more is none
_MOST = 500  # captions of one page; a page with more is an attack
_FEW_WORDS = 3
_FRAMED = frozenset({"caption", "text"})
_PICTURES = ("img", "amp-img", "source", "meta", "link", "picture", "div")
_LINES = ("div", "p", "span", "small", "em")
_KANA = "\u3040"  # what sorts behind it is written without spaces
_LEVELS = 6  # how far up from a caption its picture is looked for


def _figures(doc: Document, region: Region, done: set[HtmlElement]) -> Iterator[Image]:
    for figure in doc.tree.iter("figure"):
        if next(figure.iterdescendants("figure"), None) is not None or not region.owns(figure):
            continue
        if next(figure.iter(*_PLAYERS), None) is not None or "player" in roles_of(figure):
            continue
        captions = _caption_of(figure)
        if captions and is_byline(captions[0]):
            done.update(figure.iter("img"))  # an author's portrait
            continue
        caption, credits_ = read_caption(captions[0]) if captions else ("", ())
        credits_ = credits_ or credits_beside(figure, captions)
        urls = ((img, picture_url(img, doc)) for img in figure.iter(*_PICTURES))
        img, url = next(((img, url) for img, url in urls if url), (None, None))
        if img is not None:
            yield _image(img, url, caption, credits_)
        elif caption:
            yield Image(url="", caption=caption[:_LONGEST], credits=credits_)


def _caption_of(figure: HtmlElement) -> list[HtmlElement]:
    """The caption of a figure, or none: its figcaption, else the first that a name tells."""
    for candidates in (figure.iter("figcaption"), figure.iterdescendants()):
        for element in islice(candidates, _MOST_PARTS):
            if _is_caption(element):
                return [element]
    return []


def _image(img: HtmlElement, url: str | None, caption: str, credits_: tuple[str, ...]) -> Image:
    return Image(
        url=url or "",
        alt=clean(img.get("alt")) or None,
        caption=caption[:_LONGEST] or None,
        credits=credits_ or attribute_credits(img),
    )


def _is_caption(element: HtmlElement) -> bool:
    if not isinstance(element.tag, str) or element.tag in {"img", "a", "button", "figure", "label"}:
        return False
    if element.tag != "figcaption" and "caption" not in roles_of(element):
        return False
    return next(islice(element.iterdescendants(), _MOST_PARTS, None), None) is None


def _is_text(element: HtmlElement) -> bool:
    """Whether an element is the text of a picture by its name, and no frame around more."""
    if "text" not in roles_of(element):
        return False
    for each in element.iterdescendants():
        if each.tag in {"img", "h2", "h3"} or not _FRAMED.isdisjoint(roles_of(each)):
            return False
    return sum(1 for _ in element.iter("p")) <= 1


def _captioned(doc: Document, region: Region, done: set[HtmlElement]) -> Iterator[Image]:
    """Elements outside figures that are captions by class, each with the picture beside it."""
    captions: set[HtmlElement] = set()
    for element in doc.tree.iter("figcaption", "div", "p", "span", "dd", "em", "small", "li"):
        if element.tag != "figcaption" and _FRAMED.isdisjoint(roles_of(element)):
            continue
        if not (_is_caption(element) or _is_text(element)):
            continue
        if len(captions) >= _MOST:
            return
        above = list(element.iterancestors())
        if any(a in captions or a.tag == "figure" for a in above) or not region.owns(element):
            continue
        box, img = _picture_near(element, above, doc, region)
        if img is None or is_byline(element):
            continue
        caption, credits_ = read_caption(element)
        if len(caption) <= _LONGEST and (credits_ or len(caption.split()) > 1 or caption > _KANA):
            captions.add(element)
            done.add(img)
            beside = credits_ or credits_beside(box, [element])
            yield _image(img, picture_url(img, doc), caption, beside)


def _picture_near(
    element: HtmlElement, above: list[HtmlElement], doc: Document, region: Region
) -> tuple[HtmlElement, HtmlElement | None]:
    """The picture of a caption (and the box of both): in it, around it, else directly before."""
    places = [element]
    for ancestor in above[:_LEVELS]:
        if ancestor in region.spine or ancestor.tag in {"article", "main", "body"}:
            break
        places.append(ancestor)
    for place in places:
        for img in place.iter(*_PICTURES):
            if picture_url(img, doc):
                return place, img
    before = element.getprevious()
    if before is not None and len(inner_text(before)) < _BOX:
        found = (img for img in before.iter(*_PICTURES) if picture_url(img, doc))
        return element, next(found, None)
    return element, None


def _boxed(doc: Document, region: Region, done: set[HtmlElement]) -> Iterator[Image]:
    """Boxes without a named caption: one picture and one line of words.

    What tells that the line is a caption is a credit beside it, or the name of the box.
    """
    for img in doc.tree.iter("img"):
        if img in done or next(img.iterancestors("figure"), None) is not None:
            continue
        box = _box_of(img, region) if region.owns(img) else None
        url = picture_url(img, doc) if box is not None else None
        if box is None or not url:
            continue
        lines = [text for e in box.iter(*_LINES) if not _has_line(e) and (text := inner_text(e))]
        found = unique(credit for line in lines for credit in bare_credit(line))
        words = unique(line for line in lines if not bare_credit(line))
        named = "picture" in roles_of(box) and len("".join(words).split()) > _FEW_WORDS
        if len(words) <= 1 and (found or named):
            caption, more = split_credits("".join(words))
            yield _image(img, url, caption, found or more)


def _box_of(img: HtmlElement, region: Region) -> HtmlElement | None:
    """The largest element around a picture that holds no other picture and few words."""
    box = None
    for ancestor in img.iterancestors():
        if ancestor in region.spine or ancestor.tag in {"article", "main", "body", "a"}:
            break
        inside = list(islice(ancestor.iterdescendants(), _BOX_ELEMENTS))
        pictures = {each.get("src") for each in inside if each.tag == "img"}
        if len(inside) == _BOX_ELEMENTS or len(pictures) > 1 or len(inner_text(ancestor)) > _BOX:
            break
        box = ancestor
    return box


def _has_line(element: HtmlElement) -> bool:
    return next(element.iterdescendants(*_LINES), None) is not None


def _structured(doc: Document) -> Iterator[Image]:
    """The article's own images in JSON-LD."""
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


def _bare(doc: Document, region: Region, done: set[HtmlElement]) -> Iterator[Image]:
    """Pictures in the article without any caption."""
    for root in doc.tree.iter("article", "main"):
        for img in root.iter("img"):
            url = picture_url(img, doc) if img not in done and region.owns(img) else None
            if url:
                yield _image(img, url, "", ())
        return


def _merge(shown: Iterable[Image], structured: Iterable[Image]) -> list[Image]:
    """One image for all sizes and mentions of a picture; the first mention's words win.

    One that is shown with two captions is two pictures behind one placeholder; what structured
    data says of one that is shown is the same picture in other words.
    """
    kept: dict[str, Image] = {}
    captions: dict[str, str] = {}
    for image, visible in (
        (i, v) for v, some in ((True, shown), (False, structured)) for i in some
    ):
        key = key_of(image.url) if image.url else fold(image.caption)
        if image.caption:  # one caption is one picture, however its crops are named
            key = captions.setdefault(fold(image.caption), key)
        old = kept.get(key)
        if visible and old and image.caption and fold(old.caption) not in ("", fold(image.caption)):
            key = f"{key} {fold(image.caption)}"
            old = kept.get(key)
        kept[key] = (
            image
            if old is None
            else replace(
                old,
                url=old.url or image.url,
                alt=old.alt or image.alt,
                caption=old.caption or image.caption,
                credits=old.credits or image.credits,
            )
        )
    return list(kept.values())


def find_images(doc: Document, region: Region, *, titles: Iterable[str] = ()) -> tuple[Image, ...]:
    """The article's pictures in page order, the cover marked (it comes first where not shown).

    `titles`: the page's headlines, which are no captions.
    """
    wrong = {fold(title) for title in titles}
    found = [
        replace(image, caption=None) if fold(image.caption) in wrong else image
        for image in _merge(_all(doc, region), _structured(doc))
    ]
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


def _all(doc: Document, region: Region) -> Iterator[Image]:
    done: set[HtmlElement] = set()
    yield from _figures(doc, region, done)
    yield from _captioned(doc, region, done)
    yield from _boxed(doc, region, done)
    yield from _bare(doc, region, done)


def caption_lines(doc: Document, images: tuple[Image, ...]) -> frozenset[str]:
    """Folded texts that are captions, credits or alt texts and so no part of the body."""
    lines = {fold(inner_text(e)) for e in doc.tree.iter("figcaption")}
    for image in images:
        for text in (image.alt, image.caption, *image.credits):
            lines.add(fold(text))
    return frozenset(lines - {""})
