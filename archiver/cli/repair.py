"""`archiver repair`: what a crash or a disk left behind, set right; nothing is deleted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings
from archiver.errors import NoArchiveError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.fetch.mending import Done
    from archiver.fetch.reindex import Indexed
    from archiver.store.catalogue import Catalogue
    from archiver.store.warcs import Warcs


@click.command()
@click.option("--dry-run", is_flag=True, help="Say what would be done, and do nothing.")
@click.option(
    "--to-store",
    is_flag=True,
    help="Read the store's copies of files that are here, and put damaged ones again; replace"
    " indexes there that are missing, or have lines of what is redacted.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each thing done.")
@click.pass_context
def command(context: click.Context, dry_run: bool, to_store: bool, as_json: bool) -> int:
    """Finish files that a crash left open, and mend indexes and catalogue.

    Files left open are made whole, and what was torn is kept beside them as .torn; CDXJ indexes
    that are missing or wrong are written anew; what the catalogue lacks is added. A closed file
    that is gone, or not what was closed, is fetched from its copy in the store, and the damaged
    one kept as .damaged; with --to-store a damaged copy is put again under a new key. Nothing is
    deleted. Where there is no whole copy, the damage is named, intact records count, and the exit
    code is 1.
    """
    from archiver.store.catalogue import Catalogue
    from archiver.store.warcs import Warcs

    loaded = load_settings(context)
    folder = loaded.warc_folder
    if not folder.is_dir():
        raise NoArchiveError(
            "no WARC file here", thing=str(folder), todo="Crawl an outlet: archiver crawl OUTLET."
        )
    good = True
    count = 0
    with Catalogue.open(loaded.catalogue_url, create=not dry_run) as catalogue:
        warcs = Warcs.of(loaded, catalogue)
        with _alone(loaded, catalogue, dry_run=dry_run):
            for done in _repair(
                warcs, catalogue, loaded.redactions_file, dry_run=dry_run, to_store=to_store
            ):
                count += 1
                good = good and done.good
                if as_json:
                    row = {"name": done.name, "file": done.file, "what": done.what}
                    click.echo(json.dumps(row))
                else:
                    click.echo(f"{done.file}: {done.name}: {done.what}")
    if not count and not as_json:
        click.echo("nothing to repair")
    return 0 if good else 1


def _alone(
    loaded: Loaded, catalogue: Catalogue, *, dry_run: bool
) -> AbstractContextManager[object]:
    """Nobody ships meanwhile, where there are copies: what is fetched shall not be removed."""
    from archiver.store.lock import SHIPPING, outlet_lock

    if dry_run or not any(file.copy_url for file in catalogue.files()):
        return nullcontext()
    return outlet_lock(loaded.archive_folder / "locks", SHIPPING)


def _repair(
    warcs: Warcs, catalogue: Catalogue, redactions: Path, *, dry_run: bool, to_store: bool
) -> Iterator[Done]:
    """Each thing that was done, or would be."""
    from archiver.fetch.mending import Done, Mender
    from archiver.fetch.recovery import finish_left_files
    from archiver.fetch.reindex import reindex
    from archiver.store.tombstones import reconcile
    from archiver.warc.recover import left_open

    lacked, unknown = (0, 0) if dry_run else reconcile(redactions, catalogue)
    if lacked or unknown:
        what = f"{unknown} events told to the catalogue, {lacked} written down"
        yield Done(name="redactions-differ", file=redactions.name, what=what)
    if dry_run:
        for left in left_open(warcs.folder):
            yield Done(name="left-open", file=left.name, what="is to be finished")
    else:
        for done in finish_left_files(warcs.folder, catalogue):
            torn = f", {done.torn} torn bytes kept as .torn" if done.torn else ""
            what = f"finished with {done.size} bytes{torn}"
            yield Done(name="left-open", file=done.file, what=what)
    mender = Mender(warcs, catalogue, trial=dry_run)
    yield from mender.bring_back()
    for found in reindex(warcs.folder, catalogue, sidecars=True, trial=dry_run, mend=mender.mend):
        yield from mender.said()
        yield from _of_file(found, dry_run=dry_run)
    yield from mender.mend_copies(to_store=to_store)
    if to_store:
        yield from _indexes_of_copies(warcs, catalogue, dry_run=dry_run)


def _indexes_of_copies(warcs: Warcs, catalogue: Catalogue, *, dry_run: bool) -> Iterator[Done]:
    from archiver.fetch.copied_indexes import veil_copy
    from archiver.fetch.mending import Done

    veil = catalogue.veil()
    for file in catalogue.files():
        if file.copy_url is not None:
            found = veil_copy(warcs.folder / file.name, file, warcs.stores, veil, trial=dry_run)
            if found is not None:
                good = found.error is None
                yield Done(name="copy-index", file=file.name, what=found.what, good=good)


def _of_file(found: Indexed, *, dry_run: bool) -> Iterator[Done]:
    from archiver.fetch.mending import Done

    file = found.file
    if not found.known:
        what = "catalogued" if not dry_run else "is to be catalogued"
        yield Done(name="file-unknown", file=file, what=what)
    if found.captures or found.discoveries:
        added = f"{found.captures} captures and {found.discoveries} discoveries"
        what = f"{added} added" if not dry_run else f"lacks {found.captures} captures"
        yield Done(name="captures-missing", file=file, what=what)
    if found.sidecar:
        what = "its CDXJ index written anew" if not dry_run else "its CDXJ index is to be made"
        yield Done(name=f"sidecar-{found.sidecar}", file=file, what=what)
    for fault in found.damage:
        yield Done(name="damaged", file=file, what=f"at {fault.offset}: {fault.what}", good=False)
