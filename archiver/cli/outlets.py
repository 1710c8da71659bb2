"""`archiver outlets`: what is watched."""

from __future__ import annotations

import dataclasses
import json

import click

from archiver.cli.context import load_settings
from archiver.cli.output import print_table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of a table.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """List the outlets in seeds/."""
    from archiver.config.seeds import load_seeds  # pydantic takes a tenth of a second

    outlets = load_seeds(load_settings(context).seeds_folder)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(outlet) for outlet in outlets.values()]))
        return
    print_table(
        ("outlet", "name", "sources", "language", "enabled"),
        [
            (
                outlet.id,
                outlet.name,
                ", ".join(sorted({source.kind.value for source in outlet.sources})),
                outlet.language or "",
                "yes" if outlet.enabled else "no",
            )
            for outlet in outlets.values()
        ],
    )
