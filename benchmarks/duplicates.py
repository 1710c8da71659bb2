"""How well and how fast articles of nearly the same text are found.

    python benchmarks/duplicates.py [--quick] [--corpus FILE]

Stories are put together of the sentences of real articles (the reviewed texts of the shared
corpus), a part of them copied and edited as desks edit agency copy. Writes the section
`duplicates` of benchmarks/results.md.
"""

from __future__ import annotations

import argparse
import resource
import shlex
import sys
import tempfile
from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import timedelta
from itertools import combinations
from pathlib import Path

from support import machine
from support.measure import timed
from support.results import RESULTS, put_section, table, verdict
from support.syndication import Story, sentences_of, stories

from archiver.model import Article, utcnow
from archiver.revise import groups as grouping
from archiver.revise.groups import group_articles
from archiver.revise.likeness import THRESHOLD, bands_of, likeness, signature_of
from archiver.store.catalogue import Catalogue

_CORPUS = Path(__file__).resolve().parents[2] / "shared" / "corpus" / "gold.jsonl"
_OUTLETS = 400
_TRIED = (0.4, 0.45, 0.5, 0.55, 0.6, 0.65, 0.7, 0.8)


def main() -> None:
    """Measure, print, write results.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="2,000 articles: to try it out")
    parser.add_argument("--corpus", type=Path, default=_CORPUS)
    options = parser.parse_args()
    count = 2_000 if options.quick else 200_000
    command = shlex.join(
        ["python", "benchmarks/duplicates.py", *machine.without_places(sys.argv[1:])]
    )
    sentences = sentences_of(options.corpus)
    with tempfile.TemporaryDirectory(prefix="archiver-duplicates-") as name:
        folder = Path(name)
        facts = [*machine.facts(command=command, folder=folder, peers={})]
        text = "\n".join(
            (
                table(("what", "value"), facts),
                _thresholds(sentences, min(count, 20_000)),
                _groups(folder, sentences, count),
            )
        )
    print(text)
    if not options.quick:
        put_section("duplicates", "Articles of nearly the same text", text, path=RESULTS)


def _thresholds(sentences: Sequence[str], count: int) -> str:
    """Precision and recall of pairs by threshold, on other stories than those of the rest."""
    told = list(stories(sentences, count=count, copied=0.25, seed=11))
    signatures = [signature_of(one.text) for one in told]
    by_key: defaultdict[int, list[int]] = defaultdict(list)
    for place, made in enumerate(signatures):
        for key in bands_of(made) if made else ():
            by_key[key].append(place)
    near = {pair for places in by_key.values() for pair in combinations(places, 2)}
    shares = {
        (one, other): likeness(signatures[one] or b"", signatures[other] or b"")
        for one, other in near
    }
    true = _pairs(told)
    rows = []
    for threshold in _TRIED:
        found = {pair for pair, share in shares.items() if share >= threshold}
        right = len(found & true)
        mark = " (chosen)" if threshold == THRESHOLD else ""
        rows.append(
            (
                f"{threshold:.2f}{mark}",
                f"{right / max(1, len(found)):.3f}",
                f"{right / len(true):.3f}",
            )
        )
    return (
        f"### The threshold\n\n{count:,} articles, {len(true):,} pairs of copies; a pair is found"
        " where the texts share a key and at least this share of shingles.\n\n"
        f"{table(('threshold', 'precision', 'recall'), rows)}"
    )


def _pairs(told: Sequence[Story]) -> set[tuple[int, int]]:
    by_story: defaultdict[int, list[int]] = defaultdict(list)
    for place, one in enumerate(told):
        by_story[one.number].append(place)
    return {pair for places in by_story.values() for pair in combinations(places, 2)}


def _groups(folder: Path, sentences: Sequence[str], count: int) -> str:
    url = f"sqlite:///{folder / 'catalogue.sqlite'}"
    numbers: dict[str, int] = {}
    edits: dict[str, str] = {}
    begun = utcnow()
    with Catalogue.open(url, create=True) as catalogue:
        for place, one in enumerate(stories(sentences, count=count, copied=0.25, seed=12)):
            outlet = f"outlet-{place % _OUTLETS:03}"
            address = f"https://{outlet}.example/{place}"
            numbers[address], edits[address] = one.number, one.edit
            catalogue.save_article(
                Article(
                    url=address,
                    canonical_url=None,
                    outlet=outlet,
                    captured_at=begun + timedelta(seconds=place),
                    title=None,
                    text=one.text,
                )
            )
        with timed() as watch:
            done = group_articles(catalogue)
        size = (folder / "catalogue.sqlite").stat().st_size
        found = catalogue.likeness_groups(across=False, limit=count)
    group_of = {member.url: group.id for group in found for member in group.members}
    true = _count_pairs(Counter(numbers.values()))
    made = _count_pairs(Counter(group_of.values()))
    right = _count_pairs(Counter((group, numbers[url]) for url, group in group_of.items()))
    copied = [url for url, edit in edits.items() if edit not in ("new", "related")]
    missed = Counter(edits[url] for url in copied if url not in group_of)
    copies = Counter(edits.values())
    rows = [
        ("articles a second (one process)", f"{done.compared / watch.wall:.0f}"),
        ("CPU ms an article", f"{watch.cpu * 1000 / done.compared:.2f}"),
        ("precision of pairs in groups", f"{right / made:.4f}"),
        ("recall of pairs in groups", f"{right / true:.4f}"),
        ("groups", f"{len(found):,}"),
        ("memory of the process", f"{_peak():.0f} MB"),
        ("catalogue with all articles", f"{size / 1e6:.0f} MB"),
    ]
    lost = ", ".join(f"{edit} {missed[edit] / copies[edit]:.1%}" for edit in sorted(missed))
    return (
        f"### Groups of {done.compared:,} articles\n\nA quarter of them copies; {_OUTLETS} outlets;"
        f" SQLite.\n\n{table(('what', 'value'), rows)}\nCopies in no group, by edit:"
        f" {lost or 'none'}. Precision 0.95: {verdict(right / made, 0.95, at_least=True)}, recall"
        f" 0.95: {verdict(right / true, 0.95, at_least=True)}. At most {grouping._MOST} articles"
        " are looked at for one.\n"
    )


def _count_pairs(sizes: Counter[object] | Counter[int]) -> int:
    return sum(n * (n - 1) // 2 for n in sizes.values())


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


if __name__ == "__main__":
    main()
