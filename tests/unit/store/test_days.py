"""Captures of a URL by day and in pages; what is redacted neither counts nor shows."""

from __future__ import annotations

from support.captures import START, after, make_capture

from archiver.store.catalogue import Catalogue
from archiver.store.tombstones import events_of
from archiver.store.veil import Redaction, Scope, second_of

PAGE = "https://news.example/story"


def test_days_and_pages_leave_out_what_is_redacted(catalogue: Catalogue) -> None:
    times = [START, after(days=1), after(days=2)]
    catalogue.add_captures([make_capture(PAGE, at) for at in times])
    assert list(catalogue.capture_days(PAGE).items()) == [(at.date(), 1) for at in times]
    assert [one.captured_at for one in catalogue.captures_before(PAGE, None, limit=2)] == [
        times[2],
        times[1],
    ]
    assert [one.captured_at for one in catalogue.captures_before(PAGE, times[1], limit=2)] == [
        START
    ]
    hidden = Redaction(
        id="0a", url=PAGE, scope=Scope.URL, urls=(PAGE,), by="", reason="", made=START,
        moment=second_of(times[2]), payloads=(),
    )  # fmt: skip
    catalogue.apply_events(events_of(hidden))
    assert times[2].date() not in catalogue.capture_days(PAGE)
    assert len(catalogue.capture_days(PAGE)) == 2
    shown = catalogue.captures_before(PAGE, None, limit=1)
    assert [one.captured_at for one in shown] == [times[1]]
