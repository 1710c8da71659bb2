"""What templates, counters and adverts do to a page, which is no edit of its article."""

from __future__ import annotations

import re
from zlib import crc32

from support.revision_subjects import Pair, Subject, after, anywhere

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


def counter(subject: Subject) -> Pair | None:
    """A counter or clock that goes on."""
    form, n = subject.rng.choice(_COUNTERS), subject.rng.randint(2, 40)
    line = next(iter(subject.lines), "")
    pair = [after(subject, line, f"<p>{form.format(k)}</p>") for k in (n, n + 3)]
    return (pair[0], pair[1]) if pair[0] and pair[1] else None


def advert(subject: Subject) -> Pair | None:
    """Another advert, promotion, or list of links amid the text."""
    form, n = subject.rng.choice(_ADVERTS), subject.rng.randint(2, 400)
    line = next(iter(subject.lines), "")
    pair = [after(subject, line, form.format(n=k)) for k in (n, n + 3)]
    return (pair[0], pair[1]) if pair[0] and pair[1] else None


def advert_added(subject: Subject) -> Pair | None:
    """An advert where there was none."""
    made = anywhere(subject, subject.rng.choice(_ADVERTS[:3]).format(n=7))
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
