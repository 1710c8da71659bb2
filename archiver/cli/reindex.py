"""`archiver reindex`: the catalogue made anew, or completed, from the WARC files."""

from __future__ import annotations

import gc
import json
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli.batching import run_batch
from archiver.cli.batchoptions import BatchOptions, batch_options, store_url
from archiver.cli.context import load_settings
from archiver.errors import NoArchiveError, UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.fetch.fileindex import FileIndex
    from archiver.fetch.index import Row
    from archiver.fetch.parallel import Streams
    from archiver.fetch.reindex import Indexed
    from archiver.store.catalogue import Catalogue


@click.command()
@click.option(
    "--from",
    "source",
    is_flag=False,
    flag_value="",
    metavar="[URL]",
    help="Read the WARC files in a store instead: s3://BUCKET/PREFIX or file:///FOLDER; without"
    " URL, that of storage.url.",
)
@click.option("--again", is_flag=True, help="With --from: also those whose copies are known.")
@click.option(
    "--extract/--no-extract",
    default=None,
    help="Whether to make articles of the pages, too, and tell how they stood. Default: with"
    " --from only.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object with the counts.")
@batch_options
@click.pass_context
def command(
    context: click.Context,
    source: str | None,
    again: bool,
    extract: bool | None,
    as_json: bool,
    options: BatchOptions,
) -> int:
    """Read all WARC files, and add what the catalogue lacks of them.

    Makes a catalogue where there is none. What is there already stays as it is; to do it again
    adds nothing. With --extract articles are made, and their states and the outlets' rates of
    edits are told again, run by run. Otherwise pages wait for the next crawl, which extracts them,
    and states begin anew. With --from, on a new machine, the store is all that is needed: pages
    are replayed from it at once, articles are made anew, and what was broken off goes on where it
    was. Exit code 1 where a file is damaged: its intact records count.

    With --batch or --fleet each file is a job of its own, and may fail by itself (exit code 3);
    states of articles are not told again.
    """
    loaded = load_settings(context)
    if again and source is None:
        raise UsageError("--again is for --from", todo="Without it, all files are always read.")
    url = None if source is None else store_url(source, loaded, "--from")
    if options.wanted:
        if extract is None:
            extract = url is not None
        said: dict[str, object] = {"extract": extract, "store": url}
        chosen = options.chosen(source=url)
        return run_batch(loaded, "reindex", options, chosen, said, again=again, as_json=as_json)
    if url is None and not loaded.warc_folder.is_dir():
        raise NoArchiveError(
            "no WARC file here",
            thing=str(loaded.warc_folder),
            todo="Crawl an outlet: archiver crawl OUTLET. Or name a store: --from.",
        )
    pages: Counter[str] = Counter()
    with ExitStack() as stack:
        ahead = stack.enter_context(_ahead(loaded)) if url is None else None
        from archiver.store.catalogue import Catalogue  # while that reads
        from archiver.store.tombstones import reconcile

        catalogue = stack.enter_context(Catalogue.open(loaded.catalogue_url, create=True))
        reconcile(loaded.redactions_file, catalogue)  # first: what is redacted shall not show
        done, skipped = _done(loaded, catalogue, url, ahead, again=again)
        if extract or (extract is None and url is not None):
            pages = _extracted(loaded, catalogue)
    counts = {
        "files": len(done),
        "files_added": sum(not file.known for file in done),
        "captures_added": sum(file.captures for file in done),
        "discoveries_added": sum(file.discoveries for file in done),
        "damaged": sum(bool(file.damage) for file in done),
    }
    if url is not None:
        counts["skipped"] = skipped
    if pages:
        counts["articles"] = pages["new"]
        counts["revisions"] = pages["new"] + pages["changed"]
    if as_json:
        click.echo(json.dumps(counts))
        return 1 if counts["damaged"] else 0
    for file in done:
        for fault in file.damage if url is not None else ():
            click.echo(f"{file.file}: damaged at {fault.offset}: {fault.what}")
    if counts["captures_added"] and not pages:
        click.echo("Pages wait for the next crawl; --extract makes articles, with their states.")
    click.echo(
        "{files} files read. Added: {files_added} files, {captures_added} captures,"
        " {discoveries_added} discoveries. Damaged: {damaged}".format(**counts)
        + (f". Known, with their copies: {skipped}" if url is not None else "")
        + (". Articles: {articles}, in {revisions} revisions".format(**counts) if pages else "")
    )
    return 1 if counts["damaged"] else 0


def _extracted(loaded: Loaded, catalogue: Catalogue) -> Counter[str]:
    from archiver.cli.extracting import extract_waiting
    from archiver.config.seeds import read_seeds

    names = [file.name for file in catalogue.files() if file.closed]
    seeds = read_seeds(loaded.seeds_folder).outlets
    return extract_waiting(loaded, catalogue, names, seeds, retell=True)


def _ahead(loaded: Loaded) -> Streams[Path, list[Row] | FileIndex]:
    from archiver.fetch.fileindex import reading_ahead

    return reading_ahead(loaded.warc_folder)


def _done(
    loaded: Loaded,
    catalogue: Catalogue,
    url: str | None,
    ahead: Streams[Path, list[Row] | FileIndex] | None,
    *,
    again: bool,
) -> tuple[Sequence[Indexed], int]:
    """What came of each file that was read, and how many were passed over."""
    from archiver.fetch.recovery import finish_left_files  # warcio takes a while
    from archiver.fetch.reindex import reindex
    from archiver.fetch.restore import reindex_store
    from archiver.store.warcs import Warcs

    if url is None:
        finish_left_files(loaded.warc_folder, catalogue)
        gc.freeze()  # what is there is there to stay: no collection needs to look through it
        return list(reindex(loaded.warc_folder, catalogue, ahead=ahead)), 0
    done: list[Indexed] = []
    skipped = 0
    for came in reindex_store(Warcs.of(loaded, catalogue), url, catalogue, again=again):
        skipped += came.skipped
        if came.indexed is not None:
            done.append(came.indexed)
    return done, skipped
