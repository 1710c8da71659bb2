"""The catalogue on PostgreSQL at the size of years: what writing and looking up costs there."""

from __future__ import annotations

import argparse
from pathlib import Path


def add_options(group: argparse._ArgumentGroup) -> None:
    """The options of this part."""
    group.add_argument("--captures", type=int, default=10_000_000, help="in the catalogue")


def measure(options: argparse.Namespace, folder: Path) -> str:
    """Fill a catalogue, and measure."""
    captures = 20_000 if options.quick else options.captures
    return f"{captures:,} captures in {folder.name}: not measured yet.\n"
