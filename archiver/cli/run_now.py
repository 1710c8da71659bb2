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
    from archiver.daemon.holder import ask_daemon

    loaded = load_settings(context)
    names = list(chosen_outlets(loaded, outlets, everything=False))
    process = ask_daemon(loaded.archive_folder, names)
    click.echo(f"asked the daemon (process {process}) for {', '.join(names)}")
