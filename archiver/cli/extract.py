"""`archiver extract`: files in, one JSON article a line out."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import click

from archiver.cli.batching import run_batch
from archiver.cli.batchoptions import BatchOptions, batch_options, store_url
from archiver.cli.context import load_settings
from archiver.cli.naming import named_file
from archiver.errors import NoArchiveError, UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.extract.inputs import Input
    from archiver.store.copies import Copy


@click.command()
@click.argument("files", nargs=-1, metavar="FILE...")
@click.option("--url", help="The address of the page, where FILE is one HTML file.")
@click.option(
    "--pages",
    "lists",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE.jsonl",
    help="A list of pages: JSON lines with `page` (a path relative to the list) and `url`.",
)
@click.option(
    "--explain",
    is_flag=True,
    help="Add `cuts`: what was left out of each article's text, and why.",
)
@click.option(
    "--to",
    metavar="URL",
    help="In a batch: do not keep the articles in the catalogue, but write a part for each file"
    " there: s3://BUCKET/PREFIX or a folder.",
)
@click.option(
    "--from",
    "source",
    metavar="URL",
    help="In a batch with --to: all WARC files below s3://BUCKET/PREFIX or file:///FOLDER.",
)
@click.option(
    "--failed",
    is_flag=True,
    help="In a batch: also pages of which no article came the last time.",
)
@click.option(
    "--json", "as_json", is_flag=True, help="In a batch: one JSON object with the counts."
)
@batch_options
@click.pass_context
def command(
    context: click.Context,
    files: tuple[str, ...],
    url: str | None,
    lists: tuple[Path, ...],
    explain: bool,
    to: str | None,
    source: str | None,
    failed: bool,
    as_json: bool,
    options: BatchOptions,
) -> int:
    """Extract articles of HTML files (gzipped ones too) and WARCs, as JSON lines.

    FILE is a path, the URL of a WARC in a store (s3://BUCKET/KEY, file:///PATH), or the name of
    one of the archive's WARCs, wherever it stands.

    Lines come in the order of the input, on all cores. A page without an article gives a line
    with its `reason`; the exit code is then 3.

    With --batch or --fleet all pages of the archive's WARC files are extracted again, and what
    comes of them replaces in the catalogue what an older version made; or FILEs. Exit code 3
    where a file failed or is damaged.
    """
    # trafilatura takes a second.
    from archiver.exchange.pagelines import extracted, line_of
    from archiver.extract.inputs import inputs_of_list
    from archiver.extract.worker import ExtractionPool

    if options.wanted:
        if url or lists or explain:
            raise UsageError("--url, --pages and --explain are not for a batch")
        return _batch(context, files, source, to, failed=failed, as_json=as_json, options=options)
    if to or source or failed or as_json:
        raise UsageError("--to, --from, --failed and --json are for a batch", todo="Add --batch.")
    if not files and not lists:
        raise UsageError("no file given", todo="Name HTML files or WARCs, or give --pages.")
    if url and (len(files) != 1 or lists):
        raise UsageError("--url is for one FILE", todo="Use --pages for several.")
    loaded = load_settings(context)
    settings = loaded.settings.extract
    inputs = itertools.chain(
        *(_pages(named_file(name, loaded), url, loaded) for name in files),
        *(inputs_of_list(path) for path in lists),
    )
    whole = True
    pool = ExtractionPool(
        workers=settings.workers or os.cpu_count() or 1,
        timeout=settings.timeout,
        memory=settings.memory,
        recycle_after=settings.recycle_after,
    )
    with pool, _counter() as count:
        for given, extraction in extracted(pool, inputs):
            line = line_of(given, extraction)
            if explain and extraction is not None:
                line["cuts"] = [dataclasses.asdict(cut) for cut in extraction.cuts]
            whole = whole and "reason" not in line
            click.echo(json.dumps(line, ensure_ascii=False))
            count()
    return 0 if whole else 3


def _batch(
    context: click.Context,
    files: tuple[str, ...],
    source: str | None,
    to: str | None,
    *,
    failed: bool,
    as_json: bool,
    options: BatchOptions,
) -> int:
    loaded = load_settings(context)
    foreign = source is not None or any("/" in name for name in files)
    if foreign and to is None:
        raise UsageError(
            "files that are not the archive's need --to",
            todo="Say where to write: --to FOLDER. Or take them in: archiver import.",
        )
    if to is not None and failed:
        raise UsageError("with --to every page is extracted", thing="--failed")
    chosen = options.chosen(files, None if source is None else store_url(source, loaded, "--from"))
    said: dict[str, object] = {"failed": failed}
    if to is not None:
        said = {"to": store_url(to, loaded, "--to")}
    return run_batch(loaded, "extract", options, chosen, said, as_json=as_json)


def _pages(given: Path | Copy, url: str | None, loaded: Loaded) -> Iterator[Input]:
    """The pages of a file; of one of the archive's own, or of a store, those not redacted."""
    from archiver.exchange.pagelines import shown
    from archiver.extract.inputs import inputs_of_file
    from archiver.store.catalogue import Catalogue  # SQLAlchemy takes a fifth of a second
    from archiver.store.copies import open_whole

    inputs = inputs_of_file(given if isinstance(given, Path) else open_whole(given), url=url)
    if isinstance(given, Path) and not _is_ours(given, loaded):
        yield from inputs
        return
    try:
        with Catalogue.open(loaded.catalogue_url) as catalogue:
            veil = catalogue.veil()
    except NoArchiveError:
        if isinstance(given, Path):
            raise
        yield from inputs
        return
    yield from shown(inputs, veil)


def _is_ours(path: Path, loaded: Loaded) -> bool:
    """Whether a file stands in the archive's folder, or in its store in another one."""
    store = urlsplit(loaded.settings.storage.url)
    return path.resolve().parent == loaded.warc_folder.resolve() or (
        store.scheme == "file"
        and path.resolve().is_relative_to(Path(unquote(store.path)).resolve())
    )


@contextmanager
def _counter() -> Iterator[Callable[[], None]]:
    """What to call after each page: it moves a bar on a terminal that shows no output lines."""
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield lambda: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

    columns = ("pages", BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("extract", total=None)
        yield lambda: progress.advance(task)
