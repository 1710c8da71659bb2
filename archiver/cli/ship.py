"""`archiver ship`: closed WARC files to the store."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.daemon.shipping import Ended, Removed
    from archiver.fetch.copied_indexes import CopiedIndex
    from archiver.store.shipper import Shipped

_PARTIAL = 3


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each thing done.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> int:
    """Bring closed WARC files to the store, each with its index and SHA-256.

    The store is that of storage.url. A copy counts once the store's own checksum says that it
    is whole. Local files are removed as storage.keep_local says. What was broken off goes on
    where it was; to do it again harms nothing. The daemon does this by itself. Exit code 3 where
    some file could not be shipped, 1 where none could, 11 while another process is at it.
    """
    from archiver.daemon.shipping import ship
    from archiver.fetch.copied_indexes import CopiedIndex
    from archiver.store.catalogue import Catalogue
    from archiver.store.shipper import Shipped

    loaded = load_settings(context)
    good = bad = 0
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        for done in ship(loaded, catalogue):
            if isinstance(done, Shipped | CopiedIndex):
                good += done.error is None
                bad += done.error is not None
            _show(done, as_json=as_json)
    if not bad:
        return 0
    return _PARTIAL if good else 1


def _show(done: Shipped | CopiedIndex | Removed | Ended, *, as_json: bool) -> None:
    from archiver.daemon.shipping import Removed
    from archiver.fetch.copied_indexes import CopiedIndex
    from archiver.store.shipper import Shipped

    if isinstance(done, CopiedIndex):
        said = "index" if done.error is None else "error"
        row: dict[str, object] = {"file": done.file, said: done.what}
        text = f"{done.file}: {done.what}"
    elif isinstance(done, Shipped) and done.error is not None:
        row = {"file": done.file, "size": done.size, "error": str(done.error)}
        text = f"{done.file}: not shipped: {done.error}"
    elif isinstance(done, Shipped):
        row = {"file": done.file, "size": done.size, "url": done.url, "verified": done.how}
        text = f"{done.file}: {done.url} ({done.size} bytes, verified by {done.how})"
    elif isinstance(done, Removed):
        row = {"removed": done.file}
        text = f"{done.file}: removed here"
    else:
        row = {"ended": done.key}
        text = f"{done.key}: ended an upload that was abandoned"
    click.echo(json.dumps(row) if as_json else text)


def ship_after_crawl(loaded: Loaded) -> None:
    """Ship what a crawl by hand has closed, where a store is configured; failures are said."""
    from archiver.daemon.shipping import ship
    from archiver.errors import ArchiverError, LockedError, NoArchiveError
    from archiver.store.catalogue import Catalogue
    from archiver.store.shipper import Shipped

    if not loaded.settings.storage.url:
        return
    try:
        with Catalogue.open(loaded.catalogue_url) as catalogue:
            for done in ship(loaded, catalogue):
                if isinstance(done, Shipped) and done.error is not None:
                    click.echo(f"{done.file}: not shipped: {done.error}", err=True)
    except (LockedError, NoArchiveError):
        pass  # somebody else is at it; the crawl failed before there was an archive
    except ArchiverError as error:
        click.echo(f"WARC files were not shipped and stay here: {error}", err=True)
