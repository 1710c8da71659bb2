"""`archiver retention`: WARC files that may go by rule."""

from __future__ import annotations

import dataclasses
import getpass
import json
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.fetch.retention import Going

_PARTIAL = 3


@click.command()
@click.option("--yes", is_flag=True, help="Do it; without this it is only said what would go.")
@click.option("--store", is_flag=True, help="Also remove the copies in the store.")
@click.option("--by", metavar="NAME", help="Who; operator.name or the login name unless given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@click.pass_context
def command(context: click.Context, yes: bool, store: bool, by: str | None, as_json: bool) -> int:
    """Remove WARC files of which every capture may go by the rules of [retention].

    Not to be undone. A tombstone of each file stays: name, SHA-256, size, captures by kind, the
    rule, when and by whom. A file from which a capture in another file takes its payload stays,
    and so does one whose copy is locked; it is said why: exit code 3.
    """
    from archiver.fetch.retention import Retaining  # SQLAlchemy takes a fifth of a second
    from archiver.store.catalogue import Catalogue
    from archiver.store.lock import SHIPPING, outlet_lock
    from archiver.store.tombstones import reconcile
    from archiver.store.warcs import Stores

    loaded = load_settings(context)
    rules = loaded.settings.retention.rules
    if not rules:
        raise UsageError("there are no rules", thing="[[retention.rules]]", todo="Write some.")
    kept = count = 0
    with (
        Catalogue.open(loaded.catalogue_url) as catalogue,
        outlet_lock(loaded.archive_folder / "locks", SHIPPING),  # no file is shipped meanwhile
    ):
        reconcile(loaded.redactions_file, catalogue)
        retaining = Retaining(
            loaded.warc_folder,
            catalogue,
            rules,
            stores=Stores.of(loaded) if store else None,
            by=by or loaded.settings.operator.name or getpass.getuser(),
        )
        for one in retaining.run() if yes else retaining.plan():
            count += 1
            kept += one.kept_because is not None
            click.echo(json.dumps(dataclasses.asdict(one)) if as_json else _sentence(one))
    if not count and not as_json:
        click.echo("no WARC file may go by the rules")
    elif not yes and not as_json:
        click.echo("nothing was done yet: --yes does it, and cannot be undone")
    return _PARTIAL if kept else 0


def _sentence(one: Going) -> str:
    if one.kept_because is not None:
        return f"{one.file}: stays: {one.kept_because}"
    counts = ", ".join(f"{number:,} {kind}" for kind, number in sorted(one.records.items()))
    verb = "gone" if one.done else "would go"
    texts = ", with the text made of them" if one.texts else ""
    said = f"{one.file}: {verb} ({one.size:,} bytes: {counts}{texts}); {one.rule}"
    return f"{said}\n  its copy stays at {one.copy_url}" if one.done and one.copy_url else said
