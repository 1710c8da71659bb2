"""A catalogue that is made anew from the WARC files knows how articles stand, and since when."""

from __future__ import annotations

import json
from dataclasses import astuple, replace
from pathlib import Path
from typing import Any

from support.checked_site import (
    FOG,
    HAIL,
    ICE,
    PAGES,
    RAIN,
    SNOW,
    STILL,
    SUN,
    WIND,
    X,
    catalogue_of,
    crawl,
    folder_of,
    site_of,
    told,
)
from support.scripted_site import Reply, redirect
from support.workdir import run

THERE = f"{X}/archive/fog-has-moved-9001"
CLOSED, JOINED, EDITED, JOINED_TOO = STILL[:4]  # two redirect, before and behind where they lead to
LIED = STILL[4:7]  # one text in the place of three
_WORDS = "Look at our newest offers of the week. " + "They are for everybody. " * 6
OFFERS = Reply(body=f"<title>Offers</title><article><h1>Offers</h1><p>{_WORDS}</p></article>")
_FREE = """<script type="application/ld+json">
{"@type": "NewsArticle", "isAccessibleForFree": %s}</script>"""


def account(folder: Path) -> dict[str, Any]:
    """What the catalogue knows of every article, without the numbers that it gives."""
    found: dict[str, Any] = {}
    with catalogue_of(folder) as catalogue:
        rows = catalogue.rechecks_of("x", [*PAGES.values(), THERE])
        for url in (*PAGES.values(), THERE):
            history = [astuple(replace(one, article_id=0)) for one in catalogue.states_of(url)]
            revisions = [(one.number, one.captured_at) for one in catalogue.get_article(url)]
            row = rows.get(url)
            stand = row and (row.url, row.first, row.state, row.since, row.evidence)
            checks = row and (row.checks, row.unchanged, row.failed, row.live_blog)
            found[url] = (history, revisions, stand, checks)
        found["states"] = catalogue.status()["outlets"]["x"]["states"]
        rates = catalogue.edits_of("x")
        found["edits"] = round(rates.checks, 6), round(rates.changes, 6)
        found["aliases"] = {one.url: one.target for one in catalogue.aliases_of(PAGES[JOINED])}
    return found


def anew(folder: Path) -> dict[str, Any]:
    for path in (folder / "archive").glob("catalogue.sqlite*"):
        path.unlink()
    again(folder)
    return account(folder)


def again(folder: Path) -> dict[str, Any]:
    done = run(folder, "archiver", "reindex", "--extract", "--json")
    assert done.returncode == 0, done.stderr
    counts: dict[str, Any] = json.loads(done.stdout)
    return counts


def test_states_and_edit_rates_come_from_the_warc_files(tmp_path: Path) -> None:
    with site_of({f"x.example/{CLOSED}": told(CLOSED, head=_FREE % "true")}) as site:
        folder = folder_of(site, tmp_path)
        crawl(folder)
        before = dict(site.answers)
        site.answers |= {
            f"x.example/{RAIN}": Reply(status=404, validators=False),
            f"x.example/{SNOW}": redirect(f"{X}/"),
            f"x.example/{WIND}": Reply(
                body="<title>Seite nicht gefunden | X</title><p>Die Seite gibt es nicht.</p>"
            ),
            f"x.example/{HAIL}": Reply(status=403, validators=False),
            f"x.example/{SUN}": Reply(status=500, validators=False),
            f"x.example/{ICE}": Reply(status=410, validators=False),
            f"x.example/{FOG}": redirect(THERE),
            THERE.removeprefix("http://"): told(FOG),
            **{f"x.example/{name}": redirect(PAGES[EDITED]) for name in (JOINED, JOINED_TOO)},
            f"x.example/{CLOSED}": told(CLOSED, head=_FREE % "false"),
            f"x.example/{EDITED}": replace(
                told(EDITED), body=told(EDITED).body.replace("is told", "is told anew")
            ),
        }
        crawl(folder)
        known = account(folder)
        assert anew(folder) == known
        for _ in range(2):  # on the catalogue that was made anew
            crawl(folder)
        site.answers |= {f"x.example/{name}": before[f"x.example/{name}"] for name in (RAIN, HAIL)}
        site.answers |= {f"x.example/{name}": OFFERS for name in LIED}
        crawl(folder)
        known = account(folder)
    reasons = {one[3] for url in PAGES.values() for one in known[url][0]}
    assert reasons >= {
        *("http-404", "http-410", "http-403", "front-page", "error-page", "same-text"),
        *("redirect", "reappeared", "let-in"),
    }
    assert anew(folder) == known
    assert again(folder).get("revisions", 0) == 0
    assert account(folder) == known
