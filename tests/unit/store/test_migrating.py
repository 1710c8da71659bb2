"""Tables are brought up to date while other processes are at work on them."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event

import pytest
from alembic import command
from sqlalchemy import text
from support.captures import START, make_capture
from support.migrating import NEWER, write_migration

from archiver.errors import CatalogueError
from archiver.store.catalogue import Catalogue
from archiver.store.engine import catalogue_url, make_engine
from archiver.store.migrate import alembic_config, revision_of

TESTS = Path(__file__).parents[2]


def newer_program(database: str, folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "support.migrating", database, str(folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(TESTS), str(TESTS.parent)])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def let_go(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("go on\n")
    process.stdin.flush()


def said(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_old_processes_go_on_while_a_new_one_migrates(database: str, tmp_path: Path) -> None:
    """They write and read before, while they wait, and after; nothing fails, nothing is lost."""
    write_migration(tmp_path / "newer")
    with Catalogue.open(database, create=True) as old, ThreadPoolExecutor(3) as threads:
        ended, first = Event(), Event()

        def work(number: int) -> int:
            count = 0
            while not ended.is_set():
                page = f"https://news.sky.com/{number}/{count}"
                old.add_captures([make_capture(page)])
                assert old.unfetched("sky-news", [page, "https://x.example/"]) == {
                    "https://x.example/"
                }
                old.note_attempt("sky-news", "https://shared.example/", at=START, reason="dns")
                count += 1
                first.set()
            return count

        writers = [threads.submit(work, number) for number in range(3)]
        assert first.wait(60)
        with newer_program(database, tmp_path / "newer") as new:
            for _ in range(9):  # anew where PostgreSQL had to undo it
                line = said(new)
                if line != "begun":
                    break
                let_go(new)
            assert line == "done"
        first.clear()
        assert first.wait(60)  # the old process goes on with the new tables
        ended.set()
        done = sum(writer.result(60) for writer in writers)
        assert old.status()["totals"]["captures"] == done
        assert old.status()["outlets"]["sky-news"]["attempts"] == {"dns": done}
    with pytest.raises(CatalogueError, match="newer"):
        Catalogue.open(database)


def test_of_two_new_processes_one_migrates_and_the_other_waits(
    database: str, tmp_path: Path
) -> None:
    write_migration(tmp_path / "newer")
    Catalogue.open(database, create=True).close()
    with (
        newer_program(database, tmp_path / "newer") as one,
        newer_program(database, tmp_path / "newer") as two,
        ThreadPoolExecutor(2) as threads,
    ):
        lines = [threads.submit(said, process) for process in (one, two)]
        let_go(one)
        let_go(two)
        first = [line.result(60) for line in lines]
        both = zip((one, two), first, strict=True)
        rest = [said(process) for process, line in both if line == "begun"]
    assert sorted(first) == ["begun", "done"]  # the migration ran once
    assert rest == ["done"]
    engine = make_engine(catalogue_url(database))
    assert revision_of(engine) == NEWER
    engine.dispose()


def test_an_old_catalogue_is_brought_up_by_many_at_once(database: str) -> None:
    engine = make_engine(catalogue_url(database))
    with engine.begin() as conn:
        config = alembic_config()
        config.attributes["connection"] = conn
        command.upgrade(config, "0001")
        conn.execute(text("INSERT INTO outlet (name) VALUES ('sky-news')"))
    engine.dispose()
    code = "import sys; from archiver.store.catalogue import Catalogue; Catalogue.open(sys.argv[1])"
    processes = [subprocess.Popen([sys.executable, "-c", code, database]) for _ in range(3)]
    assert [process.wait(120) for process in processes] == [0, 0, 0]
    with Catalogue.open(database) as catalogue:
        assert list(catalogue.status()["outlets"]) == ["sky-news"]
