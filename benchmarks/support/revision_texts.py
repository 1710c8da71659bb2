"""What an editor does to an article: its headline, text, byline, dates, captions, notices, access.

Each maker takes a page and gives it before and after, or None where it has nothing to work on.
"""

from __future__ import annotations

import re
from html import escape

from lxml.html import fromstring, tostring
from support.revision_subjects import (
    Pair,
    Subject,
    after,
    anywhere,
    first,
    parsed,
    replaced,
    swap,
    wide,
)
from support.revision_vocabulary import DAYS, NOTICES, SURNAMES

from archiver.extract.text import inner_text


def number(subject: Subject) -> Pair | None:
    """Another number."""
    return first(
        subject,
        r"(?<![\w.,:])(?P<it>\d{1,3})(?![\w.,:%])",
        lambda was: str(int(was) + subject.rng.randint(1, 9)),
    )


def date(subject: Subject) -> Pair | None:
    """Another weekday or month."""
    for words in subject.rng.sample(DAYS["all"], len(DAYS["all"])):
        names = words.split()
        form = rf"\b(?P<it>{'|'.join(names)})\b"
        pair = first(
            subject, form, lambda was, all_=names: subject.rng.choice([n for n in all_ if n != was])
        )
        if pair:
            return pair
    return None


def name(subject: Subject) -> Pair | None:
    """Another surname."""
    lower, upper = "[a-zà-öø-ÿ]", "[A-ZÀ-ÖØ-Þ]"
    begin = rf"(?<={lower}) {upper}{lower}+ " if subject.language == "de" else rf"(?<={lower}) "
    return first(
        subject, rf"{begin}(?P<it>{upper}{lower}{{3,}})\b", lambda _: subject.rng.choice(SURNAMES)
    )


def _plain_words(subject: Subject) -> list[str]:
    text = subject.article.text
    banned = re.compile(
        r"\b(?:zwei|drei|vier|fünf|sechs|sieben|acht|neun|zehn|hundert|tausend|million|milliard|keine|nicht"
        r"|heute|gestern|morgen|hier|demain|today|tomorrow|yesterday|vandaag|không|ayer|ieri|domani"
        r"|never|without|three|seven|eight|hundred|thousand|ikke|inte|jamais|aucun|sans|nunca)",
        re.IGNORECASE,
    )  # fmt: skip
    days = {name.lower() for words in DAYS["all"] for name in words.split()}
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
        return first(
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
            pair = other != match[1] and swap(subject, line, *match.span(1), other)
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
                    pair = swap(subject, line, begin, begin + len(match[1]), word)
                    if pair:
                        return pair
    return None


def added(subject: Subject) -> Pair | None:
    """A paragraph with figures more."""
    if not subject.others:
        return None
    made = anywhere(subject, f"<p>{escape(subject.rng.choice(subject.others), quote=False)}</p>")
    return (subject.html, made) if made else None


def removed(subject: Subject) -> Pair | None:
    """The paragraph that `added` would add, less."""
    pair = added(subject)
    return pair and pair[::-1]


def notice(subject: Subject) -> Pair | None:
    """A notice of a correction at the end."""
    texts = NOTICES.get(subject.language)
    if not texts:
        return None
    text = f"<p><em>{escape(subject.rng.choice(texts), quote=False)}</em></p>"
    for line in reversed(subject.article.text.split("\n")):
        made = after(subject, line, text)
        if made:
            return subject.html, made
    return None


def _other_words(text: str, subject: Subject) -> str:
    """The text with one of its words replaced, or more words behind it."""
    words = re.findall(r"[^\W\d_]{4,}", text)
    pool = [w for w in re.findall(r"[^\W\d_]{4,}", subject.article.text) if w not in text]
    if not words or not pool or wide(text * 3):
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
    new = f"{subject.rng.choice(['Maren', 'Tomas', 'Ines'])} {subject.rng.choice(SURNAMES)}"
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
