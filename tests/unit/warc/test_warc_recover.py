from __future__ import annotations

import errno
import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.exchanges import answer, exchange
from support.judges import judge

from archiver.errors import DiskFullError
from archiver.model import WarcRef
from archiver.warc import recover as recover_module
from archiver.warc.cdxj import file_lines
from archiver.warc.check import check_file
from archiver.warc.reader import StoredRecord, iter_records, read_record
from archiver.warc.record import WarcInfo, exchange_records
from archiver.warc.recover import Recovered, recover
from archiver.warc.writer import WarcWriter

INFO = WarcInfo(software="news-archiver/test")


def append(writer: WarcWriter, number: int, size: int = 300) -> list[WarcRef]:
    body = hashlib.shake_128(b"%d" % number).digest(size)
    kept = exchange(answer(body), url=f"https://news.example/{number}")
    return writer.append(exchange_records(kept))


def crashed(folder: Path, *, synced: int = 2, unsynced: int = 2) -> tuple[Path, list[WarcRef]]:
    """A file as a killed writer leaves it: its path, and every record's place."""
    writer = WarcWriter(folder, prefix="p", info=INFO)
    refs = []
    for number in range(synced):
        refs += append(writer, number)
    writer.sync()
    for number in range(synced, synced + unsynced):
        refs += append(writer, number)
    assert writer._file
    os.close(writer._file.fd)  # what the kernel does at a kill; the lock goes with it
    os.close(writer._file.journal)
    (path,) = folder.glob("*.open")
    return path, refs


def places(path: Path) -> set[tuple[int, str | None]]:
    return {(r.offset, r.record_id) for r in iter_records(path) if isinstance(r, StoredRecord)}


def test_a_whole_file_only_gets_its_name_and_index(tmp_path: Path) -> None:
    left, refs = crashed(tmp_path)
    data = left.read_bytes()
    (found,) = recover(tmp_path)
    final = tmp_path / found.file
    assert found == Recovered(
        file=refs[0].file,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        journalled=refs[6].offset,
        torn=0,
        captures=tuple(ref.offset for ref in refs[::3]),
    )
    assert found.after_journal == tuple(ref.offset for ref in refs[6::3])
    assert final.read_bytes() == data
    assert sorted(path.name for path in tmp_path.iterdir()) == [final.name, final.name + ".cdxj"]
    assert (tmp_path / (final.name + ".cdxj")).read_text().splitlines() == file_lines(final)
    assert recover(tmp_path) == []


