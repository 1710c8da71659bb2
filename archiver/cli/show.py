"""`archiver show`: an article and its versions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings
from archiver.cli.output import print_table
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.model import Revision


@click.command()
@click.argument("url")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Every revision as one JSON line, with the page's other addresses (`aliases`).",
)
@click.pass_context
def command(context: click.Context, url: str, as_json: bool) -> None:
    """Show the versions of the article at URL, and the newest one's text."""
    # SQLAlchemy and pydantic take a fifth of a second.
    from archiver.cli.history import history_to_json, show_history
    from archiver.contract import article_to_json, changes_to_json
    from archiver.store.catalogue import Catalogue
    from archiver.urls import canonical_url

    loaded = load_settings(context)
    try:
        address = canonical_url(url)
    except ValueError as error:
        raise UsageError(str(error), thing=url) from error
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        revisions = catalogue.get_article(address)
        aliases = catalogue.aliases_of(address) if revisions else []
        states = catalogue.states_of(address) if revisions else []
    if not revisions:
        raise UsageError(
            "no article of this URL is in the archive",
            thing=url,
            todo="`archiver replay` lists what is there.",
        )
    if as_json:
        for revision in revisions:
            data = {
                "revision": revision.number,
                "against": revision.against,
                "changes": changes_to_json(revision.changes) if revision.changes else None,
                **article_to_json(revision.article),
                "aliases": [
                    {
                        "url": one.url,
                        "of": one.target,
                        "rule": one.rule,
                        "first_seen": f"{one.first_seen:%Y-%m-%dT%H:%M:%SZ}",
                    }
                    for one in aliases
                ],
                "states": history_to_json(states),
            }
            click.echo(json.dumps(data, ensure_ascii=False))
        return
    print_table(
        (
            "revision",
            "captured",
            "what changed",
            "not said",
            "title",
            "words",
            "WARC file",
            "offset",
        ),
        [
            (
                revision.number,
                f"{revision.captured_at:%Y-%m-%d %H:%M:%S}",
                *_what(revision, first=revision is revisions[0]),
                revision.article.title or "",
                revision.article.word_count,
                revision.article.warc.file if revision.article.warc else "",
                revision.article.warc.offset if revision.article.warc else "",
            )
            for revision in revisions
        ],
    )
    if aliases:
        click.echo()
        print_table(("other address", "rule"), [(one.url, one.rule) for one in aliases])
    show_history(states)
    newest = revisions[-1].article
    click.echo(f"\n{newest.title or ''}\n")
    if newest.standfirst:
        click.echo(f"{newest.standfirst}\n")
    click.echo(newest.text)


def _what(revision: Revision, *, first: bool) -> tuple[str, str]:
    """What changed to a revision, and what was not said of that."""
    from archiver.revise.sheet import summary

    if revision.changes is None:
        return ("" if first else "not known"), ""
    return summary(revision.changes) or "nothing: template", ", ".join(revision.changes.stealth)
