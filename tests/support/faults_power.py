"""Disks as they may be found after a loss of power, made from what a crawl asked of one.

A crawl is recorded: every call that changes a file or a folder, every commit of the catalogue,
every capture that Scrapy was given. A disk remembers what was synced: a file's bytes up to its
last fsync or fdatasync, a folder's names up to its last fsync. Of all that came later it
remembers what chance wants: nothing, all, the beginning, single pages with holes of zeros or
rubbish between them; names made, changed and removed in any selection. The catalogue is that of
any commit since the last that was synced: SQLite keeps itself whole, but with synchronous=NORMAL
may forget its last commits.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.faults_layer import Made

_PAGE = 4096


@dataclass
class _File:
    now: bytearray = field(default_factory=bytearray)
    durable: bytes = b""
    pending: list[Made] = field(default_factory=list)

    def make(self, made: Made, upto: int | None = None) -> None:
        """Change it as the call did, or by the first `upto` bytes of it."""
        if made.operation == "ftruncate":
            size = made.place or 0
            self.now[size:] = bytes(max(0, size - len(self.now)))
            return
        data = made.data[:upto]
        at = len(self.now) if made.place is None else made.place
        self.now[at : at + len(data)] = data

    def found(self, chance: random.Random) -> bytes:
        """Its bytes after the power came back."""
        how = chance.choice(("nothing", "all", "beginning", "holes", "rubbish"))
        if how == "nothing" or not self.pending:
            return self.durable
        if how == "all":
            return bytes(self.now)
        if how == "beginning":
            partly = _File(bytearray(self.durable))
            last = chance.randrange(len(self.pending))
            for made in self.pending[:last]:
                partly.make(made)
            partly.make(self.pending[last], upto=chance.randint(0, len(self.pending[last].data)))
            return bytes(partly.now)
        pages = bytearray(self.now)
        for at in range(0, len(pages), _PAGE):
            old, new = self.durable[at : at + _PAGE], pages[at : at + _PAGE]
            if old != new and chance.random() < 0.5:
                lost = chance.randbytes(len(new)) if how == "rubbish" else bytes(len(new))
                pages[at : at + _PAGE] = old + lost[len(old) :]
        return bytes(pages)


class Disk:
    """What a folder's disk remembers; begins with what is there now, all of it durable."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._files: list[_File] = []
        self._by_inode: dict[int, int] = {}  # an inode's number may be used again
        self._names: dict[str, int] = {}
        for path in folder.iterdir() if folder.is_dir() else ():
            data = path.read_bytes()
            self._names[path.name] = self._add(path.stat().st_ino, _File(bytearray(data), data))
        self._durable = dict(self._names)
        self._pending: list[tuple[str, str | None, int]] = []  # removed, made, the file

    def make(self, made: Made) -> None:
        """Take one call."""
        path = Path(made.path)
        if path == self._folder:
            if made.operation == "fsync":
                self._durable = dict(self._names)
                self._pending.clear()
            return
        if path.parent != self._folder:
            return
        match made.operation:
            case "open" if path.name not in self._names:
                self._name(path.name, path.name, self._add(made.inode, _File()))
            case "open" if made.place == 0:
                self._change(Made("ftruncate", made.path, made.inode, place=0))
            case "write" | "pwrite" | "ftruncate":
                self._change(made)
            case "fsync" | "fdatasync":
                file = self._files[self._by_inode[made.inode]]
                file.durable = bytes(file.now)
                file.pending.clear()
            case "rename" | "replace":
                self._name(path.name, Path(str(made.target)).name, self._names[path.name])
            case "unlink":
                self._name(path.name, None, self._names[path.name])

    def _add(self, inode: int, file: _File) -> int:
        self._files.append(file)
        self._by_inode[inode] = len(self._files) - 1
        return len(self._files) - 1

    def _change(self, made: Made) -> None:
        file = self._files[self._by_inode[made.inode]]
        file.make(made)
        file.pending.append(made)

    def _name(self, old: str, new: str | None, file: int) -> None:
        self._pending.append((old, new, file))
        _rename(self._names, old, new, file)

    def found(self, chance: random.Random) -> dict[str, bytes]:
        """The files after the power came back."""
        names = dict(self._durable)
        share = chance.choice((0.0, 0.5, 1.0))
        for old, new, file in self._pending:
            if chance.random() < share and (new == old or names.get(old) == file):
                _rename(names, old, new, file)
        return {name: self._files[file].found(chance) for name, file in names.items()}


def _rename(names: dict[str, int], old: str, new: str | None, file: int) -> None:
    names.pop(old, None)
    if new is not None:
        names[new] = file


@dataclass(frozen=True, kw_only=True)
class Found:
    """What is there after the power came back, and what Scrapy had been given by then."""

    files: dict[str, bytes]  # of the folder of WARCs
    catalogue: bytes | None  # None: there is none yet
    acknowledged: dict[str, tuple[str, int]]


def read_record(path: Path) -> list[Any]:
    """The entries of a crawl's record."""
    entries = []
    with path.open("rb") as file:
        while True:
            try:
                entries.append(pickle.load(file))
            except EOFError:
                return entries


def lose_power(before: Found, disk: Disk, entries: Sequence[Any], chance: random.Random) -> Found:
    """Let the power go after some entry; `disk` is that of before the crawl, and is used up."""
    end = chance.randint(1, len(entries))
    commits = [before.catalogue]
    acknowledged = dict(before.acknowledged)
    for entry in entries[:end]:
        if isinstance(entry, Made):
            disk.make(entry)
            continue
        what, value = entry
        if what in ("synced", "committed"):
            commits = [value] if what == "synced" else [*commits, value]
        else:
            acknowledged[value[0]] = value[1:]
    lately = chance.choice((1, 3, len(commits)))
    return Found(
        files=disk.found(chance),
        catalogue=chance.choice(commits[-lately:]),
        acknowledged=acknowledged,
    )
