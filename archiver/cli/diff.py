"""`archiver diff`: what changed between two versions of an article, word by word."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.context import load_settings
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.model import Revision
    from archiver.revise.sheet import Sheet

_STYLES = {"removed": "red strike", "added": "green underline"}


@click.command()
@click.argument("url")
@click.argument("numbers", nargs=-1, type=int, metavar="[A [B]]")
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path, dir_okay=False, allow_dash=True),
    metavar="FILE",
    help="Write one HTML page that needs nothing else; - for standard output.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document.")
@click.option(
    "--context", "around", default=1, show_default=True, help="Unchanged paragraphs shown around."
)
@click.pass_context
def command(
    context: click.Context,
    url: str,
    numbers: tuple[int, ...],
    html_file: Path | None,
    as_json: bool,
    around: int,
) -> None:
    """Show what changed in the article at URL: words that [-went-] and {+came+}.

    A and B are revisions by their numbers in `archiver show`; without B up to the newest, without
    both from the one before the newest.
    """
    from archiver.revise.html import sheet_html
    from archiver.revise.sheet import make_sheet
    from archiver.store.catalogue import Catalogue  # SQLAlchemy takes a fifth of a second
    from archiver.urls import canonical_url

    if len(numbers) > 2:
        raise UsageError("names more than two revisions", thing=" ".join(map(str, numbers)))
    loaded = load_settings(context)
    try:
        address = canonical_url(url)
    except ValueError as error:
        raise UsageError(str(error), thing=url) from error
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        revisions = catalogue.get_article(address)
    old, new = _chosen(revisions, numbers, url)
    sheet = make_sheet(old, new)
    if html_file is not None:
        page = sheet_html(sheet)
        if str(html_file) == "-":
            click.echo(page, nl=False)
        else:
            html_file.write_text(page, encoding="utf-8")
    elif as_json:
        click.echo(json.dumps(_to_json(sheet), ensure_ascii=False))
    else:
        _print(sheet, around)


def _chosen(
    revisions: list[Revision], numbers: tuple[int, ...], url: str
) -> tuple[Revision, Revision]:
    if not revisions:
        raise UsageError(
            "no article of this URL is in the archive",
            thing=url,
            todo="`archiver replay` lists what is there.",
        )
    if len(revisions) == 1 and not numbers:
        raise UsageError("there is only one version of this article", thing=url)
    by_number = {one.number: one for one in revisions}
    for number in numbers:
        if number not in by_number:
            raise UsageError(
                "there is no such revision",
                thing=str(number),
                todo=f"There are {', '.join(map(str, sorted(by_number)))}: see archiver show.",
            )
    if not numbers:
        return revisions[-2], revisions[-1]
    return by_number[numbers[0]], by_number[numbers[1]] if len(numbers) == 2 else revisions[-1]


def _to_json(sheet: Sheet) -> dict[str, Any]:
    from archiver.contract import changes_to_json

    return {
        "url": sheet.new.article.url,
        "old": sheet.old.number,
        "new": sheet.new.number,
        "changes": changes_to_json(sheet.changes),
        "extractor_versions_differ": sheet.versions,
        "diff": {
            section.name: [
                {
                    "op": str(piece.op),
                    "old": list(piece.old),
                    "new": list(piece.new),
                    "edits": [
                        {"op": str(edit.op), "old": edit.old, "new": edit.new}
                        for edit in piece.edits
                    ],
                }
                for piece in section.pieces
            ]
            for section in sheet.sections
        },
    }


def _print(sheet: Sheet, around: int) -> None:
    from rich.console import Console
    from rich.text import Text

    from archiver.model import Evidence
    from archiver.revise.sheet import summary, text_lines

    console = Console(file=sys.stdout, highlight=False, markup=False, soft_wrap=True)
    changes = sheet.changes
    console.print(sheet.new.article.url)
    for revision, found in ((sheet.old, changes.old), (sheet.new, changes.new)):
        source = found or Evidence.of(revision.article)
        at = source.captured_at or revision.captured_at
        place = f"  {source.file} at {source.offset}" if source.file else ""
        console.print(f"revision {revision.number}  {at:%Y-%m-%d %H:%M:%S}{place}")
    console.print(f"changed: {summary(changes) or 'nothing that a reader would call a change'}")
    if changes.stealth:
        console.print(f"not said: {', '.join(changes.stealth)}")
    if sheet.versions:
        console.print("note: two versions of the extractor made these: some may be its doing")
    for section in sheet.sections:
        if not section.changed:
            continue
        console.print(f"\n{section.name}", style="bold")
        for line in text_lines(section, context=around):
            if line.left_out:
                console.print(f"  ... {line.left_out} unchanged", style="dim")
                continue
            text = Text("  ")
            for op, words in line.spans:
                text.append(words.replace("\n", "\n  "), style=_STYLES.get(op, ""))
            console.print(text)
