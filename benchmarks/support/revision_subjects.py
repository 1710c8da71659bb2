"""A page that is edited, and how a text is found and replaced in its HTML."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape

from lxml.html import HtmlElement, HTMLParser, document_fromstring

from archiver.model import Article

Pair = tuple[str, str]
_UNSEEN = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u2060\ufeff"))  # marks where a word may break


@dataclass(frozen=True, kw_only=True)
class Subject:
    """A page that is edited: its HTML, what is extracted of it, and words of its language."""

    html: str
    article: Article
    rng: random.Random
    others: tuple[str, ...] = ()  # paragraphs of other pages in its language, with figures

    @property
    def lines(self) -> list[str]:
        """The longer paragraphs, in random order."""
        found = [line for line in self.article.text.split("\n") if len(line) >= 60 or wide(line)]
        return self.rng.sample(found, len(found))

    @property
    def language(self) -> str:
        """The language's code of two letters."""
        return (self.article.language or "")[:2].replace("nb", "no").replace("nn", "no")


def wide(line: str) -> bool:
    """Whether a line has enough characters of Japanese, Chinese or Korean to be a long one."""
    return len(re.findall("[\u3040-\u9fff\uac00-\ud7af]", line)) >= 20


def parsed(html: str) -> HtmlElement:
    """A page as a tree."""
    return document_fromstring(html.encode(), parser=HTMLParser(encoding="utf-8"))


def replaced(html: str, old: str, new: str) -> str | None:
    """The page with a text replaced everywhere, however it is escaped there."""
    made = html
    for form in (
        str,
        lambda text: escape(text, quote=False),
        escape,
        lambda text: escape(text).replace("&#x27;", "&#39;"),
        lambda text: escape(text, quote=False).replace("\u2019", "&rsquo;"),
        lambda text: json.dumps(text)[1:-1],
        lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
        lambda text: json.dumps(text)[1:-1].replace("/", "\\/"),
    ):
        if form(old) in made and form(old) != form(new):
            made = made.replace(form(old), form(new))
    # an edit that an editor makes is made everywhere: else the page says both
    return made if made != html and old.translate(_UNSEEN) not in _read(made) else None


def _read(html: str) -> str:
    """A page's characters, whatever escapes stand for them."""
    text = re.sub(r"\\\\?u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), html)
    text = unescape(unescape(text)).replace('\\"', '"').replace("\\/", "/").replace("\xa0", " ")
    text = text.translate(_UNSEEN)
    return " ".join(re.sub(r"</?(?:a|b|i|em|strong|span)\b[^<>]*>", "", text).split())


def swap(subject: Subject, line: str, begin: int, end: int, word: str) -> Pair | None:
    """Put a word into a paragraph, found on the page by what stands around it."""
    article = subject.article
    elsewhere = [article.standfirst or "", article.title or ""]
    elsewhere += [text for image in article.images for text in (image.caption, image.alt) if text]
    for around in (25, 12, 6, 3):
        left, right = max(0, begin - around), min(len(line), end + around)
        old = line[left:right]
        if any(old in text for text in elsewhere):
            continue
        made = replaced(subject.html, old, line[left:begin] + word + line[end:right])
        if made is not None:
            return subject.html, made
    return None


def first(subject: Subject, form: str, new: Callable[[str], str | None]) -> Pair | None:
    """Replace the first thing of a form that is found on the page as it stands in the text."""
    for line in subject.lines:
        matches = list(re.finditer(form, line))
        subject.rng.shuffle(matches)
        for match in matches[:6]:
            word = new(match.group("it"))
            if word and word != match.group("it"):
                pair = swap(subject, line, *match.span("it"), word)
                if pair:
                    return pair
    return None


def after(subject: Subject, line: str, markup: str) -> str | None:
    """The page with markup behind the paragraph that a line of the text stands in."""
    for form in (str, lambda text: escape(text, quote=False), escape):
        tail = form(line[-25:])
        place = subject.html.find(tail + "</p>")
        if place >= 0 and subject.html.count(tail + "</p>") == 1:
            end = place + len(tail) + len("</p>")
            return subject.html[:end] + markup + subject.html[end:]
    return None


def anywhere(subject: Subject, markup: str) -> str | None:
    """The page with markup behind one of its paragraphs; None where none is found."""
    return next(filter(None, (after(subject, line, markup) for line in subject.lines)), None)
