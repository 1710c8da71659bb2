"""What the room `warc` costs by itself: syncs, codecs, recovery, reading, checking."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import cycle, islice
from pathlib import Path

from isal import igzip_lib, isal_zlib
from support.many_exchanges import generated, record_sets, writer
from support.measure import BenchmarkError, Cost, best, timed

from archiver.warc.check import check_file
from archiver.warc.compress import Codec, compress_member
from archiver.warc.names import JOURNAL, OPEN, beside
from archiver.warc.reader import Damage, iter_records
from archiver.warc.record import exchange_records
from archiver.warc.recover import recover

_POLICIES = (("after every exchange", 1), ("in groups of 16", 16), ("in groups of 32", 32))
_NEVER = ("never", 0)
_FEED = 16 * 1024  # bytes that are inflated at once, as our reader does
_LEVELS = (
    (Codec.ISAL, 2),
    (Codec.ISAL, 3),
    (Codec.LIBDEFLATE, 1),
    (Codec.LIBDEFLATE, 6),
    (Codec.LIBDEFLATE, 12),
    (Codec.ZLIB, 6),
)


def sync_costs(folder: Path, *, exchanges: int, runs: int) -> Iterator[tuple[str, Cost]]:
    """Append so many exchanges under each policy, interleaved; the cost of all of them."""
    records = record_sets(min(exchanges, 100))
    costs: dict[str, list[Cost]] = {name: [] for name, _ in (*_POLICIES, _NEVER)}
    for _ in range(runs):
        for name, group in (*_POLICIES, _NEVER):
            os.sync()  # what the runs before left to be written is not this one's to wait for
            with writer(folder) as out:
                with timed() as watch:
                    for number, each in enumerate(islice(cycle(records), exchanges), start=1):
                        out.append(each)
                        if group and number % group == 0:
                            out.sync()
                costs[name].append(Cost(cpu=watch.cpu, wall=watch.wall))
            _empty(folder)
    for name, found in costs.items():
        yield name, best(found)


@dataclass(frozen=True, kw_only=True, slots=True)
class Packed:
    """What a codec makes of the same bytes: MB a second of CPU, share that is left of them.

    `read`: MB a second of CPU when they are read again.
    """

    codec: str
    rate: float
    share: float
    read: float


def codec_costs(*, pages: int) -> Iterator[Packed]:
    """Compress the records of generated pages with every codec at some of its levels."""
    data = [record.data for records in record_sets(pages) for record in records]
    for codec, level in _LEVELS:
        made = partial(compress_member, codec=codec, level=level)
        yield _packed(f"{codec}, level {level}", data, made)


def coded_costs(*, pages: int) -> Iterator[Packed]:
    """The same of pages that were compressed by their server: as it is done, and as any bytes."""
    data = [record.data for records in record_sets(pages, coded=True) for record in records]
    yield _packed("stored, as they are kept", data, compress_member)
    again = partial(igzip_lib.compress, level=2, flag=igzip_lib.COMP_GZIP)
    yield _packed("isal, level 2, once more", data, again)


def _packed(name: str, data: Sequence[bytes], pack: Callable[[bytes], bytes]) -> Packed:
    size = sum(map(len, data))
    with timed() as watch:
        members = [pack(each) for each in data]
    with timed() as reading:
        for member in members:
            unpacker = isal_zlib.decompressobj(wbits=31)
            for at in range(0, len(member), _FEED):
                unpacker.decompress(member[at : at + _FEED])
    return Packed(
        codec=name,
        rate=size / watch.cpu / 1e6,
        share=sum(map(len, members)) / size,
        read=size / reading.cpu / 1e6,
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Pass:
    """One pass over a WARC: `size` bytes of file, `content` bytes of records."""

    what: str
    size: int
    content: int
    cost: Cost


def passes(folder: Path, *, size: int, runs: int) -> Iterator[Pass]:
    """Recover a file of about `size` bytes that was left open, then read and check it."""
    left, whole = _left_open(folder / "writing", size=size)
    content = sum(
        int(record.header("Content-Length") or 0)
        for record in iter_records(whole)
        if not isinstance(record, Damage)
    )
    bytes_of_file = whole.stat().st_size
    costs: dict[str, list[Cost]] = {}
    for _ in range(runs):
        for what, journal in (
            ("recovery, no journal", None),
            ("recovery, journalled to the end", bytes_of_file),
        ):
            target = folder / "recovery"
            target.mkdir()
            copy = target / left.name
            shutil.copyfile(left, copy)
            if journal is not None:
                beside(target / whole.name, JOURNAL).write_bytes(b"%020d\n" % journal)
            os.sync()
            with timed() as watch:
                (found,) = recover(target)
            if found.size != bytes_of_file or found.torn:
                raise BenchmarkError(f"recovery found {found.size} of {bytes_of_file} bytes")
            costs.setdefault(what, []).append(Cost(cpu=watch.cpu, wall=watch.wall))
            shutil.rmtree(target)
        with timed() as watch:
            broken = sum(isinstance(record, Damage) for record in iter_records(whole))
        costs.setdefault("reading all records", []).append(Cost(cpu=watch.cpu, wall=watch.wall))
        with timed() as watch:
            broken += len(check_file(whole))
        costs.setdefault("archiver check", []).append(Cost(cpu=watch.cpu, wall=watch.wall))
        if broken:
            raise BenchmarkError(f"{whole} is damaged")
    for what, found_costs in costs.items():
        yield Pass(what=what, size=bytes_of_file, content=content, cost=best(found_costs))


def _left_open(folder: Path, *, size: int) -> tuple[Path, Path]:
    """A copy of a file as a crash would leave it, and the same file closed."""
    exchanges = list(generated(200))
    with writer(folder) as out:
        written = 0
        for exchange in cycle(exchanges):
            refs = out.append(exchange_records(exchange))
            written = refs[-1].offset + refs[-1].length
            if written >= size:
                break
        out.sync()
        name = out.name or ""
        left = folder / "left" / f"{name}{OPEN}"
        left.parent.mkdir()
        shutil.copyfile(beside(folder / name, OPEN), left)
    return left, folder / name


def _empty(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
