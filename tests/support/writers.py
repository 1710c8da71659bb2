"""What one of several processes does to a catalogue at once, for the tests of concurrency."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from multiprocessing.synchronize import Barrier

from support.captures import after, make_article, make_capture, make_ref

from archiver.model import Discovery, SourceKind
from archiver.store.catalogue import Catalogue

ROUNDS = 4
THREADS = 2
SHARED = 20  # URLs of each round that every thread captures too


_together: Barrier


def begin(together: Barrier) -> None:
    """Prepare a process: all of them start together."""
    global _together  # the one way to hand a barrier to a pool's processes
    _together = together


def write(database: str, process: int) -> None:
    """Crawl in two threads: runs, look-ups, captures, articles, some of them everybody's."""
    _together.wait(60)
    with (
        Catalogue.open(database, create=True) as catalogue,
        ThreadPoolExecutor(THREADS) as threads,
    ):
        list(threads.map(lambda thread: _crawl(catalogue, process, thread), range(THREADS)))


def _crawl(catalogue: Catalogue, process: int, thread: int) -> None:
    outlet = f"outlet-{process}"
    for turn in range(ROUNDS):
        run_id = catalogue.start_run(outlet, trigger="test", at=after(hours=turn))
        shared = [f"https://shared.example/{turn}/{number}" for number in range(SHARED)]
        own = f"https://{outlet}.example/{thread}/{turn}"
        if thread:
            shared.reverse()  # rows of one transaction in another order than the other's
        found = [
            Discovery(
                url=url,
                outlet=outlet,
                via=SourceKind.FEED,
                source_url=f"https://shared.example/feed-{turn}",
                found_at=after(hours=turn),
            )
            for url in shared
        ]
        catalogue.add_discoveries(run_id, found)
        catalogue.unfetched(outlet, [*shared, own])
        ref = make_ref(f"{outlet}-{thread}.warc.gz")
        taken = [
            make_capture(
                url,
                after(hours=turn, microseconds=process * THREADS + thread),
                200 if url == own else 500,
                outlet=outlet,
                run_id=run_id,
                warc=ref,
            )
            for url in [*shared, own]
        ]
        catalogue.add_captures(taken)
        catalogue.save_article(
            make_article(
                "https://shared.example/", f"text {turn}", taken[0].captured_at, outlet="shared"
            )
        )
        catalogue.end_run(
            run_id, at=after(hours=turn), state="done", reason=None, counts={"pages": 1}
        )
