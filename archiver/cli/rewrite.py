"""`archiver rewrite`: WARC files anew, without the payloads that are redacted."""

from __future__ import annotations

import dataclasses
import getpass
import json
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from archiver.config.load import Loaded
    from archiver.fetch.old_copies import OldCopy
    from archiver.fetch.rewriting import Outcome
    from archiver.store.blobs import Blobs
    from archiver.store.catalogue import Catalogue

_PARTIAL = 3


@click.command()
@click.option("--yes", is_flag=True, help="Do it; without this it is only said what would be done.")
@click.option(
    "--keep", is_flag=True, help="Set the old files aside as .redacted-original, not delete them."
)
@click.option(
    "--store",
    is_flag=True,
    help="In the store, too: bring each new file there, then remove the copies of old ones, with"
    " all versions, as far as no lock (Object Lock) forbids it.",
)
@click.option("--by", metavar="NAME", help="Who; operator.name or the login name unless given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@click.pass_context
def command(
    context: click.Context, yes: bool, keep: bool, store: bool, by: str | None, as_json: bool
) -> int:
    """Take what is redacted out of WARC files: each is replaced by a new one.

    Not to be undone, also not by `redact --lift`. In the place of each record that goes stands a
    note with its header, its digests and the reason; all other records are copied byte for byte.
    The text that was made of them leaves the catalogue. A file that stands in a store alone, or
    from which another page takes its payload, stays, and it is said why: exit code 3. Copies of
    old files in a store stay there, and are named, unless --store is given; with it also those of
    files that were written anew before.
    """
    from archiver.daemon.shipping import store_of
    from archiver.fetch.rewriting import Rewriter  # SQLAlchemy takes a fifth of a second
    from archiver.store.catalogue import Catalogue
    from archiver.store.lock import SHIPPING, outlet_lock
    from archiver.store.tombstones import reconcile

    loaded = load_settings(context)
    blobs = store_of(loaded) if store else None  # asked first: nothing is done where none is set
    by = by or loaded.settings.operator.name or getpass.getuser()
    kept = count = 0
    with (
        Catalogue.open(loaded.catalogue_url) as catalogue,
        outlet_lock(loaded.archive_folder / "locks", SHIPPING),  # no file is shipped meanwhile
    ):
        reconcile(loaded.redactions_file, catalogue)
        rewriter = Rewriter(loaded.warc_folder, catalogue, by=by, keep=keep)
        for done in rewriter.run(trial=not yes):
            count += 1
            kept += done.kept_because is not None
            said = _sentence(done, store=store)
            click.echo(json.dumps(dataclasses.asdict(done)) if as_json else said)
        if blobs is not None:
            for left in _in_store(loaded, catalogue, blobs, trial=not yes):
                count += 1
                kept += left.kept_because is not None
                said = _of_copy(left, trial=not yes)
                click.echo(json.dumps(dataclasses.asdict(left)) if as_json else said)
    if not count and not as_json:
        click.echo("no WARC file holds what is redacted")
    elif not yes and not as_json:
        click.echo("nothing was done yet: --yes does it, and cannot be undone")
    return _PARTIAL if kept else 0


def _in_store(
    loaded: Loaded, catalogue: Catalogue, blobs: Blobs, *, trial: bool
) -> Iterator[OldCopy]:
    """Ship what was written anew, then remove what it replaces."""
    from archiver.fetch.old_copies import OldCopy, end_old_copies
    from archiver.store.shipper import Shipper
    from archiver.store.warcs import Stores

    if not trial:
        news = {one.new for found in catalogue.redactions() for one in found.files}
        shipper = Shipper(loaded.warc_folder, catalogue, blobs, loaded.settings.storage)
        for done in shipper.ship_these(news):
            if done.error is not None:
                why = f"not shipped: {done.error}"
                yield OldCopy(file=done.file, url=blobs.url, kept_because=why)
    yield from end_old_copies(Stores.of(loaded), catalogue, trial=trial)


def _of_copy(left: OldCopy, *, trial: bool) -> str:
    if left.kept_because is not None:
        return f"{left.file}: its copy {left.url} stays: {left.kept_because}"
    return f"{left.file}: its copy {left.url} {'would go' if trial else 'is gone'}"


def _sentence(done: Outcome, *, store: bool) -> str:
    if done.kept_because is not None:
        return f"{done.file}: stays as it is: {done.kept_because}"
    records = f"{done.records:,} record{'' if done.records == 1 else 's'}"
    said = f"{done.file}: {records} would go"
    if done.new is not None:
        said = f"{done.file}: {records} gone; replaced by {done.new}"
    if done.copy_url and not store:
        said += (
            f"\n  a copy of the old file stands at {done.copy_url}, with its .cdxj and .sha256:"
            " archiver rewrite --yes --store removes them, as far as a lock (Object Lock) allows"
        )
    return said
