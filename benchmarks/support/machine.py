"""The machine and the versions that figures belong to."""

from __future__ import annotations

import os
import platform
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

# Whatever is measured is compiled once, as at its users': peers come compiled from their packages.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
# Started in the background by a script, it would have ignored SIGINT, and its crawls with it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_OURS = ("scrapy", "twisted", "warcio", "isal", "sqlalchemy", "trafilatura")


def facts(*, command: str, folder: Path, peers: dict[str, str]) -> Iterator[tuple[str, str]]:
    """Rows of name and value; `peers` are versions that only the benchmark knows."""
    now = datetime.now(UTC)
    model = _find(r"model name\s*:\s*(.+)", "/proc/cpuinfo")
    memory = int(_find(r"MemTotal:\s*(\d+)", "/proc/meminfo") or 0) / 1024**2
    load = os.getloadavg()[0]
    yield "date", f"{now:%Y-%m-%d %H:%M} UTC"
    yield "command", f"`{command}`"
    yield "cores", f"{os.cpu_count()} ({model or platform.machine()})"
    yield "memory", f"{memory:.1f} GiB"
    yield "load before", f"{load:.2f} (average of one minute)"
    yield "kernel", f"{platform.system()} {platform.release()}, {platform.libc_ver()[0]}"
    yield "file system", f"{_filesystem(folder)} (where the archives are written)"
    yield "Python", platform.python_version()
    yield "ours", ", ".join(f"{name} {metadata.version(name)}" for name in _OURS)
    for program, option in (("nginx", "-v"), ("wget", "--version"), ("curl", "--version")):
        yield program, _version(program, option)
    yield from peers.items()


def _find(pattern: str, path: str) -> str | None:
    try:
        found = re.search(pattern, Path(path).read_text(encoding="utf-8"))
    except OSError:
        return None
    return found[1] if found else None


def _filesystem(folder: Path) -> str:
    done = subprocess.run(
        ["df", "--output=fstype", str(folder)], capture_output=True, text=True, check=False
    )
    return (done.stdout.split() or ["?"])[-1]


def _version(program: str, option: str) -> str:
    path = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin")
    if path is None:
        return "not here"
    done = subprocess.run([path, option], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+[.\d]*", done.stdout + done.stderr)
    return found[0] if found else "?"


def without_places(arguments: Sequence[str]) -> list[str]:
    """A command line's arguments without those that name folders of this machine."""
    places = {"--dir", "--cache", "--corpus"}
    pairs = zip(["", *arguments], arguments, strict=False)
    return [one for before, one in pairs if one not in places and before not in places]
