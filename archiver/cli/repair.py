"""`archiver repair`: what a crash or a disk left behind, set right; nothing is deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings
from archiver.errors import NoArchiveError

if TYPE_CHECKING:
    from archiver.store.catalogue import Catalogue


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each thing done.")
@click.pass_context
def command(context: click.Context, dry_run: bool, as_json: bool) -> int:
    """Finish files that a crash left open, and mend indexes and catalogue.

    Files left open are made whole, and what was torn is kept beside them as .torn; CDXJ indexes
    that are missing or wrong are written anew; what the catalogue lacks is added. A closed file
    is never changed: one that is damaged is named, its intact records count, and the exit code
    is 1.
    """
    from archiver.store.catalogue import Catalogue

    loaded = load_settings(context)
    folder = loaded.warc_folder
    if not folder.is_dir():
        raise NoArchiveError(
            "no WARC file here", thing=str(folder), todo="Crawl an outlet: archiver crawl OUTLET."
        )
    damaged = False
    count = 0
    with Catalogue.open(loaded.catalogue_url, create=not dry_run) as catalogue:
        found = _repair(folder, catalogue, loaded.redactions_file, dry_run=dry_run)
        for name, file, what in found:
            count += 1
            damaged = damaged or name == "damaged"
            if as_json:
                click.echo(json.dumps({"name": name, "file": file, "what": what}))
            else:
                click.echo(f"{file}: {name}: {what}")
    if not count and not as_json:
        click.echo("nothing to repair")
    return 1 if damaged else 0


def _repair(
    folder: Path, catalogue: Catalogue, redactions: Path, *, dry_run: bool
) -> Iterator[tuple[str, str, str]]:
    """Each thing that was done (or would be): its name, the file, and a sentence."""
    from archiver.fetch.recovery import finish_left_files
    from archiver.fetch.reindex import reindex
    from archiver.store.tombstones import reconcile
    from archiver.warc.recover import left_open

    lacked, unknown = (0, 0) if dry_run else reconcile(redactions, catalogue)
    if lacked or unknown:
        what = f"{unknown} events told to the catalogue, {lacked} written down"
        yield "redactions-differ", redactions.name, what
    if dry_run:
        for left in left_open(folder):
            yield "left-open", left.name, "is to be finished"
    else:
        for done in finish_left_files(folder, catalogue):
            torn = f", {done.torn} torn bytes kept as .torn" if done.torn else ""
            yield "left-open", done.file, f"finished with {done.size} bytes{torn}"
    for found in reindex(folder, catalogue, sidecars=True, trial=dry_run):
        if not found.known:
            yield "file-unknown", found.file, "catalogued" if not dry_run else "is to be catalogued"
        if found.captures or found.discoveries:
            added = f"{found.captures} captures and {found.discoveries} discoveries"
            what = f"{added} added" if not dry_run else f"lacks {found.captures} captures"
            yield "captures-missing", found.file, what
        if found.sidecar:
            what = "its CDXJ index written anew" if not dry_run else "its CDXJ index is to be made"
            yield f"sidecar-{found.sidecar}", found.file, what
        for fault in found.damage:
            yield "damaged", found.file, f"at {fault.offset}: {fault.what}"
