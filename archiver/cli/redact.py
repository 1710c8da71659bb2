"""`archiver redact`: take pages down, show what was taken down, lift that."""

from __future__ import annotations

import getpass
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import load_settings
from archiver.cli.output import print_table
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.fetch.takedown import Takedown
    from archiver.store.catalogue import Catalogue
    from archiver.store.redactions import Reach
    from archiver.store.veil import Redaction

_PARTIAL = 3


@click.command()
@click.argument("urls", nargs=-1, metavar="[URL...]")
@click.option("--reason", metavar="TEXT", help="Why; it is kept, and shown in the page's place.")
@click.option("--by", metavar="NAME", help="Who; operator.name or the login name unless given.")
@click.option("--prefix", is_flag=True, help="Everything below URL: a folder, or a whole host.")
@click.option(
    "--at", metavar="TIMESTAMP", help="Only what was captured then: YYYYMMDDhhmmss, in UTC."
)
@click.option("--payload", is_flag=True, help="Also what has the same bytes under other URLs.")
@click.option("--dry-run", is_flag=True, help="Say what would be hidden, and do nothing.")
@click.option("--list", "listing", is_flag=True, help="Show what was redacted, and stop.")
@click.option("--lift", metavar="ID", help="Show again what this redaction hides.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a redaction.")
@click.pass_context
def command(context: click.Context, /, urls: tuple[str, ...], **options: Any) -> int:
    """Hide pages from replay, lists, extraction and indexes, at once; a tombstone stays.

    All spellings of a page go, and its article with all revisions. It is not fetched again.
    The WARC files stay as they are. The guide on the archive says what is hidden where. Indexes
    beside copies in a store are replaced, too; exit code 3 where the store does not allow it now.
    """
    from archiver.fetch.takedown import Takedown  # SQLAlchemy takes a fifth of a second
    from archiver.store.catalogue import Catalogue
    from archiver.store.tombstones import reconcile

    _check(urls, options)
    loaded = load_settings(context)
    by = options["by"] or loaded.settings.operator.name or getpass.getuser()
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        reconcile(loaded.redactions_file, catalogue)  # what a crash left half told
        store = bool(loaded.settings.storage.url)
        takedown = Takedown(catalogue, loaded.warc_folder, store=store)
        if options["listing"]:
            _list(catalogue.redactions(), as_json=options["as_json"])
            return 0
        if options["lift"]:
            lifted = takedown.lift(options["lift"], by=by, reason=options["reason"])
            _say_lifted(lifted, as_json=options["as_json"])
        else:
            _redact(takedown, urls, options, by=by)
            if options["dry_run"]:
                return 0
        return _veil_copies(loaded, catalogue)


def _veil_copies(loaded: Loaded, catalogue: Catalogue) -> int:
    """Have the store's indexes follow; the exit code."""
    from archiver.errors import LockedError
    from archiver.fetch.copied_indexes import marked_copies, veil_copies
    from archiver.store.lock import SHIPPING, outlet_lock
    from archiver.store.warcs import Stores

    if not marked_copies(loaded.warc_folder, catalogue):
        return 0
    code = 0
    try:
        with outlet_lock(loaded.archive_folder / "locks", SHIPPING):
            for done in veil_copies(loaded.warc_folder, Stores.of(loaded), catalogue):
                click.echo(f"  {done.file}: {done.what}", err=True)
                code = _PARTIAL if done.error is not None else code
    except LockedError:
        click.echo("  indexes in the store follow: another process is shipping", err=True)
    if code:
        click.echo("  what is not replaced is tried again by archiver ship", err=True)
    return code


def _check(urls: tuple[str, ...], options: dict[str, Any]) -> None:
    asked = [bool(urls), options["listing"], options["lift"] is not None]
    if sum(asked) != 1:
        raise UsageError(
            "give URLs, or --list, or --lift ID", todo='archiver redact URL --reason "why"'
        )
    if not options["listing"] and not (options["reason"] or "").strip():
        raise UsageError("a reason is needed", thing="--reason", todo='Add --reason "why".')
    if options["prefix"] and options["at"]:
        raise UsageError("goes with one page, not with --prefix", thing="--at")


def _redact(takedown: Takedown, urls: tuple[str, ...], options: dict[str, Any], *, by: str) -> None:
    planned = [
        takedown.plan(
            url,
            by=by,
            reason=options["reason"].strip(),
            prefix=options["prefix"],
            moment=_moment(options["at"]),
            payload=options["payload"],
        )
        for url in urls
    ]
    known = {one.id: takedown.in_force(one) for one in planned}
    new = [one for one in planned if known[one.id] is None]
    if not options["dry_run"]:
        takedown.take_down(new)
    for one in planned:
        reach = takedown.reach(one)
        if options["as_json"]:
            click.echo(json.dumps(_as_json(known[one.id] or one, reach, options["dry_run"])))
        else:
            click.echo(_sentence(one, known[one.id], reach, dry_run=options["dry_run"]))


def _sentence(one: Redaction, known: Redaction | None, reach: Reach, *, dry_run: bool) -> str:
    if known is not None:
        return f"{one.url}: is redacted already ({known.id})"
    verb = "would hide" if dry_run else f"redacted ({one.id}): hides"
    said = (
        f"{one.url}: {verb} {_count(reach.captures, 'capture')},"
        f" {_count(reach.articles, 'article')}, {_count(reach.revisions, 'revision')}"
    )
    others = [url for url in one.urls if url != one.url]
    if others:
        said += "\n  also as " + "\n  also as ".join(others)
    if reach.elsewhere:
        said += (
            f"\n  {_count(reach.elsewhere, 'answer')} of other URLs with the same bytes stay;"
            " --payload hides them too"
        )
    return said


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        if len(text) != 14 or not (text.isascii() and text.isdecimal()):
            raise ValueError
        return datetime.strptime(text, "%Y%m%d%H%M%S").replace(tzinfo=UTC)
    except ValueError:
        raise UsageError(
            "is no timestamp of 14 digits", thing=f"--at {text}", todo="Write YYYYMMDDhhmmss, UTC."
        ) from None


def _as_json(one: Redaction, reach: Reach | None = None, dry_run: bool = False) -> dict[str, Any]:
    import dataclasses

    facts = {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in dataclasses.asdict(one).items()
    }
    if reach is not None:
        facts |= {**dataclasses.asdict(reach), "stands_in": reach.files, "files": facts["files"]}
        facts["dry_run"] = dry_run
    return facts


def _list(found: list[Redaction], *, as_json: bool) -> None:
    if as_json:
        for one in found:
            click.echo(json.dumps(_as_json(one)))
        return
    print_table(
        ("id", "made", "by", "what", "URL", "reason", "lifted", "rewritten"),
        [
            (
                one.id,
                _day(one.made),
                one.by,
                f"{one.moment:%Y%m%d%H%M%S}" if one.moment else one.scope.value,
                one.url,
                one.reason,
                f"{_day(one.lifted)} {one.lifted_by}: {one.lifted_why}" if one.lifted else "",
                _day(one.rewritten),
            )
            for one in found
        ],
    )


def _day(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M}" if at else ""


def _say_lifted(one: Redaction, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps({"id": one.id, "url": one.url, "lifted": True}))
        return
    click.echo(f"{one.url}: shown again")
    if one.files:
        click.echo("  but its payload was taken out of the WARC files, and does not come back")
