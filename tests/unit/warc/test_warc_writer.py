from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import resource
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from support.exchanges import STARTED, answer, exchange

from archiver.errors import DiskFullError, WarcError
from archiver.model import WarcRef
from archiver.warc import names as names_module
from archiver.warc import writer as writer_module
from archiver.warc.cdxj import file_lines
from archiver.warc.check import check_file
from archiver.warc.compress import Codec
from archiver.warc.journal import journalled_offset
from archiver.warc.names import make_folder, new_name, open_warc, resolve
from archiver.warc.reader import StoredRecord, iter_records, read_record
from archiver.warc.record import Record, WarcInfo, exchange_records
from archiver.warc.recover import Recovered, recover
from archiver.warc.writer import WarcWriter

INFO = WarcInfo(software="news-archiver/test")


def records_for(number: int, size: int = 500) -> tuple[Record, ...]:
    body = hashlib.shake_128(b"%d" % number).digest(size)  # does not compress
    return exchange_records(exchange(answer(body), url=f"https://news.example/{number}"))


def suffixes(folder: Path) -> list[str]:
    return sorted(path.name.partition(".warc.gz")[2] for path in folder.iterdir())


def test_an_exchange_can_be_read_while_the_file_is_open_and_after(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path, prefix="sky-news", info=INFO)
    assert not list(tmp_path.iterdir())  # the first append opens the first file
    records = records_for(1)
    refs = writer.append(records)
    assert suffixes(tmp_path) == [".journal", ".open"]
    assert [ref.record_id for ref in refs] == [record.record_id for record in records]
    before = [read_record(resolve(tmp_path, ref.file), ref.offset) for ref in refs]
    writer.close()
    assert suffixes(tmp_path) == ["", ".cdxj"]
    after = [read_record(resolve(tmp_path, ref.file), ref.offset) for ref in refs]
    assert before == after
    assert [(r.file, r.offset, r.length) for r in after] == [
        (ref.file, ref.offset, ref.length) for ref in refs
    ]
    assert refs[0].payload_digest == after[0].header("WARC-Payload-Digest")
    assert check_file(tmp_path / refs[0].file) == []


def test_a_file_begins_with_warcinfo_and_every_record_names_it(tmp_path: Path) -> None:
    with WarcWriter(tmp_path, prefix="p", info=INFO) as writer:
        writer.append(records_for(1))
        writer.append(records_for(2))
    (path,) = tmp_path.glob("*.warc.gz")
    info, *others = [item for item in iter_records(path) if isinstance(item, StoredRecord)]
    assert info.type == "warcinfo"
    assert info.header("WARC-Filename") == path.name
    assert b"software: news-archiver/test" in info.block
    assert len(others) == 6
    assert {record.header("WARC-Warcinfo-ID") for record in others} == {info.record_id}


def test_an_exchange_is_one_write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    system = FaultyOs()
    monkeypatch.setattr(writer_module, "os", system)
    with WarcWriter(tmp_path, prefix="p", info=INFO) as writer:
        writer.append(records_for(1))
        writer.append(records_for(2))
    assert system.writes == 2


def test_files_rotate_by_size_between_exchanges_only(tmp_path: Path) -> None:
    opened: list[str] = []
    closed: list[tuple[str, int, str]] = []
    refs: list[list[WarcRef]] = []
    with WarcWriter(
        tmp_path,
        prefix="p",
        info=INFO,
        max_size=5000,
        on_open=opened.append,
        on_close=lambda *what: closed.append(what),
    ) as writer:
        for number in range(7):
            refs.append(writer.append(records_for(number, 2000)))
            writer.sync()
    assert all(len({ref.file for ref in of_one}) == 1 for of_one in refs)
    assert len(set(opened)) == len(opened) == len(closed) == 4
    assert [name for name, _, _ in closed] == opened
    for name, size, digest in closed:
        data = (tmp_path / name).read_bytes()
        assert (len(data), hashlib.sha256(data).hexdigest()) == (size, digest)
        assert check_file(tmp_path / name) == []


