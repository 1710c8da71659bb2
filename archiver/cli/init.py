"""`archiver init`: lay out a working folder."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option(
    "--contact", default="", metavar="URL", help="Where publishers reach you: https: or mailto:."
)
@click.option("--no-seeds", is_flag=True, help="Do not copy the outlets that come along.")
def command(folder: Path, contact: str, no_seeds: bool) -> None:
    """Lay out a working folder: configuration, seeds, scrapy.cfg and archive.

    Files that exist already are left as they are, and named.
    """
    from archiver.config.workdir import lay_out  # pydantic takes a tenth of a second

    result = lay_out(folder, seeds=not no_seeds, contact=contact)
    for path in result.written:
        click.echo(path)
    for path in result.kept:
        click.echo(f"{path} was there already and is left as it is", err=True)
    click.echo(f"Next: cd {folder}, then edit config/archiver.toml and seeds/.", err=True)
    if not contact:
        click.echo("No outlet is crawled before [operator] contact is set there.", err=True)
