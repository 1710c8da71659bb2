"""The player of faithful views: another's program that the user fetches, and that we only serve.

It is the service worker of ReplayWeb.page, under the AGPL, and no part of this project. What is
fetched must be the very package that the views were tried with.
"""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

from archiver.errors import ArchiverError, disk_error

PACKAGE = "replaywebpage@2.5.3"
INTEGRITY = (
    "sha512-nCj2PSON3BxeSJKE8AsYPyULv0XPZKJWfy4l9PyQre9SqwLZ+WKZVs"
    "/sfLqPOQ4GrH+0YkjbwOhr8cSTH08gsQ=="
)
WORKER = "sw.js"
_FILES = ("LICENSE", WORKER)  # in this order: the worker's presence is what counts as installed
_MAX_PACKED = 20_000_000  # bytes of the package
_MAX_FILE = 10_000_000  # bytes of one of its files
_TIMEOUT = 300  # seconds for npm


def worker_of(folder: Path) -> Path | None:
    """The player's program; None where it is not installed."""
    path = folder / WORKER
    return path if path.is_file() else None


def install(folder: Path, package: Path | None = None) -> None:
    """Put the player into a folder of its own: from its package, or by the user's own npm.

    Raises:
        ArchiverError: npm is not there or fails, the package cannot be read, or is another one.
        DiskFullError, WarcError: it cannot be written.
    """
    if package is not None:
        files = unpacked(package)
    else:
        with tempfile.TemporaryDirectory(prefix="archiver-player-") as place:
            files = unpacked(_fetched(Path(place)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in _FILES:
            part = folder / f"{name}.part"
            with part.open("wb") as out:
                out.write(files[name])
                out.flush()
                os.fsync(out.fileno())
            part.replace(folder / name)
    except OSError as error:
        raise disk_error("install the player", folder, error) from error


def remove(folder: Path) -> bool:
    """Take the player away; whether there was one."""
    found = worker_of(folder) is not None
    for name in reversed(_FILES):
        (folder / name).unlink(missing_ok=True)
    return found


def unpacked(package: Path) -> dict[str, bytes]:
    """The files that are needed, out of the package that is pinned.

    Raises:
        ArchiverError: it cannot be read, is another package, or lacks a file.
    """
    try:
        with package.open("rb") as file:
            data = file.read(_MAX_PACKED + 1)
    except OSError as error:
        raise ArchiverError(
            f"cannot be read ({error.strerror})", thing=str(package), todo="Name another file."
        ) from error
    found = base64.b64encode(hashlib.sha512(data).digest()).decode()
    if f"sha512-{found}" != INTEGRITY:
        raise ArchiverError(
            f"is not {PACKAGE}: its SHA-512 is another",
            thing=str(package),
            todo=f"Get it with `npm pack {PACKAGE}`.",
        )
    return _members(package)


def _members(package: Path) -> dict[str, bytes]:
    """The files by name, read into memory: no path in the package leads anywhere."""
    files: dict[str, bytes] = {}
    try:
        with tarfile.open(package, "r:gz") as archive:
            for name in _FILES:
                member = archive.getmember(f"package/{name}")
                taken = archive.extractfile(member) if member.isreg() else None
                if taken is None or member.size > _MAX_FILE:
                    raise KeyError(name)
                files[name] = taken.read(_MAX_FILE)
    except (KeyError, tarfile.TarError, EOFError, OSError) as error:
        raise ArchiverError(
            f"holds no such file ({error})", thing=str(package), todo=f"Get {PACKAGE} anew."
        ) from error
    return files


def _fetched(place: Path) -> Path:
    npm = shutil.which("npm")
    by_hand = f"Get it elsewhere with `npm pack {PACKAGE}`, and name the file: --from FILE."
    if npm is None:
        raise ArchiverError("npm is not installed", thing=PACKAGE, todo=by_hand)
    try:
        done = subprocess.run(  # noqa: S603  # a fixed command
            [npm, "pack", PACKAGE, "--silent", "--ignore-scripts"],
            cwd=place,
            capture_output=True,
            text=True,
            timeout=_TIMEOUT,
            check=False,
        )
        said = done.stderr.strip()[-300:]
    except subprocess.TimeoutExpired:
        said = f"no answer within {_TIMEOUT} s"
    packed = next(place.glob("*.tgz"), None)
    if packed is None:
        raise ArchiverError(f"npm could not get it: {said}", thing=PACKAGE, todo=by_hand)
    return packed
