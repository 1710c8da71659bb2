"""What extraction costs and what it is worth: pages a second, memory and scores, beside peers.

    python benchmarks/extraction.py [--corpus ../shared/corpus] [--runs 2] [--rounds 3]

The pages are those of a list in the form that `archiver extract --pages` reads; with reviewed
answers in it and the score script beside, the score table is made, too. Peers are installed into
environments of their own. Writes the section `extraction` of benchmarks/results.md.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import metadata
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from support import machine
from support.environments import Environment
from support.measure import BenchmarkError
from support.results import RESULTS, put_section, table, verdict

_ROOT = Path(__file__).parents[1]
_RUNNER = Path(__file__).parent / "support" / "extractors.py"
_TREE = Path(__file__).parent / "support" / "tree.py"
_PARALLEL = 1.9  # times as fast as one process of ours, and of trafilatura, that two must be
_FIGURES = (
    "body.f1", "body.leak", "standfirst", "headings", "paragraphs", "title", "title.close",
    "title.kept", "authors", "authors.f1", "published.day", "published.minute", "captions.f1",
    "captions.found", "captions.precision", "credits",
)  # fmt: skip
_NOTE = """\
Each run is a process of its own that reads every page from disk and extracts it; the runs are
interleaved, and the best of each counts. Seconds are from the first page to the last of several
rounds: imports and ten pages for warming up each process come before. CPU seconds tell more than
wall seconds where other work shares the machine (see its load). Nothing is fetched: names do not
resolve in these processes.
"All cores" is our ExtractionPool (processes that can be killed, pages and articles through
pipes), for the others a pool of multiprocessing. Memory is that of the largest process. Peers
give one date, one text and no captions or credits; what they have no field for counts as empty.
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Run:
    """Seconds and memory (bytes of the largest process) of one run over all pages."""

    wall: float
    cpu: float
    rss: int
    pages: int
    failed: int


@dataclass(kw_only=True, slots=True)
class Contender:
    """An extractor, the Python that has it, its version, and its runs by number of processes."""

    name: str
    python: str
    version: str
    runs: dict[int, list[Run]] = field(default_factory=dict)

    def best(self, processes: int) -> Run:
        """Its fastest run."""
        return min(self.runs[processes], key=lambda run: run.cpu if processes == 1 else run.wall)


def main() -> None:
    """Measure, print, write results.md."""
    options = _options()
    command = shlex.join(["python", "benchmarks/extraction.py", *sys.argv[1:]])
    contenders, absent = _contenders(options.cache)
    pages = options.corpus / "gold.jsonl"
    with tempfile.TemporaryDirectory(prefix="archiver-bench-") as name:
        folder = Path(name)
        facts = machine.facts(
            command=command,
            folder=folder,
            peers={each.name: each.version for each in contenders[1:]} | dict(absent),
        )
        sections = [table(("what", "value"), [row for row in facts if row[0] in _FACTS or row[0] in
                    {*dict(absent), *(each.name for each in contenders)}])]  # fmt: skip
        for number in range(options.runs):
            for each in contenders:
                for processes in sorted({1, os.cpu_count() or 1}):
                    run = _run(each, pages, folder, processes, options.rounds)
                    each.runs.setdefault(processes, []).append(run)
                    print(number, each.name, processes, run, flush=True)
        sections.append(_speeds(contenders, options.runs))
        if (text := _scores(contenders, pages, folder, options.score)) is not None:
            sections.append(text)
    for text in sections:
        print(text)
    put_section("extraction", "Extraction", "\n".join([*sections, _NOTE]))
    print(f"written: {RESULTS}")


_FACTS = {"date", "command", "cores", "memory", "load before", "kernel", "Python", "ours"}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    shared = _ROOT.parent / "shared"
    parser.add_argument("--corpus", type=Path, default=shared / "corpus")
    parser.add_argument("--score", type=Path, default=shared / "score" / "score_articles.py")
    parser.add_argument("--runs", type=int, default=2, help="runs of each; the best counts")
    parser.add_argument("--rounds", type=int, default=3, help="rounds over the pages in each run")
    parser.add_argument(
        "--cache",
        type=Path,
        default=Path("~/.cache/news-archiver-bench").expanduser(),
        help="where the peers' environments are kept",
    )
    return parser.parse_args()


