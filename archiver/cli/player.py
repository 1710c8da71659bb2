"""`archiver player`: the program of others that shows archived pages with their scripts."""

from __future__ import annotations

from pathlib import Path

import click

from archiver.cli.context import load_settings


@click.group()
def command() -> None:
    """Install or remove the player, with which replay shows pages as they ran.

    The player is the service worker of ReplayWeb.page, under the AGPL, and no part of this
    project. It is kept in player/ in the working folder.
    """


@command.command()
@click.option(
    "--from",
    "package",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    metavar="FILE",
    help="Its package, which you have already; else npm is asked for it.",
)
@click.pass_context
def install(context: click.Context, package: Path | None) -> None:
    """Install the player: its package must be the one of a pinned SHA-512."""
    from archiver.replay import playerfile

    folder = load_settings(context).player_folder
    playerfile.install(folder, package)
    click.echo(f"{playerfile.PACKAGE} is in {folder}: pages in replay have a view with scripts now")


@command.command()
@click.pass_context
def remove(context: click.Context) -> None:
    """Remove the player; replay shows pages without scripts alone."""
    from archiver.replay import playerfile

    folder = load_settings(context).player_folder
    click.echo("removed" if playerfile.remove(folder) else "no player is installed")
