"""Known edits of real pages: what an editor, a template or a counter does to the HTML.

Each maker takes a page and gives it before and after, or None where it has nothing to work on.
What an edit is to be called is said beside it; no code of `archiver.revise` is asked.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from html import escape, unescape
from zlib import crc32

from lxml.html import HtmlElement, HTMLParser, document_fromstring, fromstring, tostring

from archiver.extract.text import inner_text
from archiver.model import Article

Pair = tuple[str, str]
_DAYS = {
    "all": [
        "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
        "Montag Dienstag Mittwoch Donnerstag Freitag Samstag Sonntag",
        "lundi mardi mercredi jeudi vendredi samedi dimanche",
        "lunes martes miércoles jueves viernes sábado domingo",
        "lunedì martedì mercoledì giovedì venerdì sabato domenica",
        "mandag tirsdag onsdag torsdag fredag lørdag søndag",
        "måndag tisdag onsdag torsdag fredag lördag söndag",
        "January February March April June July August September October November December",
        "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
        "janvier février mars avril juin juillet août septembre octobre novembre décembre",
        "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
        "gennaio febbraio marzo aprile maggio giugno luglio settembre ottobre novembre dicembre",
    ]
}
_SURNAMES = ["Karlstadt", "Oduyana", "Brenningham", "Castellanos", "Vorhees", "Lindqvistad"]
_NOTICES = {
    "en": [
        "Correction: An earlier version of this article misstated the figure.",
        "This article was amended on 3 May to correct a name in the second paragraph.",
        "Editor's note: This story has been updated to clarify the role of the agency.",
    ],
    "de": [
        "Korrektur: In einer früheren Version dieses Artikels war eine Zahl falsch angegeben.",
        "Anmerkung der Redaktion: Wir haben eine Angabe im zweiten Absatz berichtigt.",
    ],
    "fr": ["Rectificatif : une première version de cet article donnait un chiffre erroné."],
    "es": ["Fe de errores: una versión anterior de esta noticia daba una cifra equivocada."],
    "it": ["Errata corrige: una versione precedente di questo articolo riportava un dato errato."],
    "pt": ["Correção: uma versão anterior deste texto trazia um número errado."],
    "no": ["Rettelse: I en tidligere versjon av denne saken var et tall feil."],
    "sv": ["Rättelse: I en tidigare version av artikeln angavs fel siffra."],
    "cs": ["Oprava: V předchozí verzi článku bylo uvedeno chybné číslo."],
    "tr": ["Düzeltme: Haberin önceki versiyonunda bir rakam yanl\u0131\u015f verilmi\u015fti."],
    "id": ["Ralat: versi sebelumnya dari artikel ini memuat angka yang keliru."],
    "ja": ["【訂正】当初の記事で人数に誤りがありました。おわびして訂正します。"],
    "ko": ["바로잡습니다: 이전 기사에서 인원수가 잘못 표기되어 바로잡습니다."],
}
_COUNTERS = [
    "{} comments", "{} min read", "{} hours ago", "Share · {} shares", "Kommentare ({})",
    "{} Kommentare", "vor {} Minuten", "il y a {} heures", "Published {} minutes ago",
    "{} people reading", "hace {} horas", "{} reactions",
]  # fmt: skip
_ADVERTS = [
    '<div class="ad-slot" id="ad-{n}"><span>Advertisement</span></div>',
    '<aside class="promo"><p>Get our app, now with {n} new features for every reader.</p></aside>',
    '<div class="newsletter-signup"><h3>Newsletter</h3><p>Sign up for briefing {n}.</p></div>',
    '<p><strong>Read more: </strong><a href="/story-{n}">What happened {n} years ago</a></p>',
    '<div class="related"><ul><li><a href="/a{n}">Story {n}</a></li></ul></div>',
]


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
        found = [line for line in self.article.text.split("\n") if len(line) >= 60 or _wide(line)]
        return self.rng.sample(found, len(found))

    @property
    def language(self) -> str:
        """The language's code of two letters."""
        return (self.article.language or "")[:2].replace("nb", "no").replace("nn", "no")


def _wide(line: str) -> bool:
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
    return made if made != html and old not in _read(made) else None


