"""`archiver run-now`: ask the daemon for a crawl."""

from __future__ import annotations

import click

from archiver.cli.context import load_settings


@click.command()
@click.argument("outlets", nargs=-1, required=True, metavar="OUTLET...")
@click.pass_context
def command(context: click.Context, outlets: tuple[str, ...]) -> None:
    """Have the running daemon crawl outlets now, among its other crawls.

    Their next turns count from then on. `archiver crawl` crawls without the daemon.
    """
    from archiver.cli.context import chosen_outlets
    from archiver.daemon.holder import wake_daemon
    from archiver.model import utcnow
    from archiver.store.catalogue import Catalogue

    loaded = load_settings(context)
    names = list(chosen_outlets(loaded, outlets, everything=False))
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        catalogue.set_due(dict.fromkeys(names, utcnow()))
    process = wake_daemon(loaded.archive_folder)
    click.echo(f"asked the daemon (process {process}) for {', '.join(names)}")