def test_files_rotate_by_age(tmp_path: Path) -> None:
    now = [STARTED]
    writer = WarcWriter(
        tmp_path, prefix="p", info=INFO, max_age=timedelta(hours=1), clock=lambda: now[0]
    )
    names = []
    for minutes in (0, 59, 60, 61, 200):
        now[0] = STARTED + timedelta(minutes=minutes)
        names.append(writer.append(records_for(minutes))[0].file)
        writer.sync()
    writer.close()
    assert [names.index(name) for name in names] == [0, 0, 2, 2, 4]


def test_what_is_synced_together_stands_in_one_file(tmp_path: Path) -> None:
    with WarcWriter(tmp_path, prefix="p", info=INFO, max_size=1) as writer:
        names = []
        for group in (range(3), range(3, 5)):
            names.append({writer.append(records_for(number))[0].file for number in group})
            writer.sync()
    assert [len(of_group) for of_group in names] == [1, 1]
    assert names[0] != names[1]


def test_a_file_is_announced_before_it_holds_anything(tmp_path: Path) -> None:
    sizes: list[int] = []

    def opened(name: str) -> None:
        sizes.append(resolve(tmp_path, name).stat().st_size)

    with WarcWriter(tmp_path, prefix="p", info=INFO, on_open=opened) as writer:
        writer.append(records_for(1))
    assert sizes == [0]


def test_a_file_that_nobody_may_learn_of_is_not_begun(tmp_path: Path) -> None:
    def refused(_name: str) -> None:
        raise DiskFullError("the catalogue has no room")

    with WarcWriter(tmp_path, prefix="p", info=INFO, on_open=refused) as writer:
        with pytest.raises(DiskFullError):
            writer.append(records_for(1))
        assert suffixes(tmp_path) == []


def test_names(tmp_path: Path) -> None:
    name = new_name("sky news/../é", datetime.fromisoformat("2024-05-06T09:08:07.123999+02:00"))
    assert name.startswith("sky-news-20240506070807123-")
    assert name.endswith(".warc.gz")
    assert "/" not in name
    assert new_name("p", STARTED) != new_name("p", STARTED)
    assert not new_name("...", STARTED).startswith(".")


def test_nothing_appended_leaves_nothing(tmp_path: Path) -> None:
    with WarcWriter(tmp_path / "none", prefix="p", info=INFO) as writer:
        assert writer.append(()) == []
        writer.sync()
        assert writer.name is None
    assert not (tmp_path / "none").exists()


def test_the_open_file_is_locked(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path, prefix="p", info=INFO)
    writer.append(records_for(1))
    (path,) = tmp_path.glob("*.open")
    with path.open() as other, pytest.raises(BlockingIOError):
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert recover(tmp_path) == []
    writer.close()


def test_a_new_file_that_recovery_took_before_the_lock_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Recovered] = []

    class RecoveryComesFirst:
        LOCK_EX = fcntl.LOCK_EX

        @staticmethod
        def flock(fd: int, how: int) -> None:
            taken.extend(recover(tmp_path) if not taken else [])
            fcntl.flock(fd, how)

    monkeypatch.setattr(writer_module, "fcntl", RecoveryComesFirst)
    with WarcWriter(tmp_path, prefix="p", info=INFO) as writer:
        (ref, *_) = writer.append(records_for(1))
        assert [recovered.size for recovered in taken] == [0]
        assert read_record(resolve(tmp_path, ref.file), ref.offset)


def test_the_journal_tells_what_is_durable(tmp_path: Path) -> None:
    writer = WarcWriter(tmp_path, prefix="p", info=INFO)
    writer.append(records_for(1))
    (journal,) = tmp_path.glob("*.journal")
    assert journal.read_bytes() == b""
    writer.sync()
    (path,) = tmp_path.glob("*.open")
    durable = path.stat().st_size
    assert journalled_offset(journal.read_bytes()) == durable
    writer.append(records_for(2))
    assert journalled_offset(journal.read_bytes()) == durable < path.stat().st_size
    writer.close()
    assert not journal.exists()


