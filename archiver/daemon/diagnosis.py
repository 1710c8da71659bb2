"""Whether an installation is in order: program, configuration, archive, catalogue, store."""

from __future__ import annotations

import os
import shutil
import sqlite3
import ssl
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement

from archiver import __version__
from archiver.config.load import Loaded, require_contact
from archiver.config.seeds import read_seeds
from archiver.errors import ArchiverError, ConfigError, StorageError
from archiver.fetch.rendering import browser_path
from archiver.store.blobs.opening import open_blobs
from archiver.store.blobs.probe import Answer, Fact, probe
from archiver.store.engine import catalogue_url, make_engine
from archiver.store.migrate import COPYING, HEAD, revision_of

_NAME = "news-archiver"
_SHOWN = ("scrapy", "twisted", "sqlalchemy", "lxml", "trafilatura", "boto3", "cryptography")
_SKEW = 60.0  # seconds that clocks may differ
_BUILT = datetime(2026, 1, 1, tzinfo=UTC)  # this program is younger: so is any true clock


def diagnose(loaded: Loaded) -> Iterator[Fact]:
    """Look at everything but the store; asks no network."""
    yield _fact("program", _program)
    yield _fact("libraries", _libraries)
    yield _fact("clock", lambda: _clock(loaded))
    where = loaded.file or "no file: defaults and environment"
    yield Fact(name="configuration", state="ok", what=f"{where}")
    yield _fact("contact", lambda: _contact(loaded))
    yield _fact("seeds", lambda: _seeds(loaded))
    yield _fact("event loop", lambda: _event_loop(loaded))
    yield _fact("browser", lambda: _browser(loaded))
    yield _fact("archive", lambda: _archive(loaded))
    yield _fact("disk", lambda: _disk(loaded))
    yield _fact("catalogue", lambda: _catalogue(loaded))


def diagnose_store(loaded: Loaded) -> Iterator[Fact]:
    """Try the store on files of its own; nothing where none is configured.

    What is said has no secret in it, whatever a store may answer.
    """
    settings = loaded.settings.storage
    if not settings.url:
        return
    try:
        blobs = open_blobs(settings, settings.url, ca_file=loaded.storage_ca_file)
    except StorageError as error:
        yield Fact(name="store", state="fail", what=str(error), todo=error.todo or "")
        return
    yield Fact(name="store", state="ok", what=f"{blobs.url} {settings.endpoint}".strip())
    folder = settings.url.removeprefix("file://")
    if folder != settings.url and _same_disk(Path(folder), loaded.archive_folder):
        what = "it is on the disk of the archive itself, and is lost with it"
        yield Fact(name="store: disk", state="warn", what=what, todo="Take another disk.")
    for found in probe(blobs):
        yield replace(found, name=f"store: {found.name}", what=_without_secrets(found.what))


def _fact(name: str, look: Callable[[], Answer]) -> Fact:
    try:
        state, what, todo = look()
    except ConfigError as error:
        state, what, todo = "fail", "; ".join(error.faults), ""
    except ArchiverError as error:
        state, what, todo = "fail", f"{error.thing}: {error.what}", error.todo or ""
    return Fact(name=name, state=state, what=what, todo=todo)


def _program() -> Answer:
    python = ".".join(map(str, sys.version_info[:3]))
    what = (
        f"{_NAME} {__version__}, Python {python}, SQLite {sqlite3.sqlite_version},"
        f" {ssl.OPENSSL_VERSION}"
    )
    return "ok", what, ""


def _libraries() -> Answer:
    try:
        wanted = metadata.requires(_NAME) or []
    except metadata.PackageNotFoundError:
        return "warn", "the program is not installed, so its needs are not known", "pip install ."
    wrong = [fault for text in wanted if (fault := _library_fault(text))]
    if wrong:
        return "fail", "; ".join(wrong), f"pip install --upgrade {_NAME}"
    return "ok", ", ".join(f"{name} {metadata.version(name)}" for name in _SHOWN), ""


def _library_fault(text: str) -> str | None:
    try:
        wanted = Requirement(text)
    except InvalidRequirement:
        return None
    if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
        return None
    try:
        found = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return f"{wanted.name} is not installed"
    if not wanted.specifier.contains(found, prereleases=True):
        return f"{wanted.name} is {found}, and {wanted.specifier} is needed"
    return None


def _clock(loaded: Loaded) -> Answer:
    """Against the program's own age, and against what is in the archive."""
    now = datetime.now(UTC)
    todo = "Set the clock, and have it kept by NTP: captures are dated by it."
    if now < _BUILT:
        return "fail", f"says {now.isoformat(timespec='seconds')}", todo
    newest = 0.0
    for folder in (loaded.archive_folder, loaded.warc_folder):
        if folder.is_dir():
            newest = max([newest, *(entry.stat().st_mtime for entry in os.scandir(folder))])
    if newest > time.time() + _SKEW:
        at = datetime.fromtimestamp(newest, UTC).isoformat(timespec="seconds")
        what = f"says {now.isoformat(timespec='seconds')}, and a file of the archive is of {at}"
        return "warn", what, todo
    return "ok", now.isoformat(timespec="seconds"), ""


