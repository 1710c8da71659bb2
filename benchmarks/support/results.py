"""results.md: one section a benchmark, each replaced by its own benchmark only."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

RESULTS = Path(__file__).parent.parent / "results.md"
_HEAD = """\
# Results of the benchmarks

Each section is written anew by the benchmark it names, whole, and by nothing else: edit none by
hand. Figures of other machines differ; the ratios less so.
"""


def put_section(name: str, title: str, text: str, *, path: Path = RESULTS) -> None:
    """Replace the section of a benchmark, or add it at the end."""
    begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
    section = f"{begin}\n\n## {title}\n\n{text.strip()}\n\n{end}\n"
    whole = path.read_text(encoding="utf-8") if path.exists() else _HEAD
    old = re.compile(re.escape(begin) + r".*?" + re.escape(end) + r"\n", re.DOTALL)
    if old.search(whole):
        whole = old.sub(lambda _: section, whole)
    else:
        whole = f"{whole.rstrip()}\n\n{section}"
    path.write_text(whole, encoding="utf-8")


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = [columns, ["---"] * len(columns), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def verdict(value: float, limit: float, *, at_least: bool = False) -> str:
    """The word for a figure beside its target."""
    return "reached" if (value >= limit if at_least else value <= limit) else "missed"