@pytest.mark.parametrize("codec", list(Codec))
def test_the_sidecar_is_what_the_file_would_give(tmp_path: Path, codec: Codec) -> None:
    with WarcWriter(tmp_path, prefix="p", info=INFO, codec=codec) as writer:
        for number in (3, 1, 2):
            writer.append(records_for(number))
    (path,) = tmp_path.glob("*.warc.gz")
    (sidecar,) = tmp_path.glob("*.cdxj")
    assert sidecar.read_text().splitlines() == file_lines(path)
    assert len(file_lines(path)) == 3


# Faults


class FaultyOs:
    """The os module with a disk that fails: a fake only to inject faults.

    `room` bytes can be written, then `error`; `fails` names calls that fail with it at once.
    """

    def __init__(self, room: int = 1 << 30, error: int = errno.ENOSPC, fails: str = "") -> None:
        self.room = room
        self.error = error
        self.fails = fails
        self.writes = 0

    def write(self, fd: int, data: memoryview) -> int:
        self.writes += 1
        count = min(self.room, len(data))
        if not count:
            raise OSError(self.error, os.strerror(self.error))
        self.room -= count
        return os.write(fd, data[:count])

    def __getattr__(self, name: str) -> Any:
        if name in self.fails.split():
            return self._fail
        return getattr(os, name)

    def _fail(self, *_: object) -> None:
        raise OSError(self.error, os.strerror(self.error))


Faulty = Callable[..., FaultyOs]


@pytest.fixture
def faulty(monkeypatch: pytest.MonkeyPatch) -> Faulty:
    def install(**how: Any) -> FaultyOs:
        system = FaultyOs(**how)
        monkeypatch.setattr(writer_module, "os", system)
        return system

    return install


@pytest.mark.parametrize(
    ("error", "expected"),
    [(errno.ENOSPC, DiskFullError), (errno.EDQUOT, DiskFullError), (errno.EIO, WarcError)],
)
@pytest.mark.parametrize("room", [0, 1, 500, 1500])
def test_a_failed_write_leaves_no_torn_record(
    tmp_path: Path, faulty: Faulty, error: int, expected: type[Exception], room: int
) -> None:
    closed: list[tuple[str, int, str]] = []
    writer = WarcWriter(tmp_path, prefix="p", info=INFO, on_close=lambda *what: closed.append(what))
    kept = writer.append(records_for(1))
    (path,) = tmp_path.glob("*.open")
    size = path.stat().st_size
    system = faulty(room=room, error=error)
    with pytest.raises(expected, match="keep an exchange") as caught:
        writer.append(records_for(2, 1000))
    assert path.stat().st_size == size
    assert kept[0].file in str(caught.value)
    system.room = 1 << 30  # somebody made room
    kept += writer.append(records_for(3))
    writer.close()
    final = tmp_path / kept[0].file
    assert [read_record(final, ref.offset).record_id for ref in kept] == [
        ref.record_id for ref in kept
    ]
    assert check_file(final) == []
    assert closed[0][2] == hashlib.sha256(final.read_bytes()).hexdigest()


def test_a_file_whose_first_exchange_had_no_room_is_removed(tmp_path: Path, faulty: Faulty) -> None:
    said: list[object] = []
    writer = WarcWriter(
        tmp_path, prefix="p", info=INFO, on_open=said.append, on_close=lambda *w: said.append(w)
    )
    system = faulty(room=100)
    with pytest.raises(DiskFullError):
        writer.append(records_for(1))
    assert [path.stat().st_size for path in tmp_path.glob("*.open")] == [0]
    system.room = 10**6
    refs = writer.append(records_for(2))
    assert refs[0].offset > 0  # behind the warcinfo record, which is there now
    assert read_record(resolve(tmp_path, refs[0].file), 0).type == "warcinfo"
    system.room = 0
    writer.close()
    said.clear()
    with pytest.raises(DiskFullError):
        writer.append(records_for(3))
    writer.close()
    assert said == [said[0], (said[0], 0, hashlib.sha256().hexdigest())]  # begun, and removed
    assert suffixes(tmp_path) == ["", ".cdxj"]


def test_a_real_limit_of_the_system_leaves_no_torn_record(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    writer = WarcWriter(tmp_path, prefix="p", info=INFO)
    kept = writer.append(records_for(1))
    (path,) = tmp_path.glob("*.open")
    size = path.stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (size + 700, hard))
    try:
        with pytest.raises(WarcError, match="File too large"):
            writer.append(records_for(2, 5000))
        assert path.stat().st_size == size
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    kept += writer.append(records_for(3))
    writer.close()
    assert check_file(tmp_path / kept[0].file) == []


