"""A database that goes away in the middle: nothing is lost, nothing is done twice."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier, Semaphore
from typing import Any

import psycopg
import pytest
from sqlalchemy import Connection, event, select, text
from support.captures import START, make_capture
from support.postgres import Server, own_server

from archiver.errors import CatalogueError, UndoneError
from archiver.model import utcnow
from archiver.store import patience
from archiver.store.catalogue import Catalogue
from archiver.store.tables import outlet, receipt, url
from archiver.store.tombstones import events_of
from archiver.store.veil import Redaction, Scope

PAGE = "https://news.sky.com/1"


@pytest.fixture
def catalogue(postgres: Server) -> Iterator[Catalogue]:
    """A catalogue in a server that stays up: its connections break."""
    with Catalogue.open(postgres.new_database(), create=True) as opened:
        yield opened


def end(dbapi: Any) -> None:
    """Have the server end a connection, from outside; `dbapi` as a pool hands it out."""
    own: psycopg.Connection[Any] = dbapi.dbapi_connection
    with psycopg.connect(own.info.dsn) as other:
        ended = other.execute("SELECT pg_terminate_backend(%s, 5000)", [own.info.backend_pid])
        assert ended.fetchone() == (True,)


class Broken:
    """Has the server end connections: at the first statement of a kind, or around a commit."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._engine = catalogue._engine
        self.times = 0

    def at(self, start: str, *, times: int = 1) -> None:
        def watch(conn: Connection, _cursor: object, sql: str, *_: Any) -> None:
            if sql.startswith(start) and self.times < times:
                self.times += 1
                end(conn.connection)

        event.listen(self._engine, "before_cursor_execute", watch)

    def before_commit(self) -> None:
        def watch(conn: Connection) -> None:
            if not self.times:
                self.times += 1
                end(conn.connection)

        event.listen(self._engine, "commit", watch)

    def after_commit(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The commit is done, and its answer is lost."""
        plain = self._engine.dialect.do_commit

        def do_commit(dbapi: Any) -> None:
            plain(dbapi)
            if not self.times:
                self.times += 1
                end(dbapi)
                dbapi.dbapi_connection.execute("SELECT 1")

        monkeypatch.setattr(self._engine.dialect, "do_commit", do_commit)


def attempts(catalogue: Catalogue) -> int:
    with catalogue._reading() as conn:
        return conn.scalar(select(url.c.attempts).where(url.c.url == PAGE)) or 0


@pytest.mark.parametrize(
    "start", ["SELECT", "INSERT INTO url", "UPDATE url", "INSERT INTO receipt"]
)
def test_what_breaks_off_is_done_again(catalogue: Catalogue, start: str) -> None:
    broken = Broken(catalogue)
    broken.at(start)
    catalogue.note_attempt("sky-news", PAGE, at=START, reason="dns")
    assert broken.times == 1
    assert attempts(catalogue) == 1
    assert catalogue.status()["outlets"]["sky-news"]["attempts"] == {"dns": 1}


def test_a_read_that_breaks_off_is_done_again(catalogue: Catalogue) -> None:
    catalogue.add_captures([make_capture(PAGE)])
    broken = Broken(catalogue)
    broken.at("SELECT capture.at")
    assert len(catalogue.captures_of(PAGE)) == 1
    assert broken.times == 1


def test_a_commit_that_never_came_is_done_again(catalogue: Catalogue) -> None:
    broken = Broken(catalogue)
    broken.before_commit()
    catalogue.note_attempt("sky-news", PAGE, at=START, reason="dns")
    assert broken.times == 1
    assert attempts(catalogue) == 1


def test_a_commit_whose_answer_was_lost_is_not_done_again(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Broken(catalogue)
    catalogue.note_attempt("sky-news", PAGE, at=START, reason="dns")
    broken.after_commit(monkeypatch)
    catalogue.note_attempt("sky-news", PAGE, at=START, reason="dns")
    assert broken.times == 1
    assert attempts(catalogue) == 2


def test_what_is_given_as_an_iterator_is_not_lost(catalogue: Catalogue) -> None:
    broken = Broken(catalogue)
    broken.at("INSERT INTO redaction")
    made = Redaction(
        id="0a", url=PAGE, scope=Scope.URL, urls=(PAGE,), by="", reason="", made=START, payloads=()
    )
    assert catalogue.apply_events(iter(events_of(made))) == 1
    assert broken.times == 1
    assert [one.id for one in catalogue.redactions()] == ["0a"]


def test_what_stays_away_is_waited_for_no_longer_than_is_said(postgres: Server) -> None:
    with Catalogue.open(postgres.new_database(), create=True, patience=0.0) as catalogue:
        Broken(catalogue).at("SELECT", times=99)
        with pytest.raises(CatalogueError, match="can be reached") as caught:
            catalogue.captures_of(PAGE)
    assert not isinstance(caught.value, UndoneError)  # or who called would wait once more


def test_once_given_up_nobody_waits_again_until_it_is_back(
    postgres: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, pauses = [0.0], list[float]()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(patience.time, "monotonic", lambda: clock[0])
    monkeypatch.setattr(patience.time, "sleep", sleep)
    with Catalogue.open(postgres.new_database(), create=True, patience=5.0) as catalogue:
        broken = Broken(catalogue)
        broken.at("SELECT", times=99)
        with pytest.raises(CatalogueError):
            catalogue.captures_of(PAGE)
        assert 5.0 <= sum(pauses) < 7.0
        pauses.clear()
        for _ in range(3):
            with pytest.raises(CatalogueError):
                catalogue.captures_of(PAGE)
        assert pauses == []
        broken.times = 99
        assert catalogue.captures_of(PAGE) == []
        broken.times = 97  # twice more
        assert catalogue.captures_of(PAGE) == []
        assert len(pauses) == 2


def test_faults_of_our_own_are_not_tried_again(catalogue: Catalogue) -> None:
    asked = []

    class Faulty(Catalogue):
        def ask(self) -> None:
            asked.append(1)
            with self._reading() as conn:
                conn.execute(text("SELECT nonsense"))

    with Faulty(catalogue._engine) as faulty, pytest.raises(Exception, match="nonsense"):
        faulty.ask()
    assert asked == [1]


def test_of_two_that_wait_for_each_other_both_come_to_their_end(catalogue: Catalogue) -> None:
    """As when a migration and a crawl take tables in another order."""
    names = ["a", "b"]
    for name in names:
        catalogue.start_run(name, trigger="hand", at=START)
    both = Barrier(2)
    begun: list[str] = []

    class Crossing(Catalogue):
        def cross(self, order: list[str]) -> None:
            begun.append(order[0])
            with self._writing() as conn:
                for place, name in enumerate(order):
                    wanted = select(outlet.c.id).where(outlet.c.name == name)
                    conn.execute(wanted.with_for_update())
                    if place == 0 and len(begun) <= 2:
                        both.wait(10)

    with Crossing(catalogue._engine) as crossing, ThreadPoolExecutor(2) as threads:
        for ended in [threads.submit(crossing.cross, order) for order in (names, names[::-1])]:
            ended.result()
    assert len(begun) == 3  # one of them was undone, and done again


def test_receipts_of_connections_that_ended_go(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    catalogue.start_run("a", trigger="hand", at=START)
    with catalogue._writing() as conn:
        conn.execute(receipt.insert().values(connection="old", number=1, at=START))
    later = utcnow() + timedelta(days=9)
    monkeypatch.setattr(patience, "utcnow", lambda: later)
    catalogue._engine.dispose()
    catalogue.start_run("a", trigger="hand", at=START)
    with catalogue._reading() as conn:
        found = conn.execute(select(receipt.c.connection, receipt.c.at)).all()
    assert [at for _, at in found] == [later]


def test_sqlite_leaves_no_receipts(tmp_path: Any) -> None:
    with Catalogue.open(f"sqlite:///{tmp_path}/a.sqlite", create=True) as catalogue:
        catalogue.start_run("a", trigger="hand", at=START)
        with catalogue._reading() as conn:
            assert conn.execute(select(receipt)).all() == []


def test_a_server_that_restarts_is_waited_for() -> None:
    """Threads write without a pause while it crashes twice: every row is there, none twice."""
    with own_server() as server:
        server.stop()
        server.start(synchronous_commit="on")
        with Catalogue.open(server.new_database(), create=True, patience=120) as catalogue:
            ended = Semaphore(0)

            def write(thread: int) -> None:
                for number in range(200):
                    page = f"https://news.sky.com/{thread}/{number}"
                    catalogue.add_captures([make_capture(page)])
                    catalogue.note_attempt("sky-news", PAGE, at=START, reason="dns")
                    ended.release()

            with ThreadPoolExecutor(4) as threads:
                work = [threads.submit(write, thread) for thread in range(4)]
                for so_many in (100, 300):
                    assert all(ended.acquire(timeout=60) for _ in range(so_many))
                    server.stop()
                    server.start(synchronous_commit="on")
                for one in work:
                    one.result()
            assert catalogue.status()["totals"]["captures"] == 800
            assert attempts(catalogue) == 800
