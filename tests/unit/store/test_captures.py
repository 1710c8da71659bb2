from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.exc import StatementError
from support.captures import START, after, make_capture, make_ref

from archiver.errors import CatalogueError
from archiver.model import Capture, CaptureKind, ExtractionState
from archiver.store.captures import is_final
from archiver.store.catalogue import Catalogue
from archiver.store.tables import capture, url, warc_file

PAGE = "https://news.sky.com/story/rain-1"


def rows(catalogue: Catalogue, table: object) -> int:
    with catalogue._reading() as conn:
        return conn.execute(select(func.count()).select_from(table)).scalar_one()  # type: ignore[arg-type]  # a Table


def test_a_capture_comes_back_whole(catalogue: Catalogue) -> None:
    full = make_capture(
        PAGE,
        run_id=7,
        record_type="revisit",
        body_digest="sha256:" + "ab" * 32,
        body_size=3_000_000_000,
        redirect_to="https://news.sky.com/other",
        truncated="length",
        etag='W/"abc"',
        last_modified="Sun, 01 Mar 2026 11:00:00 GMT",
        extraction=ExtractionState.FAILED,
        warc=make_ref(offset=5_000_000_000),
    )
    bare = make_capture(
        "https://news.sky.com/robots.txt",
        status=None,
        kind=CaptureKind.ROBOTS,
        mime=None,
        body_size=None,
        warc=replace(make_ref(), payload_digest=None, record_id="my own id"),
    )
    catalogue.add_captures([full, bare])
    assert catalogue.captures_of(full.url) == [full]
    assert catalogue.captures_of(bare.url) == [bare]


def test_hostile_header_values_cost_nothing(catalogue: Catalogue) -> None:
    """NUL and lone surrogates come from bytes that are no text; a batch must not fail by them."""
    odd = make_capture(PAGE, mime="text/\0html", etag="\udcff\udc80", redirect_to="\0", status=999)
    plain = make_capture(PAGE, after(hours=1))
    catalogue.add_captures([odd, plain])
    first, second = catalogue.captures_of(PAGE)
    assert (first.mime, first.etag, first.redirect_to) == ("text/\ufffdhtml", "??", "\ufffd")
    assert second == plain


def test_a_url_that_is_none_is_kept_under_its_own_text(catalogue: Catalogue) -> None:
    odd = [
        replace(make_capture(PAGE), url=text, urlkey=text)
        for text in ("dns:news.sky.com", "http://[broken/\0", "http://[broken/\ufffd")
    ]
    catalogue.add_captures(odd)
    assert [one.url for one in catalogue.captures_of("dns:news.sky.com")] == ["dns:news.sky.com"]
    assert len(catalogue.captures_of("http://[broken/\0")) == 2


def test_the_same_record_again_changes_nothing(catalogue: Catalogue) -> None:
    taken = [make_capture(PAGE, status=503), make_capture(PAGE, after(hours=1), status=None)]
    for _ in range(6):
        catalogue.add_captures(taken)
        catalogue.add_captures([*taken, *taken])
    assert rows(catalogue, capture) == 2
    assert rows(catalogue, warc_file) == 1
    status = catalogue.status()["outlets"]["sky-news"]
    assert status["captures"] == {"page": {"503": 1, "none": 1}}
    assert status["urls"] == 1
    assert catalogue.unfetched("sky-news", [PAGE], max_attempts=3) == {PAGE}


def test_a_record_that_was_extracted_stays_so_when_indexed_again(catalogue: Catalogue) -> None:
    taken = make_capture(PAGE, extraction=ExtractionState.PENDING)
    catalogue.add_captures([taken])
    catalogue.set_extraction(taken, ExtractionState.DONE)
    catalogue.add_captures([taken])
    assert catalogue.pending() == []


def test_nothing_to_add_is_no_transaction(catalogue: Catalogue) -> None:
    catalogue.add_captures([])
    assert rows(catalogue, url) == 0


def test_a_batch_that_fails_leaves_nothing(catalogue: Catalogue) -> None:
    bad = replace(make_capture(PAGE), record_type="nonsense")
    with pytest.raises(StatementError, match="not in tuple"):
        catalogue.add_captures([make_capture("https://news.sky.com/other"), bad])
    assert rows(catalogue, url) == rows(catalogue, warc_file) == 0
    assert catalogue.status()["totals"]["urls"] == 0


@pytest.mark.parametrize("status", [200, 206, 301, 304, 307, 400, 402, 404, 410, 451])
def test_a_final_status_answers(catalogue: Catalogue, status: int) -> None:
    assert is_final(status)
    catalogue.add_captures([make_capture(PAGE, status=status)])
    assert catalogue.unfetched("sky-news", [PAGE]) == set()


