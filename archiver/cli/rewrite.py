"""`archiver rewrite`: WARC files anew, without the payloads that are redacted."""

from __future__ import annotations

import dataclasses
import getpass
import json
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings

if TYPE_CHECKING:
    from archiver.fetch.rewriting import Outcome

_PARTIAL = 3


@click.command()
@click.option("--yes", is_flag=True, help="Do it; without this it is only said what would be done.")
@click.option(
    "--keep", is_flag=True, help="Set the old files aside as .redacted-original, not delete them."
)
@click.option("--by", metavar="NAME", help="Who; operator.name or the login name unless given.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@click.pass_context
def command(context: click.Context, yes: bool, keep: bool, by: str | None, as_json: bool) -> int:
    """Take what is redacted out of WARC files: each is replaced by a new one.

    Not to be undone, also not by `redact --lift`. In the place of each record that goes stands a
    note with its header, its digests and the reason; all other records are copied byte for byte.
    The text that was made of them leaves the catalogue. A file that stands in a store alone, or
    from which another page takes its payload, stays, and it is said why: exit code 3.
    """
    from archiver.fetch.rewriting import Rewriter  # SQLAlchemy takes a fifth of a second
    from archiver.store.catalogue import Catalogue
    from archiver.store.lock import SHIPPING, outlet_lock
    from archiver.store.tombstones import reconcile

    loaded = load_settings(context)
    by = by or loaded.settings.operator.name or getpass.getuser()
    kept = count = 0
    with (
        Catalogue.open(loaded.catalogue_url) as catalogue,
        outlet_lock(loaded.archive_folder / "locks", SHIPPING),  # no file is shipped meanwhile
    ):
        reconcile(loaded.redactions_file, catalogue)
        rewriter = Rewriter(loaded.warc_folder, catalogue, by=by, keep=keep)
        for done in rewriter.run(trial=not yes):
            count += 1
            kept += done.kept_because is not None
            click.echo(json.dumps(dataclasses.asdict(done)) if as_json else _sentence(done))
    if not count and not as_json:
        click.echo("no WARC file holds what is redacted")
    elif not yes and not as_json:
        click.echo("nothing was done yet: --yes does it, and cannot be undone")
    return _PARTIAL if kept else 0


def _sentence(done: Outcome) -> str:
    if done.kept_because is not None:
        return f"{done.file}: stays as it is: {done.kept_because}"
    records = f"{done.records:,} record{'' if done.records == 1 else 's'}"
    said = f"{done.file}: {records} would go"
    if done.new is not None:
        said = f"{done.file}: {records} gone; replaced by {done.new}"
    if done.copy_url:
        said += (
            f"\n  a copy of the old file stands at {done.copy_url}; delete it there with its"
            " .cdxj and .sha256, as far as a lock (Object Lock) allows"
        )
    return said
