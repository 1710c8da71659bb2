"""`archiver config`: what is set, where it was set, and the schemas of the files."""

from __future__ import annotations

import json

import click

from archiver.cli.context import load_settings


@click.group()
def command() -> None:
    """Show the settings and where each comes from; print JSON Schemas."""


@command.command()
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def show(context: click.Context, as_json: bool) -> None:
    """Print every setting with its value and origin; passwords are masked."""
    loaded = load_settings(context)
    sections = loaded.settings.model_dump(mode="json")
    rows = [
        (key, sections[key.partition(".")[0]][key.partition(".")[2]], str(origin))
        for key, origin in loaded.origins.items()
    ]
    if as_json:
        settings = {key: {"value": value, "origin": origin} for key, value, origin in rows}
        file = str(loaded.file) if loaded.file else None
        document = {"folder": str(loaded.folder), "file": file, "settings": settings}
        click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        return
    width = max(len(key) for key, _, _ in rows)
    for key, value, origin in rows:
        text = json.dumps(value, ensure_ascii=False) if value is not None else "(not set)"
        click.echo(f"{key:<{width}}  {text}  # {origin}")


@command.command()
@click.argument("name", type=click.Choice(["archiver", "outlet"]), default="archiver")
def schema(name: str) -> None:
    """Print the JSON Schema of archiver.toml or of an outlet's seed file."""
    from archiver.config.schema import SCHEMAS  # builds all models

    click.echo(json.dumps(SCHEMAS[name](), indent=2, ensure_ascii=False))