def _contact(loaded: Loaded) -> Answer:
    require_contact(loaded)
    return "ok", loaded.user_agent, ""


def _seeds(loaded: Loaded) -> Answer:
    seeds = read_seeds(loaded.seeds_folder)
    count = f"{len(seeds.outlets)} outlets in {loaded.seeds_folder}"
    if seeds.faults:
        return "warn", f"{count}; {'; '.join(seeds.faults)}", "What is broken costs its outlet."
    if not seeds.outlets:
        return "warn", count, "Add one: archiver add URL."
    return "ok", count, ""


def _event_loop(loaded: Loaded) -> Answer:
    name = loaded.settings.network.event_loop
    if find_spec(name) is None:  # which the configuration has refused already
        return "fail", f"{name} is not installed", "pip install 'news-archiver[uvloop]'"
    return "ok", name, ""


def _browser(loaded: Loaded) -> Answer:
    outlets = read_seeds(loaded.seeds_folder).outlets
    wanting = sorted(name for name, outlet in outlets.items() if outlet.render)
    if not wanting:
        return "ok", "no outlet needs one", ""
    return "ok", f"{browser_path(loaded.settings.network.browser)} for {len(wanting)} outlets", ""


def _archive(loaded: Loaded) -> Answer:
    folder = loaded.archive_folder
    there = _nearest(folder)
    try:
        with tempfile.NamedTemporaryFile(dir=there, prefix=".doctor-") as file:
            file.write(b"x")
            file.flush()
            os.fsync(file.fileno())
            skew = os.fstat(file.fileno()).st_mtime - time.time()
    except OSError as error:
        todo = "Give it to the user who runs the archiver, or set archive.folder."
        return "fail", f"{there}: cannot be written to ({error.strerror})", todo
    if there != folder:
        return "ok", f"{folder}: is made by the first crawl", ""
    if abs(skew) > _SKEW:
        what = f"{folder}: its file system's clock differs by {skew:.0f} s"
        return "warn", what, "Set that machine's clock."
    return "ok", f"{folder}: can be written to", ""


def _disk(loaded: Loaded) -> Answer:
    free = shutil.disk_usage(_nearest(loaded.archive_folder)).free
    reserve, store = loaded.settings.daemon.disk_reserve, loaded.settings.storage
    what = f"{free:,} bytes are free; daemon.disk_reserve is {reserve:,}"
    if free < reserve:
        return "fail", what, "Crawls pause: free some space, or set storage.url and keep_local."
    if store.url and free < reserve + store.spool_max:
        what += f", storage.spool_max {store.spool_max:,}"
        return (
            "warn",
            what,
            "Lower storage.spool_max: while the store is away, the disk fills first.",
        )
    return "ok", what, ""


def _catalogue(loaded: Loaded) -> Answer:
    address = catalogue_url(loaded.catalogue_url)
    sqlite = address.get_backend_name() == "sqlite"
    thing = str(address.database) if sqlite else address.render_as_string()
    if sqlite and not Path(thing).is_file():
        if any(loaded.warc_folder.glob("*.warc.gz")):
            todo = "Bring a backup back: archiver restore; or make it anew: archiver reindex."
            return "fail", f"{thing}: is not there, though there are WARC files", todo
        return "ok", f"{thing}: is made by the first crawl", ""
    engine = make_engine(address)
    try:
        found = revision_of(engine)
    finally:
        engine.dispose()
    if found is None:
        return "ok", f"{thing}: has no tables yet", ""
    if found == COPYING:
        todo = "Go on with it: archiver catalogue copy FROM TO."
        return "fail", f"{thing}: the copy of a catalogue that is not finished", todo
    if found > HEAD:
        todo = "Use the newer news-archiver that wrote it."
        return "fail", f"{thing}: revision {found}, and this version knows {HEAD}", todo
    if found < HEAD:
        return "ok", f"{thing}: revision {found}; the next command makes it {HEAD}", ""
    return "ok", f"{thing}: revision {found}", ""


def _nearest(folder: Path) -> Path:
    """The folder, or the nearest one above it that is there."""
    return next(path for path in (folder, *folder.parents) if path.is_dir())


def _same_disk(one: Path, other: Path) -> bool:
    return _nearest(one).stat().st_dev == _nearest(other).stat().st_dev


def _without_secrets(text: str) -> str:
    for name in ("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ACCESS_KEY_ID"):
        if secret := os.environ.get(name):
            text = text.replace(secret, "…")
    return text
