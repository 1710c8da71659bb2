"""`archiver add`: an outlet's seed file, made of what can be found."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import load_settings, quiet_children
from archiver.cli.output import print_table
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.config.seedfile import SeedFile
    from archiver.daemon.adding import Survey, Wish

_COLUMNS = ("source", "kind", "format", "items", "newest", "verdict", "reason")


@click.command()
@click.argument("source", metavar="URL|FILE.opml")
@click.option("--id", "outlet_id", help="The outlet's id, instead of one made of its host.")
@click.option("--force", is_flag=True, help="Write over a seed file that is there.")
@click.option("--dry-run", is_flag=True, help="Print the seed file instead of writing it.")
@click.option("--jobs", type=click.IntRange(min=1), help="Outlets of an OPML list side by side.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object an outlet.")
@click.pass_context
def command(
    context: click.Context,
    source: str,
    outlet_id: str | None,
    force: bool,
    dry_run: bool,
    jobs: int | None,
    as_json: bool,
) -> int:
    """Find the sources of an outlet, and write its seed file.

    URL may be its homepage, a feed, a sitemap or an OPML list; FILE.opml is such a list. Asked
    are the sources that its pages and robots.txt name, the usual places where they name none, and
    the sections of its navigation; all answers are archived. Exit code 1 where there is nothing
    to watch, 3 where only some outlets of a list could be added.
    """
    from archiver.config.load import require_contact
    from archiver.daemon.adding import seed_of, surveys, wishes_of, wishes_of_sites
    from archiver.model import Outlet, utcnow

    loaded = load_settings(context)
    require_contact(loaded)
    wishes = {wish.id: wish for wish in wishes_of(source, outlet_id=outlet_id)}
    codes: list[int] = []
    for of_a_list in (False, True):  # an address may turn out to be an OPML list, once
        known = wishes
        wishes = {}
        if not known:
            break
        for wish in known.values():
            _see_that_it_is_new(loaded, wish.id, force=force or dry_run)
        orders = {
            wish.id: (
                Outlet(id=wish.id, name=wish.id, homepage=wish.url, sources=()),
                {"url": wish.url, "feeds": list(wish.feeds)},
            )
            for wish in known.values()
        }
        found = surveys(
            loaded,
            orders,
            jobs=jobs or loaded.settings.crawl.jobs,
            settings=quiet_children(context),
            trigger="add",
        )
        for survey in found:
            if "sites" in survey.report and not of_a_list:
                listed = wishes_of_sites(survey.report["sites"], outlet_id=outlet_id)
                wishes |= {wish.id: wish for wish in listed}
                continue
            wish = known[survey.outlet]
            seed = seed_of(wish, survey, day=f"{utcnow():%Y-%m-%d}")
            path = None
            if seed is not None and not dry_run:
                path = _write(loaded, seed, force=force)
            _show(wish, survey, seed, path, as_json=as_json)
            codes.append(survey.exit_code or (0 if seed is not None else 1))
    return codes[0] if len(set(codes)) == 1 else 3


def _see_that_it_is_new(loaded: Loaded, outlet: str, *, force: bool) -> None:
    from archiver.config.seeds import read_seeds

    if not force and outlet in read_seeds(loaded.seeds_folder).outlets:
        raise UsageError(
            "there is an outlet of this id already",
            thing=outlet,
            todo="Give another with --id, or say --force.",
        )


def _write(loaded: Loaded, seed: SeedFile, *, force: bool) -> Path:
    path = seed.place(loaded.seeds_folder)
    there = next(iter(loaded.seeds_folder.rglob(f"{seed.id}.toml")), None)
    if there is not None:
        path = there
        if not force:
            raise UsageError("is there already", thing=str(path), todo="Say --force.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(seed.text(), encoding="utf-8")
    return path


def _show(
    wish: Wish, survey: Survey, seed: SeedFile | None, path: Path | None, *, as_json: bool
) -> None:
    text = seed.text() if seed is not None else None
    if as_json:
        document: dict[str, Any] = {
            "outlet": wish.id,
            "url": wish.url,
            "file": str(path) if path else None,
            "seed": text,
            "findings": list(survey.findings),
        }
        click.echo(json.dumps(document))
        return
    if text is None:
        for found in survey.findings:
            click.echo(f"{found['url']}: {found['verdict']}: {found['reason']}", err=True)
        click.echo(f"{wish.url}: nothing to watch", err=True)
    elif path is None:  # a dry run: the file, and nothing beside it
        click.echo(text, nl=False)
    else:
        print_table(_COLUMNS, [_row(found) for found in survey.findings])
        click.echo(path)


def _row(found: Mapping[str, Any]) -> tuple[object, ...]:
    newest = (found["newest"] or "")[:10]
    named = (found[name] or "" for name in ("url", "kind", "format"))
    return (*named, found["items"], newest, found["verdict"], found["reason"])
