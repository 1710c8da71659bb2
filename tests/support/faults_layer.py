"""Between Python and the operating system: calls are counted, fail, or end the process.

Stands in the place of the functions of `os`, and of `io.open` for writing, for what lies under
one folder; everything else passes. SQLite's own calls are not seen: it has its own ways to meet a
full disk (see `faults_crawls`).
"""

from __future__ import annotations

import errno
import io
import os
import signal
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT
NEEDS_ROOM = frozenset(
    {"open", "write", "pwrite", "fsync", "fdatasync", "rename", "replace", "link", "mkdir"}
)
OPERATIONS = NEEDS_ROOM | {"ftruncate", "close", "unlink"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What is to happen at call number `at` (counted from 1; 0: nothing ever).

    `kill`: the process ends as by kill -9, before the call, after it, or (a write) in its
    middle. Otherwise the call fails with `code`; if `lasting`, so do all later ones that need
    room, as on a disk that stays full.
    """

    at: int = 0
    kill: str | None = None  # before, within, after
    code: int = errno.EIO
    lasting: bool = False


@dataclass(frozen=True)
class Made:
    """A call that was made: what a disk would have to remember of it.

    `inode` of the file or folder; `data` of a write, at `place` (None: at the end); `place` is
    the new size of ftruncate, and 0 where open cut the file. A rename has its target.
    """

    operation: str
    path: str
    inode: int = 0
    data: bytes = b""
    place: int | None = None
    target: str | None = None


@dataclass
class Layer:
    """The calls so far; `seen` gets each as operation and file name, before it is made."""

    root: Path
    plan: Plan
    seen: Callable[[str, str], None] = lambda _operation, _name: None
    made: Callable[[Made], None] | None = None  # gets each call that changed the disk, after it
    count: int = 0
    _paths: dict[int, str] = field(default_factory=dict)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _real: dict[str, Any] = field(default_factory=dict)

    def install(self) -> None:
        """Take the place of the real functions, for the rest of this process."""
        self._real = {name: getattr(os, name) for name in OPERATIONS | {"dup"}}
        real_open = io.open
        for name in ("write", "pwrite", "fsync", "fdatasync", "ftruncate", "close"):
            setattr(os, name, self._on_descriptor(name))
        for name in ("rename", "replace", "link", "unlink", "mkdir"):
            setattr(os, name, self._on_path(name))
        os.open = self._open
        os.dup = self._dup

        def open_file(file: Any, mode: str = "r", *more: Any, **options: Any) -> Any:
            if mode not in ("wb", "xb") or not self._is_ours(file):
                return real_open(file, mode, *more, **options)
            flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if mode == "wb" else os.O_EXCL)
            return io.BufferedWriter(_File(os.open(file, flags, 0o644)))

        io.open = open_file

    def _is_ours(self, path: Any) -> bool:
        return isinstance(path, str | Path) and Path(path).is_relative_to(self.root)

    def _open(self, path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        if not (self._is_ours(path) and flags & _WRITING):
            return int(self._real["open"](path, flags, mode, **more))
        with self._lock:
            fd = self._call("open", str(path), lambda: self._real["open"](path, flags, mode))
            self._paths[fd] = str(path)
            if self.made:
                cut = 0 if flags & os.O_TRUNC else None
                self.made(Made("open", str(path), os.fstat(fd).st_ino, place=cut))
        return int(fd)

    def _dup(self, fd: int) -> int:
        with self._lock:
            twin = int(self._real["dup"](fd))
            if fd in self._paths:
                self._paths[twin] = self._paths[fd]
        return twin

    def _on_descriptor(self, name: str) -> Callable[..., Any]:
        real = self._real[name]

        def call(fd: int, *arguments: Any) -> Any:
            with self._lock:
                path = self._paths.get(fd)
                if path is None and name in ("fsync", "fdatasync"):  # of a folder
                    path = str(Path(f"/proc/self/fd/{fd}").readlink())
                    path = path if self._is_ours(path) else None
                if path is None:
                    return real(fd, *arguments)
                half = None
                if name in ("write", "pwrite"):
                    part = bytes(arguments[0])[: len(arguments[0]) // 2]
                    half = lambda: real(fd, part, *arguments[1:])  # noqa: E731 - as short as it gets
                if name == "close":
                    del self._paths[fd]
                    half = lambda: real(fd)  # noqa: E731 - Linux closes, whatever it reports
                inode = os.fstat(fd).st_ino if self.made else 0
                result = self._call(name, path, lambda: real(fd, *arguments), half)
                if self.made and name != "close":
                    data = bytes(arguments[0])[:result] if "write" in name else b""
                    place = arguments[-1] if name in ("pwrite", "ftruncate") else None
                    self.made(Made(name, path, inode, data, place))
                return result

        return call

    def _on_path(self, name: str) -> Callable[..., Any]:
        real = self._real[name]

        def call(path: Any, *arguments: Any, **more: Any) -> Any:
            there = name == "mkdir" and Path(path).is_dir()
            if there or not self._is_ours(path):
                return real(path, *arguments, **more)
            with self._lock:
                result = self._call(name, str(path), lambda: real(path, *arguments, **more))
                if self.made:
                    target = str(arguments[0]) if name in ("rename", "replace") else None
                    self.made(Made(name, str(path), target=target))
                return result

        return call

    def _call(
        self, name: str, path: str, real: Callable[[], Any], half: Callable[[], Any] | None = None
    ) -> Any:
        self.count += 1
        self.seen(name, Path(path).name)
        plan = self.plan
        now = self.count == plan.at
        if plan.kill:
            if now and plan.kill == "within" and half:
                half()
            made = real() if not now or plan.kill == "after" else None
            if now:
                os.kill(os.getpid(), signal.SIGKILL)
            return made
        later = plan.lasting and 0 < plan.at < self.count and name in NEEDS_ROOM
        if not (now or later):
            return real()
        if half and (name == "close" or (now and plan.code == errno.ENOSPC)):
            half()  # a disk that fills takes a part first
        raise OSError(plan.code, os.strerror(plan.code), path)


class _File(io.RawIOBase):
    """A file that is written through `os`, as it stands now."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._fd

    def write(self, data: Any, /) -> int:
        return os.write(self._fd, data)

    def close(self) -> None:
        if not self.closed:
            super().close()
            os.close(self._fd)
