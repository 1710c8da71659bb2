"""A batch knows how far it is, goes on where it was, and finds the files that it is about."""

from __future__ import annotations

import pytest
from support.captures import START, after, make_capture, make_ref

from archiver.model import ExtractionState
from archiver.store.batches import asked_words
from archiver.store.catalogue import Catalogue

NAMES = ["a.warc.gz", "b.warc.gz", "c.warc.gz"]
ASKED = asked_words("check", {"read_data": True}, {"outlets": ["x"]})


def begin(catalogue: Catalogue, names: list[str] = NAMES, *, fleet: bool = False, **more: bool):  # type: ignore[no-untyped-def]
    return catalogue.begin_batch(
        "check", {"read_data": True}, names, asked=ASKED, fleet=fleet, at=START, **more
    )


def run(catalogue: Catalogue, batch: int, number: int, state: str = "done", **said: object) -> None:
    assert catalogue.start_job(batch, number, worker="host/1", at=START)
    catalogue.end_job(batch, number, state, at=after(seconds=9), **said)  # type: ignore[arg-type]


def test_a_job_goes_from_waiting_to_done_and_stays_there(catalogue: Catalogue) -> None:
    number, known = begin(catalogue)
    assert not known
    run(catalogue, number, 1, counts={"pages": 4}, faults=["one"])
    catalogue.end_job(number, 1, "failed", at=after(days=1), reason="too late")
    assert catalogue.start_job(number, 1, worker="host/2", at=START) is None
    assert catalogue.start_job(number, 99, worker="host/2", at=START) is None
    [job] = catalogue.batch_jobs(number, ["done"])
    assert (job.place, job.counts, job.faults) == ("a.warc.gz", {"pages": 4}, ("one",))
    assert (job.attempts, job.worker, job.ended) == (1, "host/1", after(seconds=9))
    found = catalogue.batch(number)
    assert found is not None
    assert (found.states, found.size, found.left) == ({"waiting": 2, "done": 1}, 3, 2)
    assert found.faulty == 1
    assert catalogue.faulty_jobs(number) == [job]


def test_the_same_words_go_on_with_what_is_not_done(catalogue: Catalogue) -> None:
    number, _ = begin(catalogue)
    run(catalogue, number, 1)
    run(catalogue, number, 2, "failed", reason="damaged")
    catalogue.start_job(number, 3, worker="host/1", at=START)
    assert begin(catalogue, [*NAMES, "d.warc.gz"]) == (number, True)
    by_place = {job.place: job.state for job in catalogue.batch_jobs(number)}
    assert by_place == {
        "a.warc.gz": "done",
        "b.warc.gz": "waiting",
        "c.warc.gz": "running",
        "d.warc.gz": "waiting",
    }
    assert catalogue.release_jobs(number) == 1
    assert begin(catalogue, fleet=True) == (number + 1, False)
    assert begin(catalogue, anew=True) == (number + 2, False)


def test_what_is_all_done_begins_anew(catalogue: Catalogue) -> None:
    number, _ = begin(catalogue, NAMES[:1])
    run(catalogue, number, 1)
    assert begin(catalogue, NAMES[:1]) == (number + 1, False)
    assert [one.id for one in catalogue.all_batches()] == [number + 1, number]


def test_old_batches_go_unless_they_are_at_work(catalogue: Catalogue) -> None:
    number, _ = begin(catalogue, NAMES[:1])
    run(catalogue, number, 1, "failed", reason="x")
    other, _ = begin(catalogue, anew=True)
    assert catalogue.prune_batches(START) == 0
    assert catalogue.prune_batches(after(days=1)) == 1
    assert [one.id for one in catalogue.all_batches()] == [other]


OWN = "sky-news-20260301120000000-lantern-0123abcd.warc.gz"
LATER = "sky-news-20260303120000000-lantern-0123abce.warc.gz"
OTHER = "x-20260303120000000-lantern-0123abcf.warc.gz"
FOREIGN = "import-CC-NEWS-0011223344556677.warc.gz"


@pytest.fixture
def filled(catalogue: Catalogue) -> Catalogue:
    for name, outlet, days in (
        (OWN, "sky-news", 0),
        (LATER, "sky-news", 2),
        (OTHER, "x", 2),
        (FOREIGN, "x", 0),
        (FOREIGN, "sky-news", 5),
    ):
        capture = make_capture(
            f"https://{outlet}.example/{days}", after(days=days), outlet=outlet,
            warc=make_ref(file=name, offset=days),
        )  # fmt: skip
        catalogue.add_captures([capture])
        catalogue.close_file(name, at=after(days=days), size=9, sha256=None)
    catalogue.close_file("empty.warc.gz", at=START, size=0, sha256=None)
    return catalogue


def test_files_are_chosen_by_what_they_hold(filled: Catalogue) -> None:
    chosen = filled.chosen_files
    assert chosen() == [OWN, LATER, OTHER, FOREIGN]
    assert chosen(["sky-news"]) == [OWN, LATER, FOREIGN]
    assert chosen(["x"], until=after(days=1)) == [FOREIGN]
    assert chosen(since=after(days=1), until=after(days=3)) == [LATER, OTHER]
    assert chosen(["sky-news"], since=after(days=4)) == [FOREIGN]


def test_a_files_captures_and_their_stages(filled: Catalogue) -> None:
    assert filled.places_in(FOREIGN) == {0, 5}
    known = filled.captures_in(OWN)
    unknown = make_capture("https://nowhere.example/")
    assert filled.stages([*known, unknown]) == [known[0].extraction, None]
    assert isinstance(filled.stages(known)[0], ExtractionState)
