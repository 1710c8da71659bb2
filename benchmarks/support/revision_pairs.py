"""Pairs of a page before and after a known edit, extracted and compared, in several processes."""

from __future__ import annotations

import gzip
import hashlib
import json
import multiprocessing
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from support.revision_edits import MAKERS, TOGETHER
from support.revision_subjects import Subject

from archiver.demo.site import Site
from archiver.extract.article import extract_page
from archiver.model import Article, Page
from archiver.revise.compare import compare

_NONE: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Source:
    """A real page, or one of the demo's."""

    name: str
    publisher: str
    url: str
    html: str

    @property
    def held_out(self) -> bool:
        """Whether it is of the half of the publishers that nothing was tuned on."""
        return hashlib.sha256(self.publisher.encode()).digest()[0] % 2 == 0


@dataclass(frozen=True, kw_only=True)
class Judged:
    """One edit and what was made of it: kinds expected and found."""

    page: str
    edit: str
    held_out: bool
    expected: frozenset[str]
    found: frozenset[str]
    detail: str = ""


def corpus(folder: Path) -> Iterator[Source]:
    """The pages of a list with `page`, `publisher` and `url`."""
    for line in (folder / "gold.jsonl").read_text("utf-8").splitlines():
        gold = json.loads(line)
        body = gzip.decompress((folder / gold["page"]).read_bytes())
        yield Source(
            name=gold["page"],
            publisher=gold["publisher"],
            url=gold["url"],
            html=_decoded(body),
        )


def _decoded(body: bytes) -> str:
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("windows-1252", "replace")


def demo() -> Iterator[Source]:
    """The demo's articles."""
    site = Site(1)
    for story in site.stories:
        answer = site.answer(story.path, {"Accept-Encoding": "identity"})
        kind = answer.header("Content-Type") or ""
        if answer.status == 200 and "windows" not in kind:
            yield Source(
                name=story.path,
                publisher="demo",
                url=site.base + story.path,
                html=answer.body.decode("utf-8"),
            )


def extracted(html: str, url: str) -> Article | None:
    """The article of a page that is UTF-8."""
    kind = "text/html; charset=utf-8"
    return extract_page(Page(url=url, body=html.encode(), content_type=kind, outlet="x")).article


def judge_all(sources: Sequence[Source], *, processes: int, rounds: int) -> list[Judged]:
    """Every edit of every page, `rounds` times with other dice."""
    with multiprocessing.Pool(processes) as pool:
        bases = pool.map(_base, sources)
        by_language: dict[str, list[str]] = {}
        for article in filter(None, bases):
            lines = [line for line in article.text.split("\n") if _serves(line)]
            by_language.setdefault((article.language or "")[:2], []).extend(lines[:4])
        work = [
            (source, article, tuple(by_language[(article.language or "")[:2]]), dice)
            for source, article in zip(sources, bases, strict=True)
            if article is not None and len(article.text) > 300
            for dice in range(rounds)
        ]
        return [one for found in pool.imap(_judged, work) for one in found]


def _serves(line: str) -> bool:
    return 100 < len(line) < 500 and any(map(str.isdigit, line))


def _base(source: Source) -> Article | None:
    return extracted(source.html, source.url)


def _judged(work: tuple[Source, Article, tuple[str, ...], int]) -> list[Judged]:
    source, article, others, dice = work
    found: list[Judged] = []
    foreign = tuple(line for line in others if line not in article.text)
    names: list[tuple[str, ...]] = [(name,) for name in MAKERS]
    for edits in (*names, *TOGETHER):
        subject = Subject(
            html=source.html,
            article=article,
            rng=random.Random(f"{source.name} {edits} {dice}"),
            others=foreign,
        )
        pair, expected = (source.html, source.html), _NONE
        for name in edits:
            make, kinds = MAKERS[name]
            made = make(replace(subject, html=pair[1]))
            if made is None:
                break
            # what the edit needs in the page before it, such as a counter, must be there
            before = pair[0] if made[0] == pair[1] else made[0]
            pair, expected = (before, made[1]), expected | kinds
            if before is made[0] and len(edits) > 1 and name != edits[0]:
                break
        else:
            found.append(_compared(source, article, " + ".join(edits), pair, expected))
    return found


def _compared(
    source: Source, base: Article, name: str, pair: tuple[str, str], expected: frozenset[str]
) -> Judged:
    old = base if pair[0] == source.html else extracted(pair[0], source.url)
    new = extracted(pair[1], source.url)
    kinds, detail = frozenset({"none"}), "no article"
    if old is not None and new is not None:
        changes = compare(old, new)
        kinds = frozenset(map(str, changes.kinds))
        detail = f"{changes.changes} {changes.facts[:4]}"
    return Judged(
        page=source.name,
        edit=name,
        held_out=source.held_out,
        expected=expected,
        found=kinds,
        detail=detail,
    )
