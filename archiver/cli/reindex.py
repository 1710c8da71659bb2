"""`archiver reindex`: the catalogue made anew, or completed, from the WARC files."""

from __future__ import annotations

import json

import click

from archiver.cli.context import load_settings
from archiver.errors import NoArchiveError


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the counts.")
@click.pass_context
def command(context: click.Context, as_json: bool) -> int:
    """Read all WARC files, and add what the catalogue lacks of them.

    Makes a catalogue where there is none. What is there already stays as it is; to do it again
    adds nothing. Articles come with the next crawl, which extracts the pages that wait. Exit
    code 1 where a file is damaged: its intact records count.
    """
    from archiver.fetch.recovery import finish_left_files  # SQLAlchemy and warcio take a while
    from archiver.fetch.reindex import reindex
    from archiver.store.catalogue import Catalogue
    from archiver.store.tombstones import reconcile

    loaded = load_settings(context)
    folder = loaded.warc_folder
    if not folder.is_dir():
        raise NoArchiveError(
            "no WARC file here", thing=str(folder), todo="Crawl an outlet: archiver crawl OUTLET."
        )
    with Catalogue.open(loaded.catalogue_url, create=True) as catalogue:
        reconcile(loaded.redactions_file, catalogue)  # first: what is redacted shall not show
        finish_left_files(folder, catalogue)
        done = list(reindex(folder, catalogue))
    counts = {
        "files": len(done),
        "files_added": sum(not file.known for file in done),
        "captures_added": sum(file.captures for file in done),
        "discoveries_added": sum(file.discoveries for file in done),
        "damaged": sum(bool(file.damage) for file in done),
    }
    if as_json:
        click.echo(json.dumps(counts))
    else:
        click.echo(
            "{files} files read. Added: {files_added} files, {captures_added} captures,"
            " {discoveries_added} discoveries. Damaged: {damaged}".format(**counts)
        )
    return 1 if counts["damaged"] else 0
