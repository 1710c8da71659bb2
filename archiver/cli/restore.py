"""`archiver restore`: the catalogue from a backup."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING
from urllib.parse import unquote

import click

from archiver.cli.context import load_settings
from archiver.cli.output import print_table
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.store.backup_place import Place


@click.command()
@click.option(
    "--from",
    "source",
    metavar="FILE|FOLDER|URL",
    help="Where from, instead of storage.url: a backup, or a folder or store that has some.",
)
@click.option("--at", metavar="STAMP", help="The newest whose stamp begins so, such as 20261102.")
@click.option("--list", "listing", is_flag=True, help="Show what backups there are, and end.")
@click.option("--force", is_flag=True, help="Set a catalogue aside that stands there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object (with --list: each).")
@click.pass_context
def command(
    context: click.Context,
    source: str | None,
    at: str | None,
    listing: bool,
    force: bool,
    as_json: bool,
) -> int:
    """Bring the catalogue back from a backup.

    The newest of this host, unless another is named. It is compared with its SHA-256, checked,
    and brought up to date before it takes its place; wherever that is broken off, a whole
    catalogue stands there, old or new. One that stands there is kept with --force as
    catalogue.sqlite.replaced-STAMP. What was taken down stays so. Run `archiver reindex`
    afterwards: it adds what WARC files have and the backup lacks. Stop daemon, crawls and replay
    first; exit code 11 while one is at work.
    """
    from archiver.store.backup_place import place_of

    loaded = load_settings(context)
    place = place_of(loaded, source)
    if place.key and (listing or at):
        raise UsageError("goes with a store or folder only", thing="--list" if listing else "--at")
    if listing:
        _list(place, as_json=as_json)
    else:
        _restore(loaded, place, at=at, force=force, as_json=as_json)
    return 0


def _list(place: Place, *, as_json: bool) -> None:
    from archiver.store.backup import backups_in

    found = backups_in(place.blobs)
    if as_json:
        for kept in found:
            url = f"{place.blobs.url}/{kept.key}"
            row = {"stamp": kept.stamp, "host": kept.host, "size": kept.size, "url": url}
            click.echo(json.dumps(row))
        return
    rows = [(kept.stamp, f"{kept.at:%Y-%m-%d %H:%M:%S}Z", kept.host, kept.size) for kept in found]
    print_table(("stamp", "at", "host", "bytes"), rows)
    click.echo(f"\n{len(found)} backups in {place.blobs.url}/catalogue/")


def _restore(loaded: Loaded, place: Place, *, at: str | None, force: bool, as_json: bool) -> None:
    from archiver.model import utcnow
    from archiver.store.backup import new_stem, own_host, sqlite_file
    from archiver.store.restore import choose, restore

    catalogue = sqlite_file(loaded.catalogue_url)
    with alone(loaded):
        key = place.key or choose(place.blobs, at=at, host=own_host()).key
        done = restore(
            place.blobs,
            key,
            catalogue=catalogue,
            redactions=loaded.redactions_file,
            stamp=new_stem(utcnow(), "")[:-1],
            force=force,
        )
    url = f"{place.blobs.url}/{done.key}"
    aside = str(done.aside) if done.aside else None
    if as_json:
        row = {"url": url, "size": done.size, "revision": done.revision, "aside": aside}
        more = {"verified": done.verified, "redactions": done.redactions}
        click.echo(json.dumps(row | more))
        return
    click.echo(f"{url}: is the catalogue now ({done.size:,} bytes)")
    if not done.verified:
        click.echo("No SHA-256 was there to compare it with; its tables are in order.", err=True)
    if aside:
        click.echo(f"The one that stood there is {aside}")
    if done.redactions:
        click.echo("What was taken down was brought back too.")
    remote = ", and archiver reindex --from" if loaded.settings.storage.url else ""
    click.echo(f"Add what is newer than the backup: archiver reindex{remote}")


@contextmanager
def alone(loaded: Loaded) -> Iterator[None]:
    """Let no daemon and no crawl run on the archive, nor ship or backup.

    Raises:
        LockedError: one does.
    """
    from archiver.config.seeds import read_seeds
    from archiver.daemon.holder import daemon_lock
    from archiver.store.lock import BACKING_UP, IMPORTING, SHIPPING, many_locks

    locks = loaded.archive_folder / "locks"
    own = {BACKING_UP, IMPORTING, SHIPPING}
    names = {unquote(path.stem) for path in locks.glob("*.lock")}
    with ExitStack() as stack:
        stack.enter_context(daemon_lock(loaded.archive_folder))
        stack.enter_context(
            many_locks(locks, {*names, *read_seeds(loaded.seeds_folder).outlets, *own})
        )
        yield
