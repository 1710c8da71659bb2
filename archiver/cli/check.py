"""`archiver check`: whether WARC files are whole, and agree with their indexes and catalogue."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli.context import load_settings
from archiver.errors import NoArchiveError, UsageError

if TYPE_CHECKING:
    from archiver.config.load import Loaded
    from archiver.fetch.audit import Finding


@click.command()
@click.argument("files", nargs=-1, type=click.Path(path_type=Path), metavar="[FILE...]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file.")
@click.pass_context
def command(context: click.Context, files: tuple[Path, ...], as_json: bool) -> int:
    """Check WARC files: every record whole, digests true, requests paired.

    Without FILE, all of the archive's, and whether they agree with their CDXJ indexes and the
    catalogue: captures without a record and answers without a capture, revisits whose original
    is gone, files that are missing, unknown, changed since they were closed or left open by a
    crash. Exit code 1 where something is wrong. The guide on the archive lists the names.
    """
    from archiver.fetch.audit import audit_file  # SQLAlchemy and warcio take a while

    for path in files:
        if not path.is_file():
            raise UsageError("there is no such file", thing=str(path))
    if files:
        checked: Iterable[tuple[str, list[Finding]]] = (
            (str(path), audit_file(path)) for path in files
        )
    else:
        checked = _of_archive(load_settings(context))
    wrong = False
    for name, findings in checked:
        wrong = wrong or bool(findings)
        _show(name, findings, as_json=as_json)
    return 1 if wrong else 0


def _show(name: str, findings: Sequence[Finding], *, as_json: bool) -> None:
    if as_json:
        damage = [asdict(finding) for finding in findings]
        click.echo(json.dumps({"file": name, "whole": not findings, "damage": damage}))
        return
    count = "whole" if not findings else f"{len(findings)} faults"
    click.echo(f"{Path(name).name}: {count}")
    for finding in findings:
        click.echo(f"  {finding}")


def _of_archive(loaded: Loaded) -> Iterator[tuple[str, list[Finding]]]:
    from archiver.fetch.audit import Audit, Finding, audit_file
    from archiver.store.catalogue import Catalogue

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
        for path in paths:
            yield str(path), audit_file(path)
        what = "there is none, though there are WARC files; make it anew: archiver reindex"
        yield "catalogue", [Finding(name="catalogue-gone", file="catalogue", what=what)]
        return
    with catalogue:
        audit = Audit(folder, catalogue)
        for path, findings in audit.files(paths):
            yield str(path), findings
        for name, found in groupby(audit.folder(), key=lambda finding: finding.file):
            yield str(folder / name), list(found)
