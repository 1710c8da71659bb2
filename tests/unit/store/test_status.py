from __future__ import annotations

import json

from support.captures import START, after, make_article, make_capture, make_ref
from support.standing import mark

from archiver.model import CaptureKind, ExtractionState, Problem
from archiver.store.catalogue import Catalogue

BLANK = {
    "urls": 0,
    "articles": 0,
    "revisions": 0,
    "gone": 0,
    "pending": 0,
    "captures": {},
    "problems": {},
    "attempts": {},
    "refused": {},
    "states": {},
}


def test_an_empty_archive_has_nothing(catalogue: Catalogue) -> None:
    assert catalogue.status() == {
        "outlets": {},
        "totals": {
            "outlets": 0,
            "urls": 0,
            "articles": 0,
            "revisions": 0,
            "gone": 0,
            "captures": 0,
            "problems": 0,
            "pending": 0,
        },
        "warc_files": {"count": 0, "open": 0, "bytes": 0},
    }


def test_an_outlet_that_only_began_has_every_key(catalogue: Catalogue) -> None:
    catalogue.start_run("sky-news", trigger="hand", at=START)
    [account] = catalogue.status()["outlets"].values()
    assert account.pop("last_run")["state"] == "running"
    assert account == {**BLANK, "next_due": None}


def test_an_outlet_without_a_run_is_there(catalogue: Catalogue) -> None:
    catalogue.add_captures([make_capture("https://a.example/")])
    assert catalogue.status()["outlets"]["sky-news"]["last_run"] is None


def test_everything_is_counted_where_it_belongs(catalogue: Catalogue) -> None:
    waits = ExtractionState.PENDING
    for outlet in ("sky-news", "bbc"):
        host = f"https://{outlet}.example"
        run_id = catalogue.start_run(outlet, trigger="timetable", at=START)
        file = make_ref(f"{outlet}.warc.gz")
        catalogue.open_file(file.file, START)
        catalogue.add_captures(
            [
                make_capture(f"{host}/rss", outlet=outlet, kind=CaptureKind.FEED, warc=file),
                make_capture(f"{host}/1", outlet=outlet, extraction=waits, warc=file),
                make_capture(f"{host}/2", outlet=outlet, extraction=waits, warc=file),
                make_capture(f"{host}/2", after(hours=1), 404, outlet=outlet, warc=file),
                make_capture(f"{host}/3", status=None, outlet=outlet, warc=file),
            ]
        )
        catalogue.note_attempt(outlet, f"{host}/4", at=START, reason="dns")
        for number in (1, 2):
            catalogue.save_article(make_article(f"{host}/{number}", "a", outlet=outlet))
        catalogue.save_article(make_article(f"{host}/1", "b", after(hours=1), outlet=outlet))
        mark(catalogue, f"{host}/2", at=after(hours=1), status=404, outlet=outlet)
        fault = Problem(stage="extract", reason="no-text", url=f"{host}/3", at=START)
        catalogue.add_problems(run_id, outlet, [fault])
        for _ in range(2):
            catalogue.add_refusals(outlet, {"robots": 1})
    catalogue.close_file("bbc.warc.gz", at=after(hours=2), size=4096, sha256=None)

    status = catalogue.status()
    assert json.loads(json.dumps(status)) == status
    assert list(status["outlets"]) == ["bbc", "sky-news"]
    for account in status["outlets"].values():
        assert account.pop("last_run")["trigger"] == "timetable"
        assert account == {
            "next_due": None,
            "urls": 5,
            "articles": 2,
            "revisions": 3,
            "gone": 1,
            "pending": 2,
            "captures": {"feed": {"200": 1}, "page": {"200": 2, "404": 1, "none": 1}},
            "problems": {"extract": {"no-text": 1}},
            "attempts": {"dns": 1},
            "refused": {"robots": 2},
            "states": {"missing": 1},
        }
    assert status["totals"] == {
        "outlets": 2,
        "urls": 10,
        "articles": 4,
        "revisions": 6,
        "gone": 2,
        "pending": 4,
        "captures": 10,
        "problems": 2,
    }
    assert status["warc_files"] == {"count": 2, "open": 1, "bytes": 4096}
