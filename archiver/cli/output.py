"""Data on standard output, the same on a terminal and in a pipe."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table


def print_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None
) -> None:
    """Print a table. In a pipe it is as wide as its content."""
    console = Console(soft_wrap=False, highlight=False, markup=False)
    if not console.is_terminal:
        console = Console(width=10_000, highlight=False, markup=False)
    console.print(make_table(columns, rows, title=title))


def make_table(
    columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str | None = None
) -> Table:
    """A plain table; numbers stand to the right."""
    table = Table(box=None, title=title, title_justify="left", header_style="bold", pad_edge=False)
    kept = [list(row) for row in rows]
    for place, name in enumerate(columns):
        numeric = bool(kept) and all(isinstance(row[place], int | float) for row in kept)
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in kept:
        table.add_row(*(str(value) for value in row))
    return table
