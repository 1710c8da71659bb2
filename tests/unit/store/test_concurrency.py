"""Several processes and threads on one catalogue: nothing fails, nothing is counted twice."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

from sqlalchemy import event, select
from support.captures import START, after, make_article, make_capture
from support.writers import ROUNDS, SHARED, THREADS, begin, write

from archiver.model import Discovery, SourceKind
from archiver.store.catalogue import Catalogue
from archiver.store.tables import outlet, revision, url

PROCESSES = 4


def test_four_processes_of_two_threads_write_at_once(database: str) -> None:
    """They make the catalogue together too."""
    context = get_context("spawn")
    with ProcessPoolExecutor(
        PROCESSES, context, initializer=begin, initargs=(context.Barrier(PROCESSES),)
    ) as pool:
        for ended in [pool.submit(write, database, number) for number in range(PROCESSES)]:
            ended.result()  # raises what the process raised, such as "database is locked"
    writers = PROCESSES * THREADS
    with Catalogue.open(database) as catalogue:
        status = catalogue.status()
        assert status["totals"]["captures"] == writers * ROUNDS * (SHARED + 1)
        assert status["totals"]["urls"] == (writers + SHARED + 1) * ROUNDS + 1
        assert status["totals"]["articles"] == 1
        assert status["warc_files"]["count"] == writers
        for number in range(PROCESSES):
            account = status["outlets"][f"outlet-{number}"]
            assert account["captures"]["page"]["200"] == THREADS * ROUNDS
            assert account["last_run"]["state"] == "done"
        with catalogue._reading() as conn:
            shared = select(url.c.attempts).where(url.c.url.like("https://shared.example/_/%"))
            assert set(conn.scalars(shared)) == {writers}
            numbers = conn.execute(select(revision.c.article_id, revision.c.number)).all()
        assert len(numbers) == status["totals"]["revisions"]


def test_one_article_saved_by_many_threads_has_a_revision_of_each(catalogue: Catalogue) -> None:
    def save(number: int) -> None:
        catalogue.save_article(
            make_article("https://news.sky.com/1", f"{number}", after(days=number))
        )

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(save, range(80)))
    kept = catalogue.get_article("https://news.sky.com/1")
    assert [int(one.article.text) for one in kept] == list(range(80))
    assert sorted(one.number for one in kept) == list(range(1, 81))
    assert catalogue.status()["totals"]["articles"] == 1
    assert catalogue.status()["totals"]["revisions"] == 80


def test_a_reader_neither_waits_for_a_writer_nor_sees_half_its_work(catalogue: Catalogue) -> None:
    page = "https://news.sky.com/1"
    with catalogue._writing() as conn:
        conn.execute(outlet.insert().values(name="half"))
        assert catalogue.unfetched("sky-news", [page]) == {page}
        assert catalogue.status()["outlets"] == {}
        assert catalogue.latest_capture(page) is None
        assert catalogue.capture_list() == []


def test_every_writer_takes_rows_in_the_same_order(catalogue: Catalogue) -> None:
    """Or two of them could wait for each other for ever, where rows are locked one by one."""
    order = {
        "INSERT INTO url": ("url",),
        "INSERT INTO outlet": ("name",),
        "INSERT INTO discovery": ("url_id", "source_id", "words"),
        "INSERT INTO tally": ("outlet_id", "what", "key"),
        "UPDATE url": ("number",),
    }
    taken: dict[str, list[list[tuple[object, ...]]]] = {start: [] for start in order}

    def watch(_conn: object, _cursor: object, sql: str, *rest: Any) -> None:
        for start, names in order.items():
            if sql.startswith(start):
                rows = rest[1].compiled_parameters
                taken[start].append([tuple(row[name] for name in names) for row in rows])

    pages = [f"https://news.sky.com/{number}" for number in (7, 3, 9, 1, 5, 8, 2)]
    event.listen(catalogue._engine, "before_cursor_execute", watch)
    catalogue.add_captures([make_capture(page, status=200) for page in pages[:3]])
    catalogue.add_captures(
        [make_capture(page, status=500, outlet=page[-1]) for page in reversed(pages)]
    )
    feed = "https://news.sky.com/0"
    catalogue.add_discoveries(
        None,
        [
            Discovery(url=page, outlet="b", via=SourceKind.FEED, source_url=feed, found_at=START)
            for page in pages
        ],
    )
    event.remove(catalogue._engine, "before_cursor_execute", watch)
    for start, statements in taken.items():
        assert max(len(rows) for rows in statements) > 2, start
        for rows in statements:
            assert rows == sorted(rows), start  # type: ignore[type-var]  # texts or numbers
