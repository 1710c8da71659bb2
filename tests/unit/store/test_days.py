"""Captures of a URL by day and in pages; what is redacted neither counts nor shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from support.captures import START, after, make_capture, make_ref

from archiver.store.catalogue import Catalogue
from archiver.store.tombstones import events_of, lifting
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


def redaction(name: str, **facts: Any) -> Redaction:
    usual: dict[str, Any] = {
        "url": PAGE, "scope": Scope.URL, "urls": (PAGE,), "by": "", "reason": "", "made": START,
    }  # fmt: skip
    return Redaction(id=name, **(usual | facts))


def test_counts_leave_out_seconds_and_payloads_that_are_redacted(catalogue: Catalogue) -> None:
    digest = "sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    bad = replace(make_ref(), payload_digest=digest)
    bare = replace(make_ref(), payload_digest=None)
    other = PAGE.replace("https", "http")
    catalogue.add_captures(
        [
            make_capture(PAGE, START),
            make_capture(other, after(hours=1)),
            make_capture(PAGE, after(hours=1, seconds=1), warc=bad),
            make_capture(PAGE, after(hours=2), warc=bare),
            make_capture("https://news.example/other", after(hours=2), warc=replace(bad, offset=7)),
        ]
    )
    day = START.date()
    assert catalogue.capture_count(PAGE) == 4
    assert catalogue.capture_count(PAGE, since=after(hours=1), until=after(hours=2)) == 2
    assert catalogue.capture_hours(PAGE, day) == {12: 1, 13: 2, 14: 1}
    assert catalogue.capture_hours(PAGE, day + timedelta(days=1)) == {}
    catalogue.apply_events(events_of(redaction("0a", moment=second_of(START))))
    assert catalogue.capture_hours(PAGE, day) == {13: 2, 14: 1}
    elsewhere = "https://elsewhere.example/"
    gone = redaction("0b", url=elsewhere, urls=(elsewhere,), payloads=(digest,))
    catalogue.apply_events(events_of(gone))
    assert catalogue.capture_hours(PAGE, day) == {13: 1, 14: 1}
    assert catalogue.capture_days(PAGE) == {day: 2}
    assert catalogue.capture_count(PAGE) == 2
    listed = {row.url: row.count for row in catalogue.capture_list(prefix="https://news.example/")}
    assert listed == {PAGE: 1, other: 1}
    catalogue.apply_events(events_of(redaction("0c")))
    assert catalogue.capture_count(PAGE) == 0
    assert catalogue.capture_days(PAGE) == {}
    catalogue.apply_events([lifting("0c", at=START, by="", reason="")])
    assert catalogue.capture_count(PAGE) == 2


def test_captures_between_two_moments_come_newest_first(catalogue: Catalogue) -> None:
    times = [after(hours=number) for number in range(4)]
    catalogue.add_captures([make_capture(PAGE, at) for at in times])
    found = catalogue.captures_before(PAGE, times[3], since=times[1], limit=9)
    assert [one.captured_at for one in found] == [times[2], times[1]]


def test_what_a_revisit_stands_for(catalogue: Catalogue) -> None:
    digest = make_ref().payload_digest
    refs = [replace(make_ref(), payload_digest=name) for name in (digest, "sha1:OTHER", digest)]
    old, named, _ = ones = [
        make_capture(PAGE, after(hours=place), warc=ref) for place, ref in enumerate(refs)
    ]
    revisit = make_capture(PAGE, after(hours=-1), record_type="revisit")
    elsewhere = make_capture("https://else.example/", after(hours=-2))
    catalogue.add_captures([*ones, revisit, elsewhere])
    spelling = PAGE.replace("https", "http")
    assert catalogue.original_of(spelling, named.captured_at, digest) == named
    assert catalogue.original_of(spelling, revisit.captured_at, digest) == old
    assert catalogue.original_of(spelling, None, digest) == old
    assert catalogue.original_of(PAGE, None, "sha1:NONE") is None
    assert catalogue.original_of(PAGE, None, None) is None
    assert catalogue.original_of("https://none.example/", named.captured_at, digest) is None
    catalogue.apply_events(events_of(redaction("0a")))
    assert catalogue.original_of(PAGE, None, digest) == old
