"""A site of some articles that is crawled again and again, and what the catalogue has of them."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from support.catalogues import catalogue_of as database_of
from support.scripted_site import Reply, ScriptedSite, feed, story
from support.workdir import run

from archiver.store.catalogue import Catalogue

X = "http://x.example"
WORDS = "rain snow wind fog hail sun ice heat dew mist storm frost thaw flood cloud"
NAMES = tuple(f"news/{word}-{number}" for number, word in enumerate(WORDS.split(), start=1001))
PAGES = {name: f"{X}/{name}" for name in NAMES}
RAIN, SNOW, WIND, FOG, HAIL, SUN, ICE, *STILL = NAMES
SEED = f'homepage = "{X}/"\nfeeds = ["{X}/feed"]\n'
AT_ONCE = """
[recheck]
ages = ["1ms"]
then = "1ms"
live_every = "1ms"
missing_every = "1ms"
removed_after = "1ms"
share = 1.0
"""
EVERY_WORD = {"x.example/feed": feed(PAGES.values()), "x.example/": story("Front")}


def told(name: str, **more: str) -> Reply:
    """A page that has words of its own, so that no two articles are alike."""
    word = name.rpartition("/")[2]
    own = "".join(
        f"<p>{' '.join(f'{word}{part}{number}' for number in range(40))}.</p>" for part in "abcde"
    )
    page = story(f"{word} is told", **more)
    return replace(page, body=re.sub("<p>.*</p>", own, page.body))


def site_of(answers: dict[str, Reply] | None = None) -> ScriptedSite:
    pages = {f"x.example/{name}": told(name) for name in NAMES}
    return ScriptedSite({**EVERY_WORD, **pages, **(answers or {})})


def folder_of(site: ScriptedSite, path: Path, settings: str = AT_ONCE) -> Path:
    return site.folder(path, SEED, "x.example", crawl="requisites = 'none'", more=settings)


def crawl(folder: Path, *more: str) -> dict[str, Any]:
    done = run(folder, "archiver", "crawl", "x", "--json", *more)
    assert done.returncode in (0, 3), done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def catalogue_of(folder: Path) -> Catalogue:
    return Catalogue.open(database_of(folder))


def states(folder: Path) -> dict[str, str]:
    with catalogue_of(folder) as catalogue:
        rows = catalogue.rechecks_of("x", list(PAGES.values()))
    return {url.removeprefix(f"{X}/"): row.state for url, row in rows.items()}