@settings(deadline=None, max_examples=40)
@given(cut=st.integers(0, 3999), junk=st.binary(max_size=50))
def test_a_torn_tail_is_cut_off_and_kept(
    tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes
) -> None:
    folder = tmp_path_factory.mktemp("torn")
    left, refs = crashed(folder)
    whole = left.read_bytes()
    durable = refs[6].offset
    cut = durable + cut % (len(whole) - durable)  # what was synced cannot be torn
    left.write_bytes(whole[:cut] + junk)
    (found,) = recover(folder)
    ends = [ref.offset + ref.length for ref in refs[2::3]]  # of whole exchanges
    intact = [ref for place, ref in enumerate(refs) if ends[place // 3] <= cut]
    assert found.size == intact[-1].offset + intact[-1].length
    assert found.torn == cut + len(junk) - found.size
    assert (folder / found.file).read_bytes() == whole[: found.size]
    torn = folder / (found.file + ".torn")
    if found.torn:
        assert torn.read_bytes() == whole[found.size : cut] + junk
    else:
        assert not torn.exists()
    assert places(folder / found.file) >= {(ref.offset, ref.record_id) for ref in intact}
    assert check_file(folder / found.file) == []


def test_a_torn_tail_is_not_cut_off_before_its_copy_is_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    left, _ = crashed(tmp_path)
    whole = left.read_bytes()
    left.write_bytes(whole + b"torn")
    sizes: list[int] = []
    sync_folder = recover_module.sync_folder

    def synced(folder: Path) -> None:
        if left.exists():
            sizes.append(left.stat().st_size)
        sync_folder(folder)

    monkeypatch.setattr(recover_module, "sync_folder", synced)
    recover(tmp_path)
    assert sizes == [len(whole) + 4]


@pytest.mark.parametrize("journal", [b"", b"x", b"-5", b"99999999999", b"17", None])
def test_a_journal_that_lies_costs_no_record(tmp_path: Path, journal: bytes | None) -> None:
    left, refs = crashed(tmp_path)
    whole = left.read_bytes()
    left.write_bytes(whole[:-5])
    path = tmp_path / (refs[0].file + ".journal")
    if journal is None:
        path.unlink()
    else:
        path.write_bytes(journal)
    (found,) = recover(tmp_path)
    assert found.size == refs[-3].offset


def test_damage_before_the_journal_takes_nothing_that_was_durable(tmp_path: Path) -> None:
    left, refs = crashed(tmp_path)
    data = bytearray(left.read_bytes())
    data[refs[1].offset + 30] ^= 0xFF  # the disk's fault, not the crash's
    left.write_bytes(data[: refs[6].offset + 10])
    (found,) = recover(tmp_path)
    assert found.size == refs[6].offset
    assert found.torn == 10
    assert len(check_file(tmp_path / found.file)) > 0
    kept = places(tmp_path / found.file)
    assert {(ref.offset, ref.record_id) for ref in refs[2:6]} <= kept


def test_damage_before_the_journal_hides_nothing_after_it(tmp_path: Path) -> None:
    left, refs = crashed(tmp_path)
    data = bytearray(left.read_bytes())
    data[refs[1].offset + 30] ^= 0xFF
    left.write_bytes(data)
    (found,) = recover(tmp_path)
    path = tmp_path / found.file
    assert (found.size, found.torn) == (len(data), 0)
    assert found.captures == tuple(ref.offset for ref in refs[::3])
    assert (tmp_path / (found.file + ".cdxj")).read_text().splitlines() == file_lines(path)


def test_what_follows_a_member_that_does_not_end_is_not_believed(tmp_path: Path) -> None:
    """A loss of power may leave a later write and not the one before it."""
    left, refs = crashed(tmp_path)
    data = bytearray(left.read_bytes())
    data[refs[6].offset + 30] ^= 0xFF  # the first after the last sync
    left.write_bytes(data)
    kept: list[int] = []
    (found,) = recover(tmp_path, visit=lambda record: kept.append(record.offset))
    assert found.size == refs[6].offset
    assert (tmp_path / (found.file + ".torn")).read_bytes() == data[refs[6].offset :]
    assert found.captures == tuple(ref.offset for ref in refs[:6:3])
    assert kept == [0, *(ref.offset for ref in refs[:6])]


@pytest.mark.parametrize("cut", [0, 50, None])
def test_a_file_without_an_exchange_is_removed(tmp_path: Path, cut: int | None) -> None:
    left, refs = crashed(tmp_path, synced=0, unsynced=1)
    whole = left.read_bytes()
    cut = refs[0].offset if cut is None else cut  # right behind warcinfo
    left.write_bytes(whole[:cut])
    (found,) = recover(tmp_path)
    assert (found.size, found.sha256, found.captures) == (0, "", ())
    assert not list(tmp_path.glob("*.open"))
    assert not list(tmp_path.glob("*.warc.gz"))
    assert found.torn == (cut if cut == 50 else 0)
    assert len(list(tmp_path.glob("*.torn"))) == (1 if cut == 50 else 0)


def test_a_file_in_use_is_left_alone(tmp_path: Path) -> None:
    crashed(tmp_path)
    writer = WarcWriter(tmp_path, prefix="live", info=INFO)
    append(writer, 1)
    (found,) = recover(tmp_path)
    assert found.file.startswith("p-")
    assert len(list(tmp_path.glob("live-*.open"))) == 1
    assert len(list(tmp_path.glob("live-*.journal"))) == 1
    writer.close()


@pytest.mark.parametrize("step", ["_keep_torn", "write_sidecar", "sync_folder"])
def test_an_interrupted_recovery_can_be_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    left, refs = crashed(tmp_path)
    whole = left.read_bytes()
    left.write_bytes(whole[:-5])

    def no_room(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(recover_module, step, no_room)
        with pytest.raises(DiskFullError, match="recover the file"):
            recover(tmp_path)
    recover(tmp_path)
    name = refs[0].file
    assert (tmp_path / name).read_bytes() == whole[: refs[-3].offset]
    assert (tmp_path / (name + ".torn")).read_bytes() == whole[refs[-3].offset : -5]
    assert (tmp_path / (name + ".cdxj")).read_text().splitlines() == file_lines(tmp_path / name)
    assert not list(tmp_path.glob("*.journal"))


def test_nothing_to_recover(tmp_path: Path) -> None:
    assert recover(tmp_path) == []
    assert recover(tmp_path / "none") == []


CHILD = """
import os, sys
from pathlib import Path
from support.exchanges import answer, exchange
from archiver.warc.record import WarcInfo, exchange_records
from archiver.warc.writer import WarcWriter

writer = WarcWriter(Path(sys.argv[1]), prefix="k", info=WarcInfo(software="s"), max_size=900_000)
for number in range(10**6):
    for part in range(3):
        kept = exchange(answer(os.urandom(90_000)), url=f"https://news.example/{number}/{part}")
        refs = writer.append(exchange_records(kept))
    writer.sync()
    print(*(f"{ref.file} {ref.offset} {ref.record_id}" for ref in refs), sep="|", flush=True)
"""


def test_nothing_durable_is_lost_to_kill_9(tmp_path: Path) -> None:
    """Killed 15 times at some moment of its writing, the writer loses nothing that it synced."""
    chance = random.Random(20240506)
    durable: list[tuple[str, int, str]] = []
    torn = 0
    root = Path(__file__).parents[3]
    for _ in range(15):
        child = subprocess.Popen(
            [sys.executable, "-c", CHILD, str(tmp_path)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"},
        )
        with child:
            assert child.stdout
            for _ in range(chance.randrange(1, 12)):
                for place in child.stdout.readline().decode().strip().split("|"):
                    name, at, record_id = place.split()
                    durable.append((name, int(at), record_id))
            child.send_signal(signal.SIGKILL)
        recovered = recover(tmp_path)
        assert recovered
        torn += sum(found.torn > 0 for found in recovered)
    assert not list(tmp_path.glob("*.open"))
    assert len(list(tmp_path.glob("*.torn"))) == torn
    for name, offset, record_id in durable:
        assert read_record(tmp_path / name, offset).record_id == record_id
    files = sorted(tmp_path.glob("*.warc.gz"))
    for path in files:
        assert all("request" in fault.what for fault in check_file(path))
    together = tmp_path / "together.warc.gz"  # joined WARCs are one; a judge takes long to start
    with together.open("wb") as out:
        out.writelines(path.read_bytes() for path in files)
    assert judge(together) == []
