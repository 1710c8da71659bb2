"""`archiver replay`: show archived pages in a browser."""

from __future__ import annotations

from functools import cache

import click

from archiver.cli.context import load_settings


@click.command()
@click.option("--host", metavar="ADDRESS", help="Address to listen on; loopback unless set.")
@click.option("--port", metavar="PORT", help="Port to listen on; 0: any free one.")
@click.pass_context
def command(context: click.Context, host: str | None, port: str | None) -> None:
    """Show archived pages in a browser, until interrupted.

    Pages appear as they were captured, on an origin of their own, without scripts. Beyond
    loopback everybody needs the token: ARCHIVER_REPLAY__TOKEN, or one that is printed.
    """
    from archiver.config.seeds import read_seeds
    from archiver.replay.server import run  # the web server takes a fifth of a second
    from archiver.store.catalogue import Catalogue
    from archiver.store.tombstones import reconcile
    from archiver.store.warcs import Warcs

    loaded = load_settings(context, replay__host=host, replay__port=port)
    replay = loaded.settings.replay
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        reconcile(loaded.redactions_file, catalogue)  # it may be a backup's, brought back
        run(
            catalogue=catalogue,
            warcs=Warcs.of(loaded, catalogue),
            host=replay.host,
            port=replay.port,
            archived_host=replay.archived_host,
            public_host=replay.public_host,
            player_host=replay.player_host,
            player=loaded.player_folder,
            token=replay.token.get_secret_value() if replay.token else None,
            outlets=cache(lambda: read_seeds(loaded.seeds_folder).outlets),
            announce=lambda url: click.echo(f"{url}  (stop with Ctrl-C)"),
        )
