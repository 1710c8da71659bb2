"""Closed WARC files of one page, fetched again and again: an exchange of each minute."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from support.exchanges import STARTED, answer, exchange

from archiver.warc.record import RefersTo, WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

URL = "https://news.example/a"


def write(folder: Path, *minutes: int, refers_to: RefersTo | None = None) -> Path:
    """A closed WARC with an exchange of each minute."""
    with WarcWriter(folder, prefix="t", info=WarcInfo(software="test")) as writer:
        for minute in minutes:
            started = STARTED + timedelta(minutes=minute)
            writer.append(
                exchange_records(
                    exchange(answer(), url=URL, started=started),
                    metadata=[("kind", "page"), ("outlet", "lantern"), ("run", "1")],
                    refers_to=refers_to,
                )
            )
        name = writer.name
    assert name
    return folder / name