def _read(html: str) -> str:
    """A page's characters, whatever escapes stand for them."""
    text = re.sub(r"\\\\?u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), html)
    text = unescape(unescape(text)).replace('\\"', '"').replace("\\/", "/").replace("\xa0", " ")
    return " ".join(re.sub(r"</?(?:a|b|i|em|strong|span)\b[^<>]*>", "", text).split())


def _swap(subject: Subject, line: str, begin: int, end: int, word: str) -> Pair | None:
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


def _first(subject: Subject, form: str, new: Callable[[str], str | None]) -> Pair | None:
    """Replace the first thing of a form that is found on the page as it stands in the text."""
    for line in subject.lines:
        matches = list(re.finditer(form, line))
        subject.rng.shuffle(matches)
        for match in matches[:6]:
            word = new(match.group("it"))
            if word and word != match.group("it"):
                pair = _swap(subject, line, *match.span("it"), word)
                if pair:
                    return pair
    return None


def number(subject: Subject) -> Pair | None:
    """Another number."""
    return _first(
        subject,
        r"(?<![\w.,:])(?P<it>\d{1,3})(?![\w.,:%])",
        lambda was: str(int(was) + subject.rng.randint(1, 9)),
    )


def date(subject: Subject) -> Pair | None:
    """Another weekday or month."""
    for words in subject.rng.sample(_DAYS["all"], len(_DAYS["all"])):
        names = words.split()
        form = rf"\b(?P<it>{'|'.join(names)})\b"
        pair = _first(
            subject, form, lambda was, all_=names: subject.rng.choice([n for n in all_ if n != was])
        )
        if pair:
            return pair
    return None


def name(subject: Subject) -> Pair | None:
    """Another surname."""
    lower, upper = "[a-zà-öø-ÿ]", "[A-ZÀ-ÖØ-Þ]"
    begin = rf"(?<={lower}) {upper}{lower}+ " if subject.language == "de" else rf"(?<={lower}) "
    return _first(
        subject, rf"{begin}(?P<it>{upper}{lower}{{3,}})\b", lambda _: subject.rng.choice(_SURNAMES)
    )


def _plain_words(subject: Subject) -> list[str]:
    text = subject.article.text
    banned = re.compile(
        r"\b(?:zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|hundert|tausend|million|milliard|keine|nicht"
        r"|heute|gestern|morgen|hier|demain|today|tomorrow|yesterday|vandaag|không|ayer|ieri|domani"
        r"|never|without|three|seven|eight|hundred|thousand|ikke|inte|jamais|aucun|sans|nunca)",
        re.IGNORECASE,
    )  # fmt: skip
    days = {name.lower() for words in _DAYS["all"] for name in words.split()}
    every = re.findall(r"(?<![^\s])([^\W\d_]{5,12})(?=\s)", text)
    found = [word for word in every if word.islower() or re.search("[\uac00-\ud7af]", word)]
    return [word for word in found if not banned.match(word) and word not in days]


def style(subject: Subject) -> Pair | None:
    """Other words, none of them a fact, outside of quotes."""
    words = _plain_words(subject)
    if not words:
        runs = re.findall("[\u3041-\u3096]{2,4}", subject.article.text)
        if len(set(runs)) < 2:
            return None
        return _first(
            subject,
            "(?<=[\u4e00-\u9fff])(?P<it>[\u3041-\u3096]{2,4})",
            lambda _: subject.rng.choice(runs),
        )
    for line in subject.lines:
        if re.search('["“”„«»「]', line):
            continue
        matches = [m for m in re.finditer(r"(?<=\s)([^\W\d_]{5,12})(?=\s)", line) if m[1] in words]
        for match in subject.rng.sample(matches, len(matches))[:6]:
            other = subject.rng.choice(words)
            pair = other != match[1] and _swap(subject, line, *match.span(1), other)
            if pair:
                return pair
    return None


def quote(subject: Subject) -> Pair | None:
    """Another word within a quote."""
    words = _plain_words(subject)
    if not words:
        return None
    for line in subject.lines:
        forms = ["“([^“”]{25,300})”", "„([^„“”]{25,300})“"]
        forms += ["«([^«»]{25,300})»"] if subject.language in {"fr", "es", "it", "no"} else []
        for said in (found for form in forms for found in re.finditer(form, line)):
            for match in re.finditer(r"(?<=\s)([^\W\d_]{5,12})(?=\s)", said[1]):
                if match[1] in words:
                    begin = said.start(1) + match.start(1)
                    word = subject.rng.choice(words)
                    pair = _swap(subject, line, begin, begin + len(match[1]), word)
                    if pair:
                        return pair
    return None


def _after(subject: Subject, line: str, markup: str) -> str | None:
    """The page with markup behind the paragraph that a line of the text stands in."""
    for form in (str, lambda text: escape(text, quote=False), escape):
        tail = form(line[-25:])
        place = subject.html.find(tail + "</p>")
        if place >= 0 and subject.html.count(tail + "</p>") == 1:
            end = place + len(tail) + len("</p>")
            return subject.html[:end] + markup + subject.html[end:]
    return None


def _anywhere(subject: Subject, markup: str) -> str | None:
    return next(filter(None, (_after(subject, line, markup) for line in subject.lines)), None)


def added(subject: Subject) -> Pair | None:
    """A paragraph with figures more."""
    if not subject.others:
        return None
    made = _anywhere(subject, f"<p>{escape(subject.rng.choice(subject.others), quote=False)}</p>")
    return (subject.html, made) if made else None


def removed(subject: Subject) -> Pair | None:
    """The paragraph that `added` would add, less."""
    pair = added(subject)
    return pair and pair[::-1]


def notice(subject: Subject) -> Pair | None:
    """A notice of a correction at the end."""
    texts = _NOTICES.get(subject.language)
    if not texts:
        return None
    text = f"<p><em>{escape(subject.rng.choice(texts), quote=False)}</em></p>"
    for line in reversed(subject.article.text.split("\n")):
        made = _after(subject, line, text)
        if made:
            return subject.html, made
    return None


def _other_words(text: str, subject: Subject) -> str:
    """The text with one of its words replaced, or more words behind it."""
    words = re.findall(r"[^\W\d_]{4,}", text)
    pool = [w for w in re.findall(r"[^\W\d_]{4,}", subject.article.text) if w not in text]
    if not words or not pool or _wide(text * 3):
        return f"{text} {subject.rng.choice(pool or ['2'])}"
    return text.replace(subject.rng.choice(words), subject.rng.choice(pool), 1)


def headline(subject: Subject) -> Pair | None:
    """Another word in the headline, wherever it stands."""
    title = subject.article.title or ""
    if len(title) < 15 or title in (subject.article.standfirst or ""):
        return None
    made = replaced(subject.html, title, _other_words(title, subject))
    return (subject.html, made) if made else None


def standfirst(subject: Subject) -> Pair | None:
    """Other words in the standfirst, wherever it stands."""
    text = (subject.article.standfirst or "").split("\n")[0]
    if len(text) < 30 or text[:40] in subject.article.text:
        return None
    made = replaced(subject.html, text, _other_words(_other_words(text, subject), subject))
    return (subject.html, made) if made else None


def byline(subject: Subject) -> Pair | None:
    """Another author."""
    authors = [name for name in subject.article.authors if " " in name]
    if not authors:
        return None
    old = subject.rng.choice(authors)
    if old in subject.article.text or old in (subject.article.standfirst or ""):
        return None
    new = f"{subject.rng.choice(['Maren', 'Tomas', 'Ines'])} {subject.rng.choice(_SURNAMES)}"
    made = replaced(subject.html, old, new)
    return (subject.html, made) if made else None


def published(subject: Subject) -> Pair | None:
    """Another day of publication, in all structured data."""
    day = (subject.article.published or "")[:10]
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", day) or day not in subject.html:
        return None
    number_ = int(day[8:])
    other = number_ - 5 if number_ > 5 else number_ + 5
    return subject.html, subject.html.replace(day, f"{day[:8]}{other:02d}")


def caption(subject: Subject) -> Pair | None:
    """Other words in a caption."""
    for image in subject.article.images:
        text = image.caption or ""
        if len(text) > 25 and text[:30] not in subject.article.text:
            made = replaced(subject.html, text, _other_words(_other_words(text, subject), subject))
            if made:
                return subject.html, made
    return None


def access(subject: Subject) -> Pair | None:
    """Free to read no longer: the page says so, and ends behind its second paragraph."""
    lines = [line for line in subject.article.text.split("\n") if len(line) >= 40]
    if not subject.article.access.free or len(lines) < 5:
        return None
    made = re.sub(
        r'("isAccessibleForFree"\s*:\s*"?)true', r"\1false", subject.html, flags=re.IGNORECASE
    )
    made = re.sub(r'("articleBody"\s*:\s*)"(?:[^"\\]|\\.)*"', r'\1""', made)
    old, new = parsed(subject.html), parsed(made)
    paragraphs = {inner_text(element): element for element in new.iter("p")}
    last = paragraphs.get(lines[1])
    if made == subject.html or last is None or any(line not in paragraphs for line in lines[2:]):
        return None
    for line in lines[2:]:
        paragraphs[line].drop_tree()
    box = "<div class='paywall'><p>Subscribe to continue reading this article.</p></div>"
    last.addnext(fromstring(box))
    return tostring(old, encoding="unicode"), tostring(new, encoding="unicode")


def opened(subject: Subject) -> Pair | None:
    """Free to read from now on."""
    pair = access(subject)
    return pair and pair[::-1]


def counter(subject: Subject) -> Pair | None:
    """A counter or clock that goes on."""
    form, n = subject.rng.choice(_COUNTERS), subject.rng.randint(2, 40)
    line = next(iter(subject.lines), "")
    pair = [_after(subject, line, f"<p>{form.format(k)}</p>") for k in (n, n + 3)]
    return (pair[0], pair[1]) if pair[0] and pair[1] else None


def advert(subject: Subject) -> Pair | None:
    """Another advert, promotion, or list of links amid the text."""
    form, n = subject.rng.choice(_ADVERTS), subject.rng.randint(2, 400)
    line = next(iter(subject.lines), "")
    pair = [_after(subject, line, form.format(n=k)) for k in (n, n + 3)]
    return (pair[0], pair[1]) if pair[0] and pair[1] else None


def advert_added(subject: Subject) -> Pair | None:
    """An advert where there was none."""
    made = _anywhere(subject, subject.rng.choice(_ADVERTS[:3]).format(n=7))
    return (subject.html, made) if made else None


def typography(subject: Subject) -> Pair | None:
    """Straight quotes, other dashes and spaces in the visible text."""
    head, body, rest = subject.html.partition("<body")
    parts = re.split(r"(<script.*?</script>|<style.*?</style>|<[^>]*>)", rest, flags=re.DOTALL)
    table = str.maketrans({"“": '"', "”": '"', "\u2019": "'", "\u2013": "—", " ": "  "})
    rest = "".join(part.translate(table) if not part.startswith("<") else part for part in parts)
    return subject.html, head + body + rest


def pictures(subject: Subject) -> Pair | None:
    """Pictures of other sizes, with other cache busters."""
    made = re.sub(
        r"(\.(?:jpe?g|png|webp))(\?[^\"'\s,)]*)?(?=[\"'\s])",
        lambda match: f"{match[1]}?w={subject.rng.randint(100, 2000)}&amp;v={subject.rng.random()}",
        subject.html,
    )
    return (subject.html, made) if made != subject.html else None


def classes(subject: Subject) -> Pair | None:
    """Class names with another build's hash behind them, and an element more around the text."""
    made = re.sub(
        r'class="([^"]+)"', lambda m: f'class="{m[1]} css-{crc32(m[1].encode())}"', subject.html
    )
    made = made.replace("<p", '<p data-block="1"')
    return subject.html, made


def bumped(subject: Subject) -> Pair | None:
    """A later `modified`, and nothing else."""
    form = r'("dateModified"\s*:\s*"\d{4}-\d\d-\d\dT)(\d\d)'
    made = re.sub(form, lambda m: f"{m[1]}{(int(m[2]) + 1) % 24:02d}", subject.html)
    return (subject.html, made) if made != subject.html else None


MAKERS: dict[str, tuple[Callable[[Subject], Pair | None], frozenset[str]]] = {
    "headline": (headline, frozenset({"headline"})),
    "standfirst": (standfirst, frozenset({"standfirst"})),
    "standfirst again": (standfirst, frozenset({"standfirst"})),
    "number": (number, frozenset({"facts"})),
    "date": (date, frozenset({"facts"})),
    "name": (name, frozenset({"facts"})),
    "quote": (quote, frozenset({"facts"})),
    "paragraph added": (added, frozenset({"facts"})),
    "paragraph removed": (removed, frozenset({"facts"})),
    "style": (style, frozenset({"style"})),
    "style again": (style, frozenset({"style"})),
    "byline": (byline, frozenset({"byline"})),
    "published": (published, frozenset({"dates"})),
    "caption": (caption, frozenset({"images"})),
    "notice": (notice, frozenset({"correction"})),
    "closed": (access, frozenset({"access"})),
    "opened": (opened, frozenset({"access"})),
    "counter": (counter, frozenset()),
    "advert": (advert, frozenset()),
    "advert added": (advert_added, frozenset()),
    "typography": (typography, frozenset()),
    "picture URLs": (pictures, frozenset()),
    "class names": (classes, frozenset()),
    "modified": (bumped, frozenset()),
}
# Edits that are made together: each of the second's texts is that of the first's page.
TOGETHER = (
    ("headline", "number"),
    ("number", "notice"),
    ("style", "counter"),
    ("byline", "caption"),
)
