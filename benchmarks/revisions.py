"""What is told of edits that are known: precision and recall by kind, redesigns, and speed.

    python benchmarks/revisions.py [--corpus ../shared/corpus] [--processes 2] [--rounds 1]

Real pages and the demo's are edited as editors, templates and counters do it, extracted before and
after, and compared. Half of the publishers were held out when the rules were made; theirs are the
figures that count. Writes the section `revisions` of benchmarks/results.md.
"""

from __future__ import annotations

import argparse
import multiprocessing
import random
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median

sys.path.insert(0, str(Path(__file__).parent))

from support import machine
from support.results import RESULTS, put_section, table, verdict
from support.revision_edits import MAKERS, TOGETHER
from support.revision_pairs import Judged, Source, corpus, demo, judge_all
from support.revision_redesigns import judge_redesign, redesigns

from archiver.model import ChangeKind
from archiver.revise.align import align

_ROOT = Path(__file__).parents[1]
_TRIVIAL = "trivial or not"
_TARGETS = {"headline": 0.95, _TRIVIAL: 0.95}
_TARGET = 0.9
_MILLISECONDS = 50.0
_FACTS = {"date", "cores", "load before", "Python", "ours"}
_NOTE = """\
Each pair is a page before and after an edit to its HTML, extracted both times. An edit counts where
it could be made everywhere that the page has the text, in its data too, so that an extractor cannot
miss it by reading another place. Precision and recall are of kinds over all pairs: a kind that was
found beside the right one counts against it. "Trivial or not" is whether there would be a revision.
What several articles of an outlet share is not used here: every pair stands for itself.
"""


def main() -> None:
    """Measure, print, write results.md."""
    options = _options()
    real = list(corpus(options.corpus))
    sources = [*real, *demo()]
    judged = judge_all(sources, processes=options.processes, rounds=options.rounds)
    pairs = list(redesigns(real))
    with multiprocessing.Pool(options.processes) as pool:
        rebuilt = [one for one in pool.map(judge_redesign, pairs) if one is not None]
    if options.list:
        for one in (*judged, *rebuilt):
            if one.expected != one.found:
                print(one.page, one.edit, sorted(one.expected), sorted(one.found), one.detail)
    with multiprocessing.get_context("spawn").Pool(1) as alone:
        speed = alone.apply(_speed, (options.times,))
    facts = machine.facts(command="python benchmarks/revisions.py", folder=_ROOT, peers={})
    sections = [
        table(("what", "value"), [row for row in facts if row[0] in _FACTS]),
        _NOTE,
        _scores(judged, sources),
        _edits(judged),
        _redesigns(rebuilt, len(pairs)),
        speed,
    ]
    text = "\n".join(sections)
    print(text)
    put_section("revisions", "Revisions", text, path=options.results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpus", type=Path, default=_ROOT.parent / "shared" / "corpus")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--times", type=int, default=10, help="how often each alignment is timed")
    parser.add_argument("--results", type=Path, default=RESULTS)
    parser.add_argument("--list", action="store_true", help="print every pair that is told wrongly")
    return parser.parse_args()


def _rates(judged: Sequence[Judged], kind: str) -> tuple[float | None, float | None, int]:
    """Precision and recall of a kind, and how many pairs have it."""
    right = wrong = missed = 0
    for one in judged:
        expected = not one.expected if kind == _TRIVIAL else kind in one.expected
        found = not one.found if kind == _TRIVIAL else kind in one.found
        right += expected and found
        wrong += found and not expected
        missed += expected and not found
    precision = right / (right + wrong) if right + wrong else None
    return precision, right / (right + missed) if right + missed else None, right + missed


def _scores(judged: Sequence[Judged], sources: Sequence[Source]) -> str:
    held = [one for one in judged if one.held_out]
    known = [one for one in judged if not one.held_out]
    rows = []
    for kind in (_TRIVIAL, *map(str, ChangeKind)):
        precision, recall, count = _rates(held, kind)
        target = _TARGETS.get(kind, _TARGET)
        low = min(precision or 0.0, recall or 0.0)
        others = _rates(known, kind)[:2]
        rows.append(
            (
                kind,
                str(count),
                f"**{_figure(precision)}**",
                f"**{_figure(recall)}**",
                f"{target:.2f} {verdict(low, target, at_least=True)}",
                " / ".join(map(_figure, others)),
            )
        )
    publishers = {one.publisher for one in sources if one.held_out}
    head = f"""\
### By kind

{len(judged):,} pairs of {len(sources)} pages; of these {len(held):,} pairs of {len(publishers)}
publishers that were held out.
"""
    columns = ("kind", "pairs", "precision", "recall", "target", "not held out: P / R")
    return f"{head}\n{table(columns, rows)}"


