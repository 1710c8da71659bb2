"""One daemon an archive."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from archiver.daemon.holder import ask_daemon, asked_for, daemon_lock, forget_asked
from archiver.errors import ArchiverError, LockedError

_RACE = """
import os, sys
from pathlib import Path
sys.path[:0] = sys.argv[2:]
from archiver.daemon.holder import daemon_lock
from archiver.errors import LockedError

go, told = os.pipe(), os.pipe()
for _ in range(100):
    if os.fork() == 0:
        os.close(go[1])
        os.read(go[0], 1)  # until the parent closes it: all at once
        try:
            with daemon_lock(Path(sys.argv[1])):
                os.write(told[1], b"mine ")
                os.read(0, 1)
        except LockedError:
            os.write(told[1], b"theirs ")
        os._exit(0)
os.close(told[1])
os.close(go[1])
words = b""
while words.count(b" ") < 100:
    words += os.read(told[0], 1000)
print(words.decode(), flush=True)
"""


def test_of_a_hundred_racing_starts_one_holds_the_archive(tmp_path: Path) -> None:
    race = subprocess.Popen(
        [sys.executable, "-c", _RACE, str(tmp_path), *sys.path],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert race.stdout
    words = race.stdout.readline().split()
    race.communicate("")
    assert sorted(words) == ["mine"] + ["theirs"] * 99


def test_the_second_daemon_names_the_first(tmp_path: Path) -> None:
    with (
        daemon_lock(tmp_path),
        pytest.raises(LockedError, match=str(os.getpid())) as caught,
        daemon_lock(tmp_path),
    ):
        pass
    assert caught.value.exit_code == 11


def test_a_daemon_is_woken_and_told_for_whom(tmp_path: Path) -> None:
    woken: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, _: woken.append(number))
    try:
        with daemon_lock(tmp_path):
            assert ask_daemon(tmp_path, ["b", "a"]) == os.getpid()
            assert set(asked_for(tmp_path)) == {"a", "b"}
            forget_asked(tmp_path, ["a"])
            assert list(asked_for(tmp_path)) == ["b"]
            (tmp_path / "daemon" / "daemon.lock").write_text("")  # it has only just begun
            with pytest.raises(ArchiverError, match="no daemon is at work"):
                ask_daemon(tmp_path, ["a"])
    finally:
        signal.signal(signal.SIGUSR1, before)
    assert woken == [signal.SIGUSR1]


def test_another_lock_within_is_not_taken_for_the_daemons(tmp_path: Path) -> None:
    other = LockedError("sky-news is being crawled", thing="sky-news", todo="Wait.")
    with pytest.raises(LockedError) as caught, daemon_lock(tmp_path):
        raise other
    assert caught.value is other


def test_nobody_is_there_to_be_woken(tmp_path: Path) -> None:
    with pytest.raises(ArchiverError, match="no daemon is at work"):
        ask_daemon(tmp_path, ["a"])
    assert asked_for(tmp_path) == {}
