"""`archiver check`: whether WARC files are whole, and agree with their indexes and catalogue."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli.batching import run_batch
from archiver.cli.batchoptions import BatchOptions, batch_options, store_url
from archiver.cli.context import load_settings
from archiver.cli.naming import named_file
from archiver.errors import NoArchiveError, UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.fetch.examine import Audited
    from archiver.store.copies import Copy
    from archiver.store.files import WarcFile
    from archiver.store.warcs import Stores

_PARTIAL = 3
_LISTED = 20  # lost captures that are shown to people; JSON has them all


@click.command()
@click.argument("files", nargs=-1, metavar="[FILE...]")
@click.option(
    "--read-data",
    type=click.FloatRange(0, 100, min_open=True),
    is_flag=False,
    flag_value=100.0,
    metavar="[PERCENT]",
    help="Read copies in the store as well: all, or so many percent, chosen by chance.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@click.option(
    "--from",
    "source",
    metavar="URL",
    help="In a batch: all WARC files below s3://BUCKET/PREFIX or file:///FOLDER, each by itself.",
)
@batch_options
@click.pass_context
def command(
    context: click.Context,
    files: tuple[str, ...],
    read_data: float | None,
    as_json: bool,
    source: str | None,
    options: BatchOptions,
) -> int:
    """Check WARC files: every record whole, digests true, requests paired.

    Without FILE, all of the archive's, and whether they agree with their CDXJ indexes and the
    catalogue: captures without a record and answers without a capture, revisits whose original
    is gone, files that are missing, unknown, changed since they were closed or left open by a
    crash. Of files that are in the store only, size and SHA-256 are asked for; --read-data reads
    them. FILE is a path, a URL (s3://BUCKET/KEY) or the name of one of the archive's files. Exit
    code 1 where something is wrong, 3 where a store could not be asked. The guide on the archive
    lists the names.

    With --batch or --fleet each file is a job of its own: of those that are in the store only,
    --read-data reads all. What is beside closed files (left open, unknown) is not looked for then.
    """
    from archiver.fetch.audit import audit_file  # SQLAlchemy and warcio take a while

    loaded = load_settings(context)
    if options.wanted:
        if read_data not in (None, 100.0):
            raise UsageError("a batch reads all or none", thing=f"--read-data {read_data:g}")
        url = None if source is None else store_url(source, loaded, "--from")
        chosen = options.chosen(files, url)
        said = {"read_data": read_data is not None}
        return run_batch(loaded, "check", options, chosen, said, as_json=as_json)
    if source is not None:
        raise UsageError("is for a batch", thing="--from", todo="Add --batch.")
    if files and read_data is not None:
        raise UsageError("--read-data is for the whole archive", todo="A FILE is always read.")
    places = [named_file(name, loaded) for name in files]
    for place in places:
        if isinstance(place, Path) and not place.is_file():
            raise UsageError("there is no such file", thing=str(place))
    checked: Iterable[Audited] = map(audit_file, places) if files else _all(loaded, read_data)
    wrong = unread = False
    for audited in checked:
        whole = _whole(audited)
        wrong, unread = wrong or whole is False, unread or whole is None
        _show(audited, whole, as_json=as_json)
    return 1 if wrong else _PARTIAL if unread else 0


def _whole(audited: Audited) -> bool | None:
    """Whether a file is whole; None where its store could not be asked."""
    names = {finding.name for finding in audited.found}
    return not names if names != {"store-unreachable"} else None


def _show(audited: Audited, whole: bool | None, *, as_json: bool) -> None:
    if as_json:
        row = {
            "file": audited.place,
            "whole": whole,
            "damage": [asdict(finding) for finding in audited.found],
            "intact": audited.intact,
            "lost": [asdict(lost) for lost in audited.lost],
        }
        click.echo(json.dumps(row))
        return
    words = {True: "whole", None: "not checked"}.get(whole, f"{len(audited.found)} faults")
    if whole is False and audited.intact is not None:
        words += f"; {audited.intact} records can be read"
    name = audited.place if "://" in audited.place else Path(audited.place).name
    click.echo(f"{name}: {words}")
    for finding in audited.found:
        click.echo(f"  {finding}")
    for lost in audited.lost[:_LISTED]:
        click.echo(f"  lost: {lost.url} of {lost.at}, at {lost.offset}")
    if len(audited.lost) > _LISTED:
        click.echo(f"  lost: {len(audited.lost) - _LISTED} more (--json has them all)")


def _all(loaded: Loaded, read_data: float | None) -> Iterator[Audited]:
    from archiver.fetch.audit import Audit, audit_file
    from archiver.fetch.examine import Audited, Finding
    from archiver.store.catalogue import Catalogue
    from archiver.store.warcs import Warcs

    folder = loaded.warc_folder
    paths = sorted(folder.glob("*.warc.gz")) if folder.is_dir() else []
    try:
        catalogue = Catalogue.open(loaded.catalogue_url)
    except NoArchiveError:
        if not paths:
            raise NoArchiveError(
                "no WARC file here",
                thing=str(folder),
                todo="Crawl an outlet: archiver crawl OUTLET.",
            ) from None
        yield from map(audit_file, paths)
        what = "there is none, though there are WARC files; make it anew: archiver reindex"
        gone = Finding(name="catalogue-gone", file="catalogue", what=what)
        yield Audited(place="catalogue", found=(gone,))
        return
    with catalogue:
        warcs = Warcs.of(loaded, catalogue)
        audit = Audit(warcs, catalogue)
        yield from audit.files(paths)
        if read_data is not None:
            yield from audit.files(_some(audit.copies(), read_data, warcs.stores))
        for name, found in groupby(audit.folder(), key=lambda finding: finding.file):
            yield Audited(place=str(folder / name), found=tuple(found))


def _some(files: list[WarcFile], percent: float, stores: Stores) -> list[Copy]:
    """The copies of so many percent of the files, one at least, chosen by chance."""
    from archiver.store.copies import Copy

    count = min(len(files), max(1, round(len(files) * percent / 100)))
    chosen = files if count == len(files) else random.sample(files, count)
    urls = (file.copy_url for file in chosen)
    return [Copy(url=url, stores=stores) for url in urls if url is not None]
