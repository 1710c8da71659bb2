from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from pydantic import TypeAdapter, ValidationError

from archiver.config.seeds import Slug
from archiver.errors import LockedError
from archiver.store.lock import BACKING_UP, IMPORTING, SHIPPING, holder_of, outlet_lock


@pytest.mark.parametrize("name", [SHIPPING, IMPORTING, BACKING_UP])
def test_no_outlet_can_have_the_name_of_another_lock(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Slug).validate_python(name)


HOLD = """
import sys
from pathlib import Path
from archiver.store.lock import outlet_lock
with outlet_lock(Path(sys.argv[1]), sys.argv[2]):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def held_by_another(folder: Path, outlet: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, folder, outlet],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            process.kill()


def test_a_second_process_is_told_who_holds_it(tmp_path: Path) -> None:
    with held_by_another(tmp_path, "sky-news") as holder:
        with (
            pytest.raises(LockedError, match=f"sky-news: locked by process {holder.pid}"),
            outlet_lock(tmp_path, "sky-news"),
        ):
            pass
        assert holder_of(tmp_path, "sky-news") == holder.pid
        with outlet_lock(tmp_path, "bbc"):
            assert holder_of(tmp_path, "bbc") == os.getpid()
        assert holder_of(tmp_path, "bbc") is None
        assert holder_of(tmp_path, "nobody") is None


def test_a_killed_process_holds_nothing(tmp_path: Path) -> None:
    with held_by_another(tmp_path, "sky-news") as holder:
        holder.kill()
        holder.wait()
        with outlet_lock(tmp_path, "sky-news") as path:
            assert path.read_text() == f"{os.getpid()}\n"


def test_an_ended_block_holds_nothing_even_after_an_error(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), outlet_lock(tmp_path, "sky-news"):
        raise RuntimeError
    with outlet_lock(tmp_path, "sky-news"):
        pass


def test_nor_can_one_process_hold_it_twice(tmp_path: Path) -> None:
    with (
        outlet_lock(tmp_path, "sky-news"),
        pytest.raises(LockedError, match=str(os.getpid())),
        outlet_lock(tmp_path, "sky-news"),
    ):
        pass


def test_the_holders_number_stays_when_another_one_tries(tmp_path: Path) -> None:
    with outlet_lock(tmp_path, "sky-news") as path:
        for _ in range(2):
            with pytest.raises(LockedError), outlet_lock(tmp_path, "sky-news"):
                pass
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_holder_that_has_not_said_its_number_yet(tmp_path: Path) -> None:
    with outlet_lock(tmp_path, "sky-news") as path:
        path.write_text("")
        with (
            pytest.raises(LockedError, match="just started"),
            outlet_lock(tmp_path, "sky-news"),
        ):
            pass


@pytest.mark.parametrize("outlet", ["..", "../../etc/passwd", "a/b", ".", "a\0b", "ä"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, outlet: str) -> None:
    with outlet_lock(tmp_path / "locks", outlet) as path:
        assert path.parent == tmp_path / "locks"
        assert list(path.parent.iterdir()) == [path]