def _contenders(cache: Path) -> tuple[list[Contender], list[tuple[str, str]]]:
    """Ours and the peers, and those that cannot be installed here, with the reason."""
    found = [Contender(name="ours", python=sys.executable, version="this tree")]
    absent: list[tuple[str, str]] = []
    for name, requirements in (
        ("trafilatura", [f"trafilatura=={metadata.version('trafilatura')}", "lxml_html_clean"]),
        ("newspaper4k", ["newspaper4k", "lxml_html_clean"]),
        ("news-please", ["news-please", "lxml_html_clean"]),
    ):
        environment = Environment(cache, name, requirements)
        try:
            python = environment.program("python")
        except BenchmarkError as error:
            absent.append((name, f"not installed: {str(error)[-120:]!r}"))
            continue
        found.append(Contender(name=name, python=python, version=environment.version(name)))
    return found, absent


def _run(each: Contender, pages: Path, folder: Path, processes: int, rounds: int) -> Run:
    out = _output(each, folder)
    report = folder / "cost.json"
    done = subprocess.run(
        [sys.executable, str(_TREE), str(report), each.python, str(_RUNNER), each.name,
         str(pages), str(out), "--processes", str(processes), "--rounds", str(rounds)],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        env={**os.environ, "PYTHONPATH": str(_ROOT) if each.name == "ours" else ""},
    )  # fmt: skip
    line = next((x for x in reversed(done.stdout.splitlines()) if x.startswith("{")), None)
    if done.returncode or line is None:
        raise BenchmarkError(f"{each.name} ended with {done.returncode}: {done.stderr[-2000:]}")
    said = json.loads(line)
    return Run(**said, rss=json.loads(report.read_bytes())["rss"])


def _output(each: Contender, folder: Path) -> Path:
    return folder / f"{each.name}.jsonl"


def _speeds(contenders: Sequence[Contender], runs: int) -> str:
    cores = os.cpu_count() or 1
    theirs = next(each for each in contenders if each.name == "trafilatura").best(1)
    rows = []
    for each in contenders:
        one, many = each.best(1), each.best(cores)
        by_cpu, by_wall = one.pages / one.cpu, one.pages / one.wall
        speedup = (many.pages / many.wall) / by_wall
        mine = each.name == "ours"
        rows.append(
            (
                each.name,
                f"{one.cpu / one.pages * 1000:.1f}",
                f"{by_cpu:.1f}",
                f"{by_wall:.1f}",
                f"{many.pages / many.wall:.1f}",
                f"{speedup:.2f} x",
                f"{one.rss / 1e6:.0f}",
                f"{many.rss / 1e6:.0f}",
                str(one.failed),
                verdict(by_cpu, theirs.pages / theirs.cpu, at_least=True) if mine else "-",
                verdict(speedup, _PARALLEL, at_least=True) if mine and cores == 2 else "-",
                verdict(
                    many.pages / many.wall / (theirs.pages / theirs.wall), _PARALLEL, at_least=True
                )
                if mine and cores == 2
                else "-",
            )
        )
    columns = (
        "extractor", "CPU ms a page", "pages/s of CPU, 1 process", "pages/s, 1 process",
        f"pages/s, {cores} processes", "gain", "MB, 1 process", f"MB, {cores} processes", "failed",
        "target: trafilatura's pages/s", f"target: {_PARALLEL:g} x",
        f"target: {_PARALLEL:g} x trafilatura's 1 process",
    )  # fmt: skip
    pages = contenders[0].best(1).pages
    return f"### Speed and memory\n\n{pages} pages a run, best of {runs}.\n\n{table(columns, rows)}"


def _scores(contenders: Sequence[Contender], pages: Path, folder: Path, script: Path) -> str | None:
    """The figures of the score script; None where it is not here or the list has no answers."""
    if not script.is_file() or not re.search(
        r'"sections"', pages.open(encoding="utf-8").readline()
    ):
        return None
    found = {}
    for each in contenders:
        done = subprocess.run(
            [sys.executable, str(script), str(pages), str(_output(each, folder)), "--json"],
            capture_output=True,
            text=True,
            check=True,
        )
        found[each.name] = json.loads(done.stdout)
    rows = [(figure, *(f"{found[name][figure]:.3f}" for name in found)) for figure in _FIGURES]
    return f"### Scores\n\nOver the same pages.\n\n{table(('figure', *found), rows)}"


if __name__ == "__main__":
    main()
