"""`archiver changes`: which articles changed or went, and how."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings
from archiver.cli.moments import moment
from archiver.cli.output import print_table
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.store.history import ChangedArticle, RemovedArticle

_REMOVED = "removed"


@click.command()
@click.option(
    "--since",
    default="1d",
    show_default=True,
    metavar="TIME",
    help="From then on: a duration back from now, or a date with or without a time (UTC).",
)
@click.option("--until", metavar="TIME", help="Up to then, exclusively; as --since. Default: now.")
@click.option(
    "--kind",
    "kinds",
    multiple=True,
    metavar="KIND[,KIND...]",
    help="Only those: headline, standfirst, facts, style, body (facts or style), byline, dates,"
    " images, correction, access, removed.",
)
@click.option("--outlet", "outlets", multiple=True, metavar="OUTLET[,...]", help="Only of those.")
@click.option(
    "--stealth", is_flag=True, help="Only what was changed without a later date or a notice."
)
@click.option("--words", metavar="TEXT", help="Only of articles that have all these words.")
@click.option("--json", "as_json", is_flag=True, help="One JSON line a change.")
@click.option(
    "--feed",
    type=click.Choice(["atom", "json"]),
    help="An Atom or JSON Feed document, for others to subscribe to.",
)
@click.option("--address", metavar="URL", help="Where the feed will stand; part of it.")
@click.pass_context
def command(
    context: click.Context,
    since: str,
    until: str | None,
    kinds: tuple[str, ...],
    outlets: tuple[str, ...],
    stealth: bool,
    words: str | None,
    as_json: bool,
    feed: str | None,
    address: str | None,
) -> None:
    """List what changed in articles, and which were removed; newest first.

    A change is of the time at which the later one of its two captures was made.
    """
    from archiver.model import utcnow
    from archiver.revise.kinds import kinds_of
    from archiver.store.catalogue import Catalogue  # SQLAlchemy takes a fifth of a second

    now = utcnow()
    begin = moment(since, now)
    end = moment(until, now) if until else now + timedelta(days=1)
    try:
        wanted, removed = kinds_of(kinds)
    except ValueError as error:
        raise UsageError(str(error), thing="--kind") from None
    texts = (words or "").split()
    names = [name for text in outlets for name in text.split(",") if name]
    loaded = load_settings(context)
    found: list[ChangedArticle | RemovedArticle] = []
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        if wanted or not kinds:
            found += catalogue.changed_articles(
                since=begin,
                until=end,
                kinds=wanted,
                outlets=names,
                stealth=stealth,
                words=texts,
            )
        if removed and not stealth:
            found += catalogue.removed_articles(since=begin, until=end, outlets=names, words=texts)
    found.sort(key=lambda one: one.at, reverse=True)
    if feed:
        _feed(found, feed, address or "urn:news-archiver:changes", now)
        return
    if as_json:
        for one in found:
            click.echo(json.dumps(_to_json(one), ensure_ascii=False))
        return
    print_table(
        ("when", "outlet", "revision", "what", "not said", "title", "URL"),
        [_row(one) for one in found],
    )


def _feed(
    found: list[ChangedArticle | RemovedArticle], kind: str, address: str, now: datetime
) -> None:
    from archiver.revise.feeds import atom, entries_of, json_feed

    title = "What changed in the archive's articles"
    entries = entries_of(found)
    if kind == "atom":
        click.echo(atom(entries, title=title, address=address, now=now), nl=False)
    else:
        click.echo(json_feed(entries, title=title, address=address))


def _row(one: ChangedArticle | RemovedArticle) -> tuple[object, ...]:
    from archiver.revise.sheet import summary
    from archiver.store.history import RemovedArticle

    if isinstance(one, RemovedArticle):
        step, what, marks = one.revision, f"{one.state} ({one.status})", ""
    else:
        step, what = one.revision, summary(one.changes)
        marks = ", ".join(one.changes.stealth)
    return (f"{one.at:%Y-%m-%d %H:%M:%S}", one.outlet, step, what, marks, one.title or "", one.url)


def _to_json(one: ChangedArticle | RemovedArticle) -> dict[str, object]:
    from archiver.contract import changes_to_json
    from archiver.store.history import RemovedArticle

    common = {
        "outlet": one.outlet,
        "url": one.url,
        "title": one.title,
        "at": one.at.isoformat().replace("+00:00", "Z"),
        "revision": one.revision,
    }
    if isinstance(one, RemovedArticle):
        return {**common, "kinds": [one.state], "status": one.status}
    return {
        **common,
        "against": one.against,
        "kinds": sorted(one.changes.kinds),
        **changes_to_json(one.changes),
    }