@pytest.mark.parametrize("status", [None, 103, 401, 403, 408, 425, 429, 500, 503, 520, 999])
def test_any_other_is_an_attempt(catalogue: Catalogue, status: int | None) -> None:
    assert not is_final(status)
    for number in range(5):
        assert catalogue.unfetched("sky-news", [PAGE]) == {PAGE}
        catalogue.add_captures([make_capture(PAGE, after(hours=number), status=status)])
    assert catalogue.unfetched("sky-news", [PAGE]) == set()
    assert catalogue.unfetched("sky-news", [PAGE], max_attempts=6) == {PAGE}


def test_an_answer_stays_one_whatever_comes_later(catalogue: Catalogue) -> None:
    catalogue.add_captures([make_capture(PAGE), make_capture(PAGE, after(hours=1), status=500)])
    catalogue.add_captures([make_capture(PAGE, after(hours=2), status=500)])
    assert catalogue.unfetched("sky-news", [PAGE]) == set()


def test_failed_requests_without_a_record_count_too(catalogue: Catalogue) -> None:
    catalogue.note_attempt("sky-news", PAGE, at=START, reason="dns")
    catalogue.add_captures([make_capture(PAGE, status=500)])
    assert catalogue.unfetched("sky-news", [PAGE], max_attempts=3) == {PAGE}
    catalogue.note_attempt("sky-news", PAGE, at=after(hours=1), reason="connect")
    assert catalogue.unfetched("sky-news", [PAGE], max_attempts=3) == set()
    assert catalogue.status()["outlets"]["sky-news"]["attempts"] == {"dns": 1, "connect": 1}


def test_unfetched_takes_any_number_and_repeats(catalogue: Catalogue) -> None:
    urls = [f"https://news.sky.com/story/{number}" for number in range(2500)]
    catalogue.add_captures([make_capture(text) for text in urls[::2]])
    assert catalogue.unfetched("sky-news", urls * 2) == set(urls[1::2])
    assert catalogue.unfetched("sky-news", []) == set()


statuses = st.sampled_from([None, 200, 301, 304, 404, 408, 429, 500, 503])
steps = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 4), st.integers(0, 6), statuses), max_size=5),
        st.lists(st.integers(0, 4), max_size=2),
    ),
    max_size=4,
)


@given(steps=steps, limit=st.integers(1, 4))
@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],  # each example has its own URLs
)
def test_unfetched_is_what_a_plain_count_says(
    catalogue: Catalogue,
    steps: list[tuple[list[tuple[int, int, int | None]], list[int]]],
    limit: int,
) -> None:
    host = f"https://{make_ref().record_id[10:18]}.example"
    answered: set[str] = set()
    attempts: Counter[str] = Counter()
    seen: dict[tuple[str, int], Capture] = {}
    for taken, noted in steps:
        batch = []
        for page, offset, status in taken:
            place = (f"{host}/{page}", offset)
            if place not in seen:
                ref = make_ref(file=f"{host[8:]}.warc.gz", offset=offset)
                seen[place] = make_capture(place[0], status=status, warc=ref)
                if is_final(status):
                    answered.add(place[0])
                else:
                    attempts[place[0]] += 1
            batch.append(seen[place])
        catalogue.add_captures(batch)
        for page in noted:
            catalogue.note_attempt("sky-news", f"{host}/{page}", at=START, reason="timeout")
            attempts[f"{host}/{page}"] += 1
        urls = [f"{host}/{page}" for page in range(5)]
        assert catalogue.unfetched("sky-news", urls, max_attempts=limit) == {
            text for text in urls if text not in answered and attempts[text] < limit
        }


def test_latest_capture_is_a_whole_answer(catalogue: Catalogue) -> None:
    good = make_capture(
        PAGE,
        after(hours=1),
        etag='"1"',
        last_modified="Sun, 01 Mar 2026",
        record_type="revisit",  # of an equal payload: its validators are the server's newest
    )
    catalogue.add_captures(
        [
            make_capture(PAGE),
            good,
            make_capture(PAGE, after(hours=2), status=304, record_type="revisit"),
            make_capture(PAGE, after(hours=4), truncated="disconnect"),
            make_capture(PAGE, after(hours=5), body_size=0),
            make_capture(PAGE, after(hours=6), status=404),
            make_capture(PAGE, after(hours=7), status=None),
            make_capture(PAGE.replace("https", "http"), after(hours=8)),
        ]
    )
    assert catalogue.latest_capture(PAGE) == good
    assert catalogue.latest_capture("https://news.sky.com/never") is None


