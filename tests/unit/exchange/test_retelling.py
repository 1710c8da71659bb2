"""Which captures are one run's, where a catalogue was made anew in between."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, cast

from support.captures import START, make_capture, make_ref

from archiver.exchange.retelling import Retelling
from archiver.store.catalogue import Catalogue

PAGES = [f"https://news.sky.com/story/rain-{number}" for number in range(6)]


def test_runs_are_told_apart_by_number_and_by_time(tmp_path: Path) -> None:
    def capture(page: int, minute: float, file: str, run: int | None, **more: Any) -> None:
        made = make_capture(
            PAGES[page],
            START + timedelta(minutes=minute),
            run_id=run,
            warc=make_ref(f"{file}.warc.gz"),
            **more,
        )
        catalogue.add_captures([made])

    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite", create=True) as catalogue:
        capture(0, 0, "c", 1)
        capture(1, 30, "c", 1)  # a slow run
        capture(2, 31, "b", 1)  # its second file
        capture(3, 90, "a", 1)  # numbered anew
        capture(4, 91, "d", 2)
        capture(5, 40, "e", 1, outlet="other")
        capture(5, 50, "f", None)  # imported
        retelling = Retelling(catalogue, cast("Any", None), cast("Any", None), {})
        runs = list(retelling._runs([f"{name}.warc.gz" for name in "abcdef"]))
    assert [(outlet, [one.url for one in found]) for outlet, found in runs] == [
        ("sky-news", PAGES[:3]),
        ("sky-news", PAGES[3:4]),
        ("sky-news", PAGES[4:5]),
        ("other", PAGES[5:]),
    ]
