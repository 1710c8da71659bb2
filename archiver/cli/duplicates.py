"""`archiver duplicates`: syndicated and agency texts, in groups."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import load_settings
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.store.likenesses import Group, Member


@click.command()
@click.option("--since", metavar="AGE", help="Groups that had a new member since, such as 7d.")
@click.option("--outlet", metavar="ID", help="Groups with an article of this outlet.")
@click.option("--same-outlet", is_flag=True, help="Also groups of one outlet alone.")
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a group.")
@click.pass_context
def command(
    context: click.Context,
    since: str | None,
    outlet: str | None,
    same_outlet: bool,
    limit: int,
    as_json: bool,
) -> None:
    """List articles of several outlets that have nearly the same text.

    Compares what came since the last time, then lists groups, the newest first: each article with
    its first capture, how alike it is to the original, and which one that is: the one that others
    name as their source, or say was published first, or that was captured first.
    """
    from archiver.revise.groups import group_articles
    from archiver.store.catalogue import Catalogue

    loaded = load_settings(context)
    moment = _moment(since)
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        group_articles(catalogue)
        found = catalogue.likeness_groups(
            since=moment, outlet=outlet, across=not same_outlet, limit=limit
        )
    for group in found:
        row = _row(group)
        click.echo(json.dumps(row) if as_json else _text(row))


def _moment(since: str | None) -> datetime | None:
    from archiver.config.quantities import parse_duration
    from archiver.model import utcnow

    if since is None:
        return None
    try:
        return utcnow() - timedelta(seconds=parse_duration(since))
    except ValueError as error:
        raise UsageError(str(error), thing="--since") from None


def _row(group: Group) -> dict[str, Any]:
    from archiver.revise.groups import original_of
    from archiver.revise.likeness import likeness

    found = original_of(group)

    def shown(member: Member) -> dict[str, Any]:
        article = member.article
        return {
            "url": member.url,
            "outlet": member.outlet,
            "title": article.title,
            "first_seen": member.first_seen.isoformat(),
            "published": article.published,
            "likeness": round(likeness(member.signature, found.member.signature), 2),
            "original": member is found.member,
            "earliest": member is group.members[0],
        }

    return {
        "group": group.id,
        "original": found.member.url,
        "why": found.why,
        "agencies": list(found.agencies),
        "members": [shown(member) for member in group.members],
    }


def _text(row: dict[str, Any]) -> str:
    lines = []
    for member in row["members"]:
        marks = [f"original ({row['why']})"] if member["original"] else []
        marks += ["earliest"] if member["earliest"] else []
        note = f"  {', '.join(marks)}" if marks else ""
        lines.append(
            f"  {member['likeness']:.2f}  {member['first_seen'][:16]}  {member['outlet']}"
            f"  {member['url']}{note}"
        )
    agencies = f" (from {', '.join(row['agencies'])})" if row["agencies"] else ""
    title = row["members"][0]["title"] or row["original"]
    return "\n".join((f"{title}{agencies}", *lines))
