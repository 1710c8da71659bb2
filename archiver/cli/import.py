# ruff: noqa: N999 - it has the name of its command
"""`archiver import`: WARC files of other archivers, taken into the archive."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import load_settings
from archiver.cli.extracting import extract_waiting
from archiver.cli.naming import named_file
from archiver.errors import ArchiverError, UsageError

if TYPE_CHECKING:
    from archiver.exchange.importing import Taken
    from archiver.store.copies import Copy

_PARTIAL = 3
_LISTED = 20  # faults of a file that are shown to people; JSON has them all


@click.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--outlet", metavar="OUTLET", help="Whose they are; else by the hosts in seeds/.")
@click.option("--no-extract", is_flag=True, help="Make no articles of their pages.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@click.pass_context
def command(
    context: click.Context,
    files: tuple[str, ...],
    outlet: str | None,
    no_extract: bool,
    as_json: bool,
) -> int:
    """Take WARC files of other archivers in: copy them, index them, extract articles.

    FILE is a path or a URL (s3://BUCKET/KEY, file:///PATH), packed or not. To do it again adds
    nothing. What is broken in a file is named, and the rest counts; ARC files are refused. Exit
    code 3 where something was broken or refused, 1 where nothing could be taken.
    """
    from archiver.config.seeds import load_seeds
    from archiver.config.suggest import did_you_mean
    from archiver.exchange.importing import Importer, take_all
    from archiver.fetch.imported import hosts_of
    from archiver.store.catalogue import Catalogue
    from archiver.store.lock import IMPORTING, outlet_lock
    from archiver.store.tombstones import reconcile

    loaded = load_settings(context)
    seeds = load_seeds(loaded.seeds_folder)
    if outlet is not None and outlet not in seeds:
        raise UsageError(
            f"there is no such outlet{did_you_mean(outlet, seeds)}",
            thing=outlet,
            todo="`archiver outlets` lists them; a seed can say enabled = false.",
        )
    places = [named_file(name, loaded) for name in files]
    done: list[Taken] = []
    refused = 0
    with (
        outlet_lock(loaded.archive_folder / "locks", IMPORTING),
        Catalogue.open(loaded.catalogue_url, create=True) as catalogue,
    ):
        reconcile(loaded.redactions_file, catalogue)
        hosts = hosts_of(list(seeds.values()))
        importer = Importer(loaded.warc_folder, catalogue, outlet=outlet, hosts=hosts)
        for place, came in take_all(importer, places):
            if isinstance(came, ArchiverError):
                refused += 1
                _tell_refused(place, came, as_json=as_json)
                continue
            done.append(came)
            found = None if no_extract else extract_waiting(loaded, catalogue, [came.file], seeds)
            _tell(came, found, as_json=as_json)
    if refused and not done:
        return 1
    return _PARTIAL if refused or any(one.damage for one in done) else 0


def _tell(came: Taken, found: Counter[str] | None, *, as_json: bool) -> None:
    if as_json:
        row: dict[str, Any] = {
            "source": came.source,
            "file": came.file,
            "known": came.known,
            "packed": came.packed,
            "captures": dict(came.captures),
            "pages": dict(found) if found is not None else None,
            "damage": [{"offset": one.offset, "what": one.what} for one in came.damage],
        }
        click.echo(json.dumps(row))
        return
    captures = ", ".join(f"{count} of {name}" for name, count in sorted(came.captures.items()))
    words = "known already" if came.known else f"captures: {captures or 'none'}"
    click.echo(f"{came.source} -> {came.file}: {words}")
    if found:
        pages = ", ".join(f"{count} {name}" for name, count in sorted(found.items()))
        click.echo(f"  pages: {pages}")
    for fault in came.damage[:_LISTED]:
        click.echo(f"  damaged at {fault.offset}: {fault.what}")
    if len(came.damage) > _LISTED:
        click.echo(f"  damaged: {len(came.damage) - _LISTED} more places (--json has them all)")


def _tell_refused(place: Path | Copy, error: ArchiverError, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"source": str(place), "error": str(error)}))
    else:
        click.echo(f"not taken: {error}", err=True)
