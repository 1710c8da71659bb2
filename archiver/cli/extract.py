"""`archiver extract`: files in, one JSON article a line out."""

from __future__ import annotations

import dataclasses
import itertools
import json
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import click

from archiver.cli.context import load_settings
from archiver.cli.naming import named_file
from archiver.errors import NoArchiveError, UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.extract.inputs import Input
    from archiver.model import Extraction
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
@click.pass_context
def command(
    context: click.Context,
    files: tuple[str, ...],
    url: str | None,
    lists: tuple[Path, ...],
    explain: bool,
) -> int:
    """Extract articles of HTML files (gzipped ones too) and WARCs, as JSON lines.

    FILE is a path, the URL of a WARC in a store (s3://BUCKET/KEY, file:///PATH), or the name of
    one of the archive's WARCs, wherever it stands.

    Lines come in the order of the input, on all cores. A page without an article gives a line
    with its `reason`; the exit code is then 3.
    """
    # trafilatura takes a second.
    from archiver.extract.inputs import inputs_of_list
    from archiver.extract.worker import ExtractionPool

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
        for given, extraction in _extracted(pool, inputs):
            line = _line(given, extraction)
            if explain and extraction is not None:
                line["cuts"] = [dataclasses.asdict(cut) for cut in extraction.cuts]
            whole = whole and "reason" not in line
            click.echo(json.dumps(line, ensure_ascii=False))
            count()
    return 0 if whole else 3


def _pages(given: Path | Copy, url: str | None, loaded: Loaded) -> Iterator[Input]:
    """The pages of a file; of one of the archive's own, or of a store, those not redacted."""
    from archiver.extract.inputs import Input, inputs_of_file
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
    for one in inputs:
        page = one.page
        digest = page.warc.payload_digest if page and page.warc else None
        hidden = veil.of(page.url, page.captured_at, digest) if page else None
        yield (
            one
            if hidden is None
            else Input(page=None, source=one.source, fault=f"redacted on {hidden.made:%Y-%m-%d}")
        )


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


def _extracted(pool: Any, inputs: Iterator[Input]) -> Iterator[tuple[Input, Extraction | None]]:
    """Each input with what came of it; inputs that are no page keep their place."""
    waiting: deque[Input] = deque()

    def pages() -> Iterator[Any]:
        for given in inputs:
            waiting.append(given)
            if given.page is not None:
                yield given.page

    for extraction in pool.map(pages()):
        while waiting[0].page is None:
            yield waiting.popleft(), None
        yield waiting.popleft(), extraction
    while waiting:
        yield waiting.popleft(), None


def _line(given: Input, extraction: Extraction | None) -> dict[str, Any]:
    from archiver.contract import article_to_json

    line: dict[str, Any] = {"page": given.name} if given.name else {}
    if extraction is not None and extraction.article is not None:
        return {**line, **article_to_json(extraction.article)}
    line["url"] = given.page.url if given.page else None
    line["source"] = given.source
    if extraction is None:
        hidden = (given.fault or "").startswith("redacted on ")
        return {
            **line,
            "reason": "redacted" if hidden else "unreadable",
            "detail": given.fault,
        }
    if extraction.reason in {"consent", "blocked"}:
        line["kind"] = extraction.reason
    return {**line, "reason": extraction.reason, "detail": extraction.detail}