@pytest.mark.parametrize("synced", [True, False])
def test_a_tail_that_cannot_be_cut_off_is_left_to_recovery(
    tmp_path: Path, faulty: Faulty, synced: bool
) -> None:
    writer = WarcWriter(tmp_path, prefix="p", info=INFO)
    kept = writer.append(records_for(1))
    if synced:
        writer.sync()
    faulty(room=300, error=errno.EIO, fails="ftruncate")
    with pytest.raises(WarcError):
        writer.append(records_for(2))
    faulty()
    if not synced:  # it may not be there: nobody is told that it is, and nothing is added
        with pytest.raises(WarcError, match="make records durable"):
            writer.append(records_for(3))
        with pytest.raises(WarcError, match="make records durable"):
            writer.sync()
    later = writer.append(records_for(3))
    writer.close()
    assert later[0].file != kept[0].file
    (recovered,) = recover(tmp_path)
    assert (recovered.file, recovered.torn) == (kept[0].file, 300)
    for ref in (*kept, *later):
        assert read_record(resolve(tmp_path, ref.file), ref.offset).record_id == ref.record_id


def test_after_a_failed_sync_the_file_is_not_trusted(tmp_path: Path, faulty: Faulty) -> None:
    writer = WarcWriter(tmp_path, prefix="p", info=INFO)
    kept = writer.append(records_for(1))
    faulty(error=errno.EIO, fails="fdatasync")
    with pytest.raises(WarcError, match="make records durable"):
        writer.sync()
    faulty()
    assert writer.append(records_for(2))[0].file != kept[0].file
    writer.close()
    assert [recovered.file for recovered in recover(tmp_path)] == [kept[0].file]


def test_a_journal_that_cannot_be_written_costs_nothing(tmp_path: Path, faulty: Faulty) -> None:
    faulty(fails="pwrite")
    with WarcWriter(tmp_path, prefix="p", info=INFO) as writer:
        writer.append(records_for(1))
        writer.sync()
    assert suffixes(tmp_path) == ["", ".cdxj"]


def test_a_file_that_cannot_be_finished_is_left_to_recovery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    writer = WarcWriter(tmp_path, prefix="p", info=INFO)
    refs = writer.append(records_for(1))
    with monkeypatch.context() as patch:
        patch.setattr(writer_module, "write_sidecar", no_room)
        with pytest.raises(DiskFullError, match="finish the file"):
            writer.close()
    assert suffixes(tmp_path) == [".journal", ".open"]
    assert writer.name is None
    (recovered,) = recover(tmp_path)
    assert recovered.torn == 0
    assert recovered.journalled == recovered.size  # close had made it durable
    assert read_record(resolve(tmp_path, refs[0].file), refs[0].offset)
    assert suffixes(tmp_path) == ["", ".cdxj"]


def test_a_folder_that_cannot_be_written_to(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(WarcError, match="begin a file"):
        WarcWriter(tmp_path / "file", prefix="p", info=INFO).append(records_for(1))


def test_folders_are_made_for_good(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(names_module, "sync_folder", synced.append)
    for _ in range(2):
        make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    assert synced == [tmp_path, tmp_path / "a"]


def test_a_rename_between_look_and_open_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.warc.gz.open").write_text("x")
    for asked in ("a.warc.gz", "a.warc.gz.open"):
        os.close(open_warc(tmp_path / asked))
    (tmp_path / "a.warc.gz.open").rename(tmp_path / "a.warc.gz")
    for asked in ("a.warc.gz", "a.warc.gz.open"):
        os.close(open_warc(tmp_path / asked))
    assert resolve(tmp_path, "a.warc.gz") == tmp_path / "a.warc.gz"
    assert resolve(tmp_path, "b.warc.gz") == tmp_path / "b.warc.gz"
    with pytest.raises(WarcError, match="cannot be opened"):
        open_warc(tmp_path / "b.warc.gz")
