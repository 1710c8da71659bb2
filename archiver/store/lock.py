"""One crawl at a time for each outlet, on one machine."""

from __future__ import annotations

import fcntl
import os
import resource
from collections.abc import Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from archiver.errors import LockedError, disk_error

# Locks among those of outlets that are of none: an outlet's id has no dot in it.
SHIPPING = "files.ship"  # held by whoever ships files, or changes what is shipped
IMPORTING = "files.import"
BACKING_UP = "catalogue.backup"


@contextmanager
def outlet_lock(folder: Path, outlet: str) -> Iterator[Path]:
    """Hold the outlet's lock file in `folder` (made where absent) until the block ends.

    The kernel gives the lock back when the process ends, however it ends. The file stays: were
    it removed, two processes could hold locks on two files of one name.

    Raises:
        LockedError: at once, where somebody holds it; names the holder's process id.
        DiskFullError, WarcError: its file cannot be made.
    """
    path = _file(folder, outlet)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise disk_error("lock the outlet", path, error) from error
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.pread(handle, 20, 0).decode("ascii", "replace").strip()
            raise LockedError(
                f"locked by process {holder or 'that has just started'}",
                thing=outlet,
                todo="Wait until it has ended, or end it.",
            ) from None
        with suppress(OSError):  # who holds it is for people: the lock is the kernel's
            os.ftruncate(handle, 0)
            os.pwrite(handle, f"{os.getpid()}\n".encode("ascii"), 0)
        yield path
    finally:
        with suppress(OSError):  # closed it is, whatever a disk reports
            os.close(handle)


@contextmanager
def many_locks(folder: Path, names: Collection[str]) -> Iterator[None]:
    """Hold the locks of all these until the block ends; each takes an open file.

    Raises:
        LockedError: at once, where somebody holds one.
        DiskFullError, WarcError: its file cannot be made.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = len(names) + 256
    if soft != resource.RLIM_INFINITY and soft < wanted:
        most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    with ExitStack() as stack:
        for name in sorted(names):
            stack.enter_context(outlet_lock(folder, name))
        yield


def holder_of(folder: Path, outlet: str) -> int | None:
    """Process id of who holds an outlet's lock; None where nobody does who can be seen.

    Takes no lock, so that it is in nobody's way. Reads proc_locks(5), which shows the processes of
    this machine, or of this container.
    """
    path = _file(folder, outlet)
    try:
        known = path.stat()
        text = path.read_text("ascii", "replace").strip()
        held = Path("/proc/locks").read_text("ascii").splitlines()
    except OSError:
        return None
    device = f"{os.major(known.st_dev):02x}:{os.minor(known.st_dev):02x}"
    for line in held:  # 3: FLOCK ADVISORY WRITE 487 fe:00:2302341 0 EOF
        _, kind, _, _, process, place, *_ = line.split()
        on, _, inode = place.rpartition(":")
        # Some file systems (btrfs) show another device there than stat(2) does.
        if kind == "FLOCK" and inode == str(known.st_ino) and (on == device or process == text):
            return int(process)
    return None


def _file(folder: Path, outlet: str) -> Path:
    return folder / f"{quote(outlet, safe='')}.lock"