def _figure(value: float | None) -> str:
    return "none" if value is None else f"{value:.3f}"


def _edits(judged: Sequence[Judged]) -> str:
    """How many pairs of each edit were told exactly, no kind too many or too few."""
    every, right = Counter[str](), Counter[str]()
    for one in judged:
        if one.held_out:
            every[one.edit] += 1
            right[one.edit] += one.expected == one.found
    names = [*MAKERS, *(" + ".join(edits) for edits in TOGETHER)]
    rows = [(name, str(every[name]), str(right[name])) for name in names if every[name]]
    return f"### By edit (held out)\n\n{table(('edit', 'pairs', 'told exactly'), rows)}"


def _redesigns(judged: Sequence[Judged], pairs: int) -> str:
    rows = []
    for name, held in (("held out", True), ("not held out", False)):
        own = [one for one in judged if one.held_out is held]
        quiet = sum(not one.found for one in own)
        kinds = Counter(kind for one in own for kind in one.found)
        said = ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()) or "none"
        rows.append((name, str(len(own)), f"**{quiet}**", said))
    head = f"""\
### Redesigns

An article under the template that its publisher had in another year; {pairs} pairs of pages have
different templates, of {len(judged)} the page could be built. What should be found is nothing.
"""
    columns = ("publishers", "pairs", "no revision", "kinds found in the others")
    return f"{head}\n{table(columns, rows)}"


def _speed(times: int) -> str:
    """Milliseconds to align two articles of 5,000 words: of CPU, and by the clock."""
    rows = []
    for name, old, new in _cases():
        cpu, wall = [], []
        align(old, new)  # what is done once in a process is none of it
        for _ in range(times):
            begin, spent = time.perf_counter(), time.process_time()
            align(old, new)
            cpu.append((time.process_time() - spent) * 1000)
            wall.append((time.perf_counter() - begin) * 1000)
        told = [f"{min(one):.1f} / {median(one):.1f} / {max(one):.1f}" for one in (cpu, wall)]
        rows.append((name, f"**{told[0]}**", told[1], verdict(max(cpu), _MILLISECONDS)))
    head = f"""\
### Speed

Two articles of 5,000 words, aligned word by word {times} times; the limit of {_MILLISECONDS:.0f} ms
is for the worst of them in CPU time. That may have a pass of Python's garbage collector in it; they
run in a process of their own, as `archiver diff` does, so that it goes over what a program holds
and not over the pages of this benchmark. By the clock a machine with other work takes longer, see
its load.
"""
    columns = ("what changed", "CPU ms: best / median / worst", "by the clock", "limit")
    return f"{head}\n{table(columns, rows)}"


def _cases() -> Iterator[tuple[str, list[str], list[str]]]:
    """Articles before and after: as edits are, and as they are hard to align."""
    dice = random.Random(5)
    words = [f"w{number}" for number in range(1500)]

    def text(lines: int) -> list[str]:
        return [" ".join(dice.choices(words, k=5000 // lines)) for _ in range(lines)]

    def edited(lines: list[str], share: float) -> list[str]:
        return [
            " ".join(dice.choice(words) if dice.random() < share else word for word in line.split())
            for line in lines
        ]

    old, one, short, wide = text(100), text(1), text(1000), text(62)
    halves = edited(old, 0.1)
    yield "one word in fifty", old, edited(old, 0.02)
    yield "one word in ten", old, edited(old, 0.1)
    yield "two halves changed places, one word in ten", old, [*halves[50:], *halves[:50]]
    yield "nothing in common", old, text(100)
    yield "the same", old, list(old)
    yield "one paragraph, one word in ten", one, edited(one, 0.1)
    yield "a thousand lines, one word in five", short, edited(short, 0.2)
    yield "a thousand lines in another order", short, dice.sample(short, len(short))
    yield "62 paragraphs, all weighed against all", wide, text(62)


if __name__ == "__main__":
    main()
