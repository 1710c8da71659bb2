"""Pages whose links somebody has looked at: the demo's, and those of the corpus."""

from __future__ import annotations

import gzip
import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from archiver.demo.site import Site
from archiver.discover.candidates import looks_like_article
from archiver.discover.html import html_tree
from archiver.discover.links import LinkKind, classify, mentions
from archiver.discover.markup import decode
from archiver.model import Outlet

# The first 16 digits of a URL's SHA-256, and whether an article stands there. 500 links, two drawn
# at random from each page, twice; decided by address and words alone, with the classifier's own
# guess beside them.
LABELS = Path(__file__).with_name("link_labels.txt")


@dataclass(kw_only=True)
class Score:
    """How a rule did: right and wrong articles, and those that it missed."""

    right: int = 0
    wrong: int = 0
    missed: int = 0

    def count(self, *, said: bool, true: bool) -> None:
        """Add one link."""
        self.right += said and true
        self.wrong += said and not true
        self.missed += true and not said

    @property
    def precision(self) -> float:
        """Of what was taken for articles, the part that are."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Of the articles, the part that was found."""
        return self.right / max(1, self.right + self.missed)


@dataclass(frozen=True, kw_only=True, slots=True)
class Judged:
    """One link: what the classifier said, what the address alone says, and what is true."""

    said: bool
    by_address: bool
    true: bool


def of_demo() -> Iterator[Judged]:
    """The links of the demo's front page and sections; true is what the site says."""
    site = Site(1)
    articles = {f"{site.base}{story.path}" for story in site.stories}
    outlet = Outlet(id="lantern", name="Lantern", homepage=f"{site.base}/", sources=())
    sections = {story.section for story in site.stories}
    for path in ["/", *(f"/{name}/" for name in sorted(sections))]:
        page = site.answer(path).body
        yield from _judge(page, f"{site.base}{path}", outlet, articles)


def _judge(page: bytes, url: str, outlet: Outlet, articles: set[str]) -> Iterator[Judged]:
    tree = html_tree(decode(page))
    if tree is not None:
        for link in classify(mentions(tree, url), outlet, itself=url):
            yield Judged(
                said=link.kind is LinkKind.ARTICLE,
                by_address=looks_like_article(link.url, link.title),
                true=link.url in articles,
            )


def of_corpus(corpus: Path) -> Iterator[Judged]:
    """The labelled links of the corpus' pages, each once."""
    labels = dict(line.split() for line in LABELS.read_text(encoding="ascii").splitlines())
    for line in (corpus / "gold.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        parts = urlsplit(row["url"])
        outlet = Outlet(id="x", name="X", homepage=f"{parts.scheme}://{parts.netloc}/", sources=())
        tree = html_tree(decode(gzip.decompress((corpus / row["page"]).read_bytes())))
        if tree is None:
            continue
        for link in classify(mentions(tree, row["url"]), outlet, itself=row["url"]):
            label = labels.pop(hashlib.sha256(link.url.encode()).hexdigest()[:16], None)
            if label is not None:
                yield Judged(
                    said=link.kind is LinkKind.ARTICLE,
                    by_address=looks_like_article(link.url, link.title),
                    true=label == "article",
                )
