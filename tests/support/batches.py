"""An archive with some closed files of pages that are articles, for work over all of them."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from support.shelf import fill

from archiver.config.load import Loaded, load
from archiver.config.workdir import lay_out
from archiver.store import tables as t
from archiver.store.catalogue import Catalogue

PAGE = b"""<!doctype html><html lang=en><head><title>Rain in the north</title>
<meta property=og:type content=article></head><body><article><h1>Rain in the north</h1>
<p>The ministry said on Tuesday that rivers would rise in all of the northern valleys.</p>
<p>People were asked to stay at home, and schools in four towns will be closed tomorrow.</p>
<p>It is the third storm of this spring, and the strongest since records began in 1911.</p>
</article></body></html>"""
SAID = (("outlet", "sky-news"), ("kind", "page"))


def archive_of(
    folder: Path, *, files: int = 3, pages: int = 2, catalogue_url: str = ""
) -> tuple[Loaded, list[str]]:
    """A working folder whose archive has so many closed files; their names."""
    if not (folder / "config").is_dir():
        lay_out(folder, seeds=False)
    loaded = loaded_of(folder, catalogue_url)
    with Catalogue.open(loaded.catalogue_url, create=True) as catalogue:
        names = fill(
            loaded.warc_folder, catalogue, files=files, pages=pages, body=PAGE, metadata=SAID
        )
    return loaded, names


def loaded_of(folder: Path, catalogue_url: str = "") -> Loaded:
    """The settings of a working folder, whatever this process's environment says."""
    env = {"HOME": os.environ.get("HOME", "/")}
    flags = {"operator.contact": "https://archive.example/about"}
    if catalogue_url:
        flags["archive.catalogue_url"] = catalogue_url
    return load(start=folder, explicit=None, env=env, flags=flags)


def articles(catalogue: Catalogue) -> list[Any]:
    """All that the catalogue says of articles and of where pages stand."""
    with catalogue._reading() as conn:
        rows = [
            sorted(map(repr, conn.execute(table.select()).all()))
            for table in (t.article, t.revision, t.change, t.alias, t.tally, t.recheck)
        ]
        stages = conn.execute(t.capture.select().with_only_columns(t.capture.c.extraction))
        return [*rows, sorted(stages.scalars())]
