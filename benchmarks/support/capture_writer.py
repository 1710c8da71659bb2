"""The figures of capture that need no network: syncs, codecs, recovery and reading."""

from __future__ import annotations

import argparse
from pathlib import Path

from support import writing
from support.results import table, verdict

_MB = 1_000_000
_RECOVERY_LIMIT = 100.0  # MB a second


def syncing(folder: Path, options: argparse.Namespace) -> str:
    """What the sync policy costs the writer."""
    place = folder / "sync"
    count = min(options.pages, 1000)
    costs = dict(writing.sync_costs(place, exchanges=count, runs=options.runs))
    free = costs["never"]
    rows = [
        (
            name,
            f"{cost.wall / count * 1000:.2f}",
            f"{cost.cpu / count * 1000:.2f}",
            f"{(cost.wall - free.wall) / count * 1000:.2f}",
            f"{count / cost.wall:.0f}",
        )
        for name, cost in costs.items()
    ]
    columns = ("synced", "wall ms an exchange", "CPU ms", "wall ms of it for syncs", "exchanges/s")
    return (
        f"### Cost of the sync policy\n\nWarcWriter alone, {count} exchanges of 88 KB, records made"
        " before. A crawl syncs whatever waits as one group, of 32 at most.\n\n"
        f"{table(columns, rows)}"
    )


def codecs(options: argparse.Namespace) -> str:
    """Speed and size of each codec and level, and of what came compressed."""
    pages = min(options.pages, 300)
    columns = ("codec and level", "MB a second of CPU", "size left", "MB a second, read again")
    plain = table(columns, map(_packed, writing.codec_costs(pages=pages)))
    coded = table(("how", *columns[1:]), map(_packed, writing.coded_costs(pages=pages)))
    return (
        f"### Codecs\n\nThe records of these pages.\n\n{plain}\nThose of the same pages as servers"
        f" send them, compressed by gzip.\n\n{coded}"
    )


def _packed(each: writing.Packed) -> tuple[str, ...]:
    return each.codec, f"{each.rate:.0f}", f"{each.share * 100:.1f} %", f"{each.read:.0f}"


def reading(folder: Path, options: argparse.Namespace) -> str:
    """Recovery, reading and check of one large file."""
    place = folder / "reading"
    rows = []
    for each in writing.passes(place, size=options.file_mb * _MB, runs=options.runs):
        rate = each.size / each.cost.wall / _MB
        target = each.what.startswith("recovery, no")
        rows.append(
            (
                each.what,
                f"{each.cost.wall:.2f}",
                f"{each.cost.cpu:.2f}",
                f"**{rate:.0f}**",
                f"{each.content / each.cost.wall / _MB:.0f}",
                f"at least {_RECOVERY_LIMIT:g}" if target else "-",
                verdict(rate, _RECOVERY_LIMIT, at_least=True) if target else "-",
            )
        )
    columns = ("pass", "wall s", "CPU s", "MB/s of file", "MB/s of content", "target", "")
    return (
        f"### Recovery, reading, check\n\nOne WARC of {options.file_mb} MB (gzip, isal), in the"
        f" page cache, best of {options.runs}; one core.\n\n{table(columns, rows)}"
    )