def test_pending_is_oldest_first_and_of_pages_only(catalogue: Catalogue) -> None:
    waits = ExtractionState.PENDING
    taken = [
        make_capture(PAGE, after(hours=3), extraction=waits),
        make_capture(PAGE, after(hours=1), extraction=waits),
        make_capture("https://b.example/1", after(hours=2), extraction=waits, outlet="b"),
        make_capture(PAGE, after(hours=0), extraction=ExtractionState.DONE),
        make_capture(PAGE, after(hours=0), kind=CaptureKind.FEED, extraction=waits),
    ]
    catalogue.add_captures(taken)
    assert catalogue.pending() == [taken[1], taken[2], taken[0]]
    assert catalogue.pending("sky-news") == [taken[1], taken[0]]
    assert catalogue.pending("nobody") == []
    assert catalogue.pending(limit=1) == [taken[1]]
    catalogue.set_extraction(taken[1], ExtractionState.FAILED)
    assert catalogue.pending("sky-news") == [taken[0]]
    assert catalogue.captures_of(PAGE)[2].extraction is ExtractionState.FAILED
    assert catalogue.status()["totals"]["pending"] == 2


def test_the_state_of_an_unknown_capture_cannot_be_set(catalogue: Catalogue) -> None:
    taken = make_capture(PAGE)
    catalogue.add_captures([taken])
    for stranger in (
        make_capture(PAGE),
        replace(taken, url="https://news.sky.com/other"),
        replace(taken, warc=replace(taken.warc, file="other.warc.gz")),
    ):
        with pytest.raises(CatalogueError, match="reindex"):
            catalogue.set_extraction(stranger, ExtractionState.DONE)


def test_warc_files_open_and_close(catalogue: Catalogue) -> None:
    number = catalogue.open_file("a.warc.gz", START)
    assert catalogue.open_file("a.warc.gz", after(hours=1)) == number
    assert catalogue.open_file("b.warc.gz", START) != number
    assert catalogue.status()["warc_files"] == {"count": 2, "open": 2, "bytes": 0}
    digest = "sha256:" + "00" * 32
    catalogue.close_file("a.warc.gz", at=after(hours=2), size=5_000_000_000, sha256=digest)
    catalogue.close_file("found.warc.gz", at=after(hours=2), size=10, sha256=None)
    assert catalogue.status()["warc_files"] == {"count": 3, "open": 1, "bytes": 5_000_000_010}
    with catalogue._reading() as conn:
        row = conn.execute(select(warc_file).where(warc_file.c.id == number)).one()
    assert (row.opened, row.closed, row.sha256) == (START, after(hours=2), digest)


def test_the_original_of_a_payload_is_its_oldest_whole_response(catalogue: Catalogue) -> None:
    other = PAGE + "-other"
    first = make_capture(PAGE, after(hours=3))
    digest = first.warc.payload_digest or ""
    catalogue.add_captures(
        [
            make_capture(PAGE, record_type="revisit"),
            make_capture(PAGE, after(hours=1), truncated="length"),
            make_capture(PAGE, after(hours=2), status=404),
            first,
            make_capture(PAGE, after(hours=4)),
            make_capture(other, after(hours=5), record_type="revisit"),
        ]
    )
    asked = [(PAGE, digest), (other, digest), (PAGE + "-new", digest), (PAGE, "sha1:" + "A" * 32)]
    assert catalogue.originals(asked) == dict.fromkeys(asked[:3], first)
    assert catalogue.refers_to(PAGE, after(hours=3)) == first
    assert catalogue.refers_to(PAGE, after(hours=0)) is None  # a revisit itself


def test_what_the_catalogue_lacks(catalogue: Catalogue) -> None:
    known, moved, new = make_capture(PAGE), make_capture(PAGE), make_capture(PAGE, after(hours=1))
    assert catalogue.add_captures([known]) == 1
    assert catalogue.add_captures([known]) == 0
    assert catalogue.lacking([known, moved, new]) == [moved, new]


def test_files_open_and_closed(catalogue: Catalogue) -> None:
    catalogue.open_file("a.warc.gz", START)
    catalogue.open_file("b.warc.gz", START)
    catalogue.close_file("a.warc.gz", at=after(hours=1), size=9, sha256="sha256:" + "0" * 64)
    (unclosed,) = catalogue.files(unclosed=True)
    assert (unclosed.name, unclosed.closed) == ("b.warc.gz", False)
    (closed, _) = catalogue.files()
    assert (closed.name, closed.size, closed.sha256) == ("a.warc.gz", 9, "sha256:" + "0" * 64)


def test_a_file_that_never_held_an_answer_is_closed_as_empty(catalogue: Catalogue) -> None:
    kept = make_capture(PAGE)
    catalogue.open_file(kept.warc.file, START)
    catalogue.open_file("empty.warc.gz", START)
    catalogue.add_captures([kept])
    for name in (kept.warc.file, "empty.warc.gz", "unknown.warc.gz"):
        catalogue.close_unused_file(name, at=after(hours=1))
    found = {one.name: (one.closed, one.size) for one in catalogue.files()}
    assert found == {kept.warc.file: (False, None), "empty.warc.gz": (True, 0)}
