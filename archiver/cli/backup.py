"""`archiver backup`: the catalogue to the store, or into a file."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import load_settings
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.store.backup_place import Place


@click.command()
@click.option(
    "--to",
    "target",
    metavar="FILE|FOLDER|URL",
    help="Where to, instead of storage.url: a file, a folder, or another store.",
)
@click.option(
    "--if-older",
    "older",
    metavar="DURATION",
    help="Only where the newest backup of this host is older, such as 1d.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_context
def command(context: click.Context, target: str | None, older: str | None, as_json: bool) -> int:
    """Back the catalogue up: a checked snapshot, packed, to the store.

    That is the store of storage.url, unless --to names another place. Crawls may go on meanwhile.
    With it goes the account of what was taken down. Without a store it goes to backups/ in the
    archive's folder, which is lost with its disk. In a store or folder the newest storage.backups
    of this host are kept. A file is never written over. A catalogue in PostgreSQL is a matter
    for pg_dump. Exit code 11 while another backup is made.
    """
    from archiver.config.quantities import parse_duration
    from archiver.store.backup_place import place_of

    try:
        seconds = parse_duration(older) if older is not None else None
    except ValueError as error:
        raise UsageError(str(error), thing="--if-older") from None
    loaded = load_settings(context)
    place = place_of(loaded, target)
    if place.key and seconds is not None:
        raise UsageError("goes with a store or folder only", thing="--if-older")
    done = _back_up(loaded, place, if_older=seconds)
    if as_json:
        click.echo(json.dumps(done))
    else:
        _show(done, same_disk=place.same_disk)
    return 0


def _back_up(loaded: Loaded, place: Place, *, if_older: float | None) -> dict[str, Any]:
    from datetime import timedelta

    from archiver.model import utcnow
    from archiver.store import backup
    from archiver.store.lastbackup import LastBackup, note_backup
    from archiver.store.lock import BACKING_UP, outlet_lock
    from archiver.store.snapshot import snapshot

    catalogue = backup.sqlite_file(loaded.catalogue_url)
    blobs, host, archive = place.blobs, backup.own_host(), loaded.archive_folder
    with outlet_lock(archive / "locks", BACKING_UP):
        now = utcnow()
        if if_older is not None:
            own = [kept for kept in backup.backups_in(blobs) if kept.host == host]
            if own and now - timedelta(seconds=if_older) < own[-1].at <= now:
                return {"made": False, "url": f"{blobs.url}/{own[-1].key}", "stamp": own[-1].stamp}
        stem = backup.FOLDER + backup.new_stem(now, host)
        if place.key:
            stem = place.key.removesuffix(backup.PACKED)
        with backup.work_folder(archive) as work:
            made = snapshot(catalogue, work, redactions=loaded.redactions_file)
            uploaded = backup.keep(blobs, stem, made)
        url = f"{blobs.url}/{uploaded.blob.key}"
        note_backup(archive, LastBackup(at=now, url=url, size=made.packed))
        removed: list[str] = []
        left: list[str] = []
        if not place.key:
            most = loaded.settings.storage.backups
            removed, left = backup.remove_old(blobs, but=uploaded.blob.key, host=host, most=most)
    return {
        "made": True,
        "url": url,
        "stamp": None if place.key else backup.new_stem(now, "")[:-1],
        "size": made.packed,
        "sha256": made.sha256,
        "verified": uploaded.how,
        "catalogue_size": made.size,
        "revision": made.revision,
        "redactions": made.redactions is not None,
        "removed": removed,
        "left": left,
    }


def _show(done: dict[str, Any], *, same_disk: bool) -> None:
    if not done["made"]:
        click.echo(f"{done['url']}: is new enough")
        return
    click.echo(
        f"{done['url']}: {done['size']:,} bytes of {done['catalogue_size']:,},"
        f" verified by {done['verified']}"
    )
    for key in done["removed"]:
        click.echo(f"{key}: removed, beyond storage.backups")
    for key in done["left"]:
        click.echo(f"{key}: stays, since it is locked or may not be removed", err=True)
    if same_disk:
        click.echo("It stands on the archive's own disk: set storage.url, or say --to.", err=True)
