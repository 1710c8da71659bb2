"""`archiver status`: what is there, and what went wrong."""

from __future__ import annotations

import json
from typing import Any

import click

from archiver.cli.context import load_settings
from archiver.cli.output import print_table


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON document instead of tables.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> None:
    """Show outlets, runs, captures, articles, and every problem by its reason."""
    from archiver.store.catalogue import Catalogue  # SQLAlchemy takes a fifth of a second

    loaded = load_settings(context)
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        status = catalogue.status()
    if as_json:
        click.echo(json.dumps(status, indent=2))
        return
    print_table(
        ("outlet", "last run", "ended", "articles", "revisions", "gone", "pending", "captures"),
        [_outlet_row(name, outlet) for name, outlet in status["outlets"].items()],
    )
    problems = [
        (name, stage, reason, count)
        for name, outlet in status["outlets"].items()
        for stage, reasons in outlet["problems"].items()
        for reason, count in sorted(reasons.items())
    ]
    if problems:
        click.echo()
        print_table(("outlet", "stage", "problem", "times"), problems)
    files = status["warc_files"]
    click.echo(f"\n{files['count']} WARC files, {files['bytes']:,} bytes, {files['open']} open")


def _outlet_row(name: str, outlet: dict[str, Any]) -> tuple[object, ...]:
    run = outlet["last_run"] or {}
    captures = sum(n for by_status in outlet["captures"].values() for n in by_status.values())
    return (
        name,
        run.get("state", "never"),
        (run.get("ended") or "")[:19].replace("T", " "),
        outlet["articles"],
        outlet["revisions"],
        outlet["gone"],
        outlet["pending"],
        captures,
    )
