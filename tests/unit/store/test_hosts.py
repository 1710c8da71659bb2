from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.hosts import Blocks, HostState


def test_a_host_is_remembered(catalogue: Catalogue) -> None:
    assert catalogue.host_state("a.example") == HostState()
    for failures in (1, 2):
        state = HostState(not_before=utcnow() + timedelta(seconds=9), failures=failures)
        catalogue.keep_host_state("a.example", state)
        assert catalogue.host_state("a.example") == state
    assert catalogue.host_state("b.example") == HostState()


def test_a_days_requests_are_booked_and_given_back(catalogue: Catalogue) -> None:
    def book(wanted: int, *, day: int = 1, outlet: str = "a") -> int:
        return catalogue.book_requests(outlet, day=day, wanted=wanted, limit=20)

    assert [book(16), book(16), book(16)] == [16, 4, 0]
    assert book(16, outlet="b") == 16
    assert book(-3) == -3
    assert [book(16), book(16)] == [3, 0]
    assert [book(16, day=2), book(-99, day=2), book(16, day=2)] == [16, -16, 16]
    assert catalogue.book_requests("a", day=2, wanted=16, limit=5) == 0
    assert book(16, day=2) == 4


def test_side_by_side_no_more_is_booked_than_there_is(catalogue: Catalogue) -> None:
    with ThreadPoolExecutor(4) as threads:
        granted = threads.map(
            lambda _: catalogue.book_requests("a", day=1, wanted=16, limit=100), range(16)
        )
        assert sum(granted) == 100


def test_blocks_are_remembered_by_outlet(catalogue: Catalogue) -> None:
    assert catalogue.blocks_of("a") == Blocks()
    catalogue.keep_blocks("a", Blocks(count=3, kind="page"))
    assert catalogue.blocks_of("a") == Blocks(count=3, kind="page")
    assert catalogue.blocks_of("b") == Blocks()
    catalogue.keep_blocks("a", Blocks())
    assert catalogue.blocks_of("a") == Blocks()
