"""`archiver export`: what the archive holds, in forms that others read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings
from archiver.cli.moments import moment
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.store.exports import Choice

_TABLES = ("jsonl", "csv", "parquet")
_PARTIAL = 3
_NAMED = 20  # captures that were left out and are named


@click.command()
@click.option(
    "--format",
    "form",
    type=click.Choice((*_TABLES, "warc", "wacz")),
    default="jsonl",
    show_default=True,
    help="What to write.",
)
@click.option(
    "-o",
    "--output",
    default="-",
    metavar="FILE",
    help="Where to; - (default): standard output; of WARC files also a folder, as in out/.",
)
@click.option("--revisions", is_flag=True, help="Every revision; else each article's newest alone.")
@click.option("--outlet", "outlets", multiple=True, metavar="OUTLET[,...]", help="Only of those.")
@click.option(
    "--since",
    metavar="TIME",
    help="Captured then or later: a duration back from now, or a date (UTC).",
)
@click.option("--until", metavar="TIME", help="Captured before then; as --since.")
@click.option("--url", "urls", multiple=True, help="Only this page, in all its spellings.")
@click.option(
    "--urls",
    "lists",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Only the pages in this file, one URL a line; - for standard input.",
)
@click.option(
    "--state",
    type=click.Choice(("live", "missing", "removed", "paywalled", "blocked", "moved")),
    help="Only articles that stand so.",
)
@click.option("--title", default="News archive", show_default=True, help="Of a WACZ.")
@click.pass_context
def command(
    context: click.Context,
    form: str,
    output: str,
    revisions: bool,
    outlets: tuple[str, ...],
    since: str | None,
    until: str | None,
    urls: tuple[str, ...],
    lists: tuple[Path, ...],
    state: str | None,
    title: str,
) -> int:
    """Give articles or captures to others: tables, WARC files that stand alone, a WACZ.

    Articles as JSON lines, CSV or Parquet; captures with their requests as WARC; both as a WACZ,
    which ReplayWeb.page opens. Nothing that is
    redacted is given. Without any choice, all there is. A FILE gets its name when it is whole. The
    guide on exchange lists the columns. Exit code 3 where captures cannot be read: they are named.
    """
    from archiver.model import utcnow

    if form not in _TABLES and (revisions or state):
        raise UsageError("--revisions and --state are for articles", thing=f"--format {form}")

    now = utcnow()
    from archiver.store.exports import Choice  # SQLAlchemy takes a fifth of a second

    choice = Choice(
        outlets=tuple(name for text in outlets for name in text.split(",") if name),
        since=moment(since, now) if since else None,
        until=moment(until, now) if until else None,
        state=state,
    )
    named = list(_urls(urls, lists)) if urls or lists else None
    if form in _TABLES:
        return _table(context, form, output, choice, named, every=revisions)
    return _captures(context, output, choice, named, title=title if form == "wacz" else None)


def _table(
    context: click.Context,
    form: str,
    output: str,
    choice: Choice,
    urls: list[str] | None,
    *,
    every: bool,
) -> int:
    from archiver.exchange.choosing import chosen_articles, revisions_of
    from archiver.exchange.output import output_file
    from archiver.exchange.tables import WRITERS
    from archiver.store.catalogue import Catalogue
    from archiver.store.tombstones import reconcile

    loaded = load_settings(context)
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        reconcile(loaded.redactions_file, catalogue)
        articles = chosen_articles(catalogue, choice, urls)
        with output_file(output) as out:
            count = WRITERS[form](revisions_of(articles, every=every), out)
    click.echo(f"{count} {'revisions' if every else 'articles'} written", err=True)
    return 0


def _captures(
    context: click.Context,
    output: str,
    choice: Choice,
    urls: list[str] | None,
    *,
    title: str | None,
) -> int:
    from archiver.exchange.choosing import ChosenCaptures, chosen_articles, revisions_of
    from archiver.exchange.output import output_file
    from archiver.exchange.signing import signing_key
    from archiver.exchange.wacz import export_wacz
    from archiver.exchange.warcs import export_warc
    from archiver.store.catalogue import Catalogue
    from archiver.store.tombstones import reconcile
    from archiver.store.warcs import Warcs

    loaded = load_settings(context)
    operator = loaded.settings.operator.name or None
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        reconcile(loaded.redactions_file, catalogue)
        captures = ChosenCaptures(catalogue, choice, urls)
        warcs = Warcs.of(loaded, catalogue)
        if title is None:
            came = export_warc(catalogue, warcs, captures, output, operator=operator)
        else:
            pages = revisions_of(chosen_articles(catalogue, choice, urls), every=True)
            key = signing_key(loaded.archive_folder)
            with output_file(output) as out:
                came = export_wacz(catalogue, warcs, captures, pages, out, title=title, key=key)
    click.echo(
        f"{came.captures} captures written, {came.resolved} of them revisits made into responses",
        err=True,
    )
    for what in came.left_out[:_NAMED]:
        click.echo(f"left out: {what}", err=True)
    if len(came.left_out) > _NAMED:
        click.echo(f"left out: {len(came.left_out) - _NAMED} more", err=True)
    return _PARTIAL if came.left_out else 0


def _urls(urls: tuple[str, ...], lists: tuple[Path, ...]) -> Iterator[str]:
    """The canonical URLs that are named.

    Raises:
        UsageError: one is no URL, or a file cannot be read.
    """
    from archiver.urls import canonical_url

    texts = list(urls)
    for path in lists:
        try:
            with click.open_file(str(path), encoding="utf-8") as lines:
                texts += [line.strip() for line in lines]
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot be read ({error})", thing=str(path)) from error
    for text in texts:
        if text and not text.startswith("#"):
            try:
                yield canonical_url(text)
            except ValueError as error:
                raise UsageError(str(error), thing=text) from error
