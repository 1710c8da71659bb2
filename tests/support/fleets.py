"""A fleet on one machine: workers in folders of their own, what they share, and what may befall it.

The target's own log says which process asked for what, and when: by the port that a connection
came from, the kernel tells whose it is.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy.engine import make_url
from support.fleet_hosts import Host, new_host
from support.postgres import Server
from support.workdir import add_seed, environment, working_folder

from archiver.store.catalogue import Catalogue

_ANY = "0.0.0.0"  # hosts come from beside
LONG = 180.0  # seconds; a guard against hanging, never a measure


def host_of(number: int) -> str:
    """The host of an outlet."""
    return f"o{number}.example"


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A line of the target's log: by which process, of which host, for what, when."""

    process: int
    host: str
    path: str
    at: float


class Target:
    """Outlets on loopback, each with a feed that lists all its pages so far.

    `pause`: seconds that a page takes, so that crawls last.
    """

    def __init__(self, *, outlets: int, pause: float = 0.05) -> None:
        self.log: list[Asked] = []
        self.pages: dict[str, list[str]] = {host_of(n): [] for n in range(outlets)}
        self.hosts: dict[str, Host] = {}  # by their address
        self.unknown = 0  # requests of processes that had gone before they could be found
        target = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                super().setup()
                address, port = self.client_address[:2]
                beside = target.hosts.get(address)
                self.process = process_at(address, port, beside.keeper if beside else None)
                self.by_cable = beside is not None
                target.unknown += self.process == 0

            def do_GET(self) -> None:
                host = self.headers["Host"].partition(":")[0]
                # What a process had sent, the kernel sends once more when a cable is plugged in
                # again, though the process has ended meanwhile.
                late = self.by_cable and not is_running(self.process)
                process = 0 if late else self.process
                target.log.append(
                    Asked(process=process, host=host, path=self.path, at=time.monotonic())
                )
                if self.path == "/robots.txt":
                    self._answer("text/plain", b"User-agent: *\nAllow: /\n")
                elif self.path == "/feed":
                    self._answer("application/rss+xml", target.feed(host).encode())
                else:
                    time.sleep(pause)
                    words = f"{host} tells of number {self.path} at some length. " * 12
                    text = f"<!doctype html><title>{self.path}</title><article><p>{words}"
                    self._answer("text/html; charset=utf-8", text.encode())

            def _answer(self, kind: str, body: bytes) -> None:
                head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}"
                with suppress(BrokenPipeError, ConnectionResetError):
                    self.wfile.write(f"{head}\r\n\r\n".encode() + body)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
                """Nothing: the log is kept above."""

        class Server(ThreadingHTTPServer):
            daemon_threads = True
            request_queue_size = 256

            def handle_error(self, request: object, client_address: object) -> None:
                """Nothing: clients are killed here."""

        self._server = Server((_ANY, 0), Handler)
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def publish(self, number: int) -> None:
        """So many more pages for each outlet."""
        for pages in self.pages.values():
            pages += [f"/{len(pages) + n}" for n in range(number)]

    def feed(self, host: str) -> str:
        """The feed of an outlet, newest first."""
        items = "".join(
            f"<item><title>{path}</title><link>http://{host}{path}</link></item>"
            for path in reversed(self.pages[host])
        )
        return f'<rss version="2.0"><channel><title>{host}</title>{items}</channel></rss>'

    def close(self) -> None:
        """Answer nobody any more."""
        self._server.shutdown()
        self._server.server_close()

    def overlaps(self) -> list[str]:
        """Outlets that one process asked between two requests of another."""
        found = []
        for host in self.pages:
            spans: dict[int, tuple[float, float]] = {}
            for line in list(self.log):
                if line.host == host and line.process:
                    first = spans.get(line.process, (line.at, line.at))[0]
                    spans[line.process] = (first, line.at)
            ordered = sorted(spans.items(), key=lambda span: span[1])
            for (one, span), (other, after) in pairwise(ordered):
                if after[0] < span[1]:
                    found.append(
                        f"{host}: process {other} began {span[1] - after[0]:.2f} s before"
                        f" {one} ended"
                    )
        return found

    def twice(self) -> dict[str, int]:
        """Pages that were asked for more than once, and how often."""
        times: dict[str, int] = {}
        for line in list(self.log):
            if line.path not in ("/robots.txt", "/feed"):
                key = f"http://{line.host}{line.path}"
                times[key] = times.get(key, 0) + 1
        return {key: number for key, number in times.items() if number > 1}


def is_running(process: int) -> bool:
    """Whether a process has not ended (proc_pid_stat(5)); a zombie has, a stopped one has not."""
    try:
        stat = Path(f"/proc/{process}/stat").read_text("ascii", "replace")
    except OSError:
        return False
    return stat.rpartition(")")[2].split()[0] not in ("Z", "X")


def process_at(address: str, port: int, beside: int | None = None) -> int:
    """The process whose TCP connection comes from there; 0: none (proc_net(5)).

    `beside`: a process in the same network namespace, where that is not ours.
    """
    wanted = f"{int.from_bytes(socket.inet_aton(address), 'little'):08X}:{port:04X}"
    inode = ""
    for line in Path(f"/proc/{beside or 'self'}/net/tcp").read_text("ascii").splitlines()[1:]:
        fields = line.split()
        if fields[1] == wanted:
            inode = f"socket:[{fields[9]}]"
    if not inode or inode == "socket:[0]":
        return 0
    for entry in sorted(processes(), reverse=True):
        with suppress(OSError):
            for one in Path(f"/proc/{entry}/fd").iterdir():
                with suppress(OSError):
                    if str(one.readlink()) == inode:
                        return entry
    return 0


def processes() -> list[int]:
    """Every process of this machine."""
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]


class Wire:
    """A TCP way to a server that can be cut: nothing passes, and nobody is told.

    `place` is a Unix socket, or a port of loopback.
    """

    def __init__(self, place: str | int) -> None:
        self._place = place
        self._cut = threading.Event()
        self._listener = socket.create_server((_ANY, 0))
        self._pairs: list[socket.socket] = []
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """Let nothing pass."""
        self._cut.set()

    def mend(self) -> None:
        """Let all pass again; what was under way meanwhile is broken off."""
        for one in self._pairs:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        self._pairs.clear()
        self._cut.clear()

    def close(self) -> None:
        """End for good."""
        self.mend()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._carry, args=(client,), daemon=True).start()

    def _carry(self, client: socket.socket) -> None:
        while self._cut.is_set():  # a connection that is made meanwhile hangs, too
            time.sleep(0.05)
        local = isinstance(self._place, str)
        server = socket.socket(socket.AF_UNIX if local else socket.AF_INET)
        with client, server:
            try:
                server.connect(self._place if local else ("127.0.0.1", self._place))
            except OSError:
                return
            self._pairs += [client, server]
            while True:
                try:
                    ready, _, _ = select.select([client, server], [], [], 0.1)
                    if self._cut.is_set():
                        time.sleep(0.05)
                        continue
                    for one in ready:
                        data = one.recv(65536)
                        if not data:
                            return
                        (server if one is client else client).sendall(data)
                except (OSError, ValueError):
                    return


def wire_to(database: str) -> Wire:
    """A wire to the server of a database."""
    return Wire(f"{make_url(database).query['host']}/.s.PGSQL.5432")


def over(wire: Wire, database: str, gate: str) -> str:
    """The URL of a database over a wire."""
    parsed = make_url(database)
    place = f"{gate}:{wire.port}/{parsed.database}"
    return f"postgresql://{parsed.username}@{place}?sslmode=disable"


@dataclass(kw_only=True)
class Machine:
    """A worker in its folder, and its log."""

    folder: Path
    host: Host | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    command: Sequence[str] = ("worker", "--jobs", "2")
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """What it said."""
        return self.folder / "log"

    def start(self) -> None:
        """Begin to work."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [
                    *(self.host.command if self.host else ()),
                    *(sys.executable, "-m", "archiver.cli.main", *self.command),
                ],
                cwd=self.folder,
                env=environment(PYTHONDONTWRITEBYTECODE="1", **self.environment),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def said(self, event: str) -> list[dict[str, Any]]:
        """The lines of its log of an event."""
        lines = self.log.read_text("utf-8", "replace").splitlines() if self.log.exists() else []
        found = [json.loads(line) for line in lines if line.startswith('{"')]
        return [line for line in found if line.get("event") == event]

    def children(self) -> list[int]:
        """The process ids of its crawls."""
        if self.process is None:
            return []
        found = []
        for number in processes():
            with suppress(OSError, IndexError):
                stat = Path(f"/proc/{number}/stat").read_text("ascii", "replace")
                parent = int(stat.rpartition(")")[2].split()[1])
                line = Path(f"/proc/{number}/cmdline").read_bytes()
                if parent == self.process.pid and b"scrapy" in line:
                    found.append(number)
        return found

    def end(self, number: int = signal.SIGTERM) -> int:
        """Tell it to end; its exit code."""
        assert self.process
        self.process.send_signal(number)
        return self.process.wait(LONG)

    def kill(self) -> None:
        """End it and its crawls, whatever state they are in."""
        if self.process is not None:
            children = self.children()
            self.process.kill()
            self.process.wait()
            for child in children:
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
            self.process = None


@dataclass(kw_only=True)
class Fleet:
    """Machines at one catalogue, one store and one target."""

    target: Target
    database: str
    machines: list[Machine]
    lease: float
    wires: list[Wire] = field(default_factory=list)

    def rows(self, query: str) -> list[Any]:
        """What the catalogue's database answers."""
        with psycopg.connect(self.database) as conn:
            return conn.execute(query.encode()).fetchall()

    def hurry(self) -> None:
        """Have every outlet due now that is not in a year."""
        with psycopg.connect(self.database) as conn:
            conn.execute("UPDATE outlet SET next_due = 1 WHERE next_due IS NOT NULL")

    def captured(self) -> dict[str, int]:
        """How many captures each page has."""
        return dict(
            self.rows(
                "SELECT u.url, count(*) FROM capture c JOIN url u ON u.id = c.url_id"
                " WHERE u.url ~ '/[0-9]+$' GROUP BY 1"
            )
        )

    def missing(self) -> set[str]:
        """Pages that were published and have no capture."""
        wanted = {f"http://{h}{path}" for h, pages in self.target.pages.items() for path in pages}
        return wanted - self.captured().keys()

    def doubled(self) -> list[Any]:
        """Exchanges that the catalogue has more than once, be it by time or by record."""
        records = "SELECT record_id, count(*) FROM capture GROUP BY 1 HAVING count(*) > 1"
        return self.rows(records) + self.rows(
            "SELECT url_id, at, count(*) FROM capture GROUP BY 1, 2 HAVING count(*) > 1"
        )


def eventually(true: Callable[[], object], *, within: float = LONG) -> float:
    """Wait until something is so; how long that took."""
    begun = time.monotonic()
    while not true():
        assert time.monotonic() < begun + within, "this did not come about"
        time.sleep(0.1)
    return time.monotonic() - begun


def kill_crawl(fleet: Fleet, server: Server) -> None:
    """kill -9 of a crawl."""
    os.kill(a_crawl(fleet)[1], signal.SIGKILL)


def stop_crawl(fleet: Fleet, server: Server) -> None:
    """SIGSTOP of a crawl for longer than its lease, then SIGCONT."""
    _, crawl = a_crawl(fleet)
    os.kill(crawl, signal.SIGSTOP)
    time.sleep(2 * fleet.lease)
    with suppress(ProcessLookupError):  # the kernel has ended it
        os.kill(crawl, signal.SIGCONT)


def kill_worker(fleet: Fleet, server: Server) -> None:
    """kill -9 of a worker; another one begins in its place."""
    machine, _ = a_crawl(fleet)
    assert machine.process
    machine.process.kill()
    machine.process.wait()
    machine.start()


def stop_worker(fleet: Fleet, server: Server) -> None:
    """SIGSTOP of a worker until others have taken it for dead, then SIGCONT."""
    machine, _ = a_crawl(fleet)
    assert machine.process
    machine.process.send_signal(signal.SIGSTOP)
    time.sleep(30.0)
    machine.process.send_signal(signal.SIGCONT)


def cut_wire(fleet: Fleet, server: Server) -> None:
    """The database out of a machine's reach for longer than the lease, without a word."""
    machine, _ = a_crawl(fleet)
    wire = fleet.wires[fleet.machines.index(machine)]
    wire.cut()
    time.sleep(2 * fleet.lease)
    wire.mend()


def pull_cable(fleet: Fleet, server: Server) -> None:
    """A host without network for longer than the lease, and for longer than a heartbeat."""
    machine, _ = a_crawl(fleet)
    assert machine.host
    machine.host.pull()
    time.sleep(30.0)
    machine.host.plug()


def restart_database(fleet: Fleet, server: Server) -> None:
    """PostgreSQL is ended as by a crash, and started again."""
    a_crawl(fleet)
    server.stop()
    server.start()


FAULTS: dict[str, Callable[[Fleet, Server], None]] = {
    "kill-crawl": kill_crawl,
    "stop-crawl": stop_crawl,
    "kill-worker": kill_worker,
    "stop-worker": stop_worker,
    "cut-wire": cut_wire,
    "restart-database": restart_database,
}


def a_crawl(fleet: Fleet, *, meanwhile: Callable[[], None] = lambda: None) -> tuple[Machine, int]:
    """A crawl that has asked for a page, and its machine; `meanwhile` is called until it has."""
    since = len(fleet.target.log)
    found: list[tuple[Machine, int]] = []

    def there() -> bool:
        meanwhile()
        at_work = {line.process for line in fleet.target.log[since:] if line.path[1:].isdecimal()}
        for machine in fleet.machines:
            found.extend((machine, one) for one in machine.children() if one in at_work)
        return bool(found)

    eventually(there)
    return found[0]


SEED = """
id = "o{0}"
name = "O{0}"
homepage = "http://o{0}.example/"
feeds = ["http://o{0}.example/feed"]
[timetable]
every = "{1}"
"""
TABLES = """
[archive]
catalogue_url = "{database}"
[storage]
{store}
[polling]
min_interval = "1s"
first_interval = "1s"
[timetable]
jitter = "0s"
[daemon]
port = 0
disk_reserve = "1MB"
stop_within = "20s"
lease = "{lease}"
[extract]
workers = 1
[log]
format = "json"
"""


@contextmanager
def fleet(
    folder: Path,
    database: str,
    *,
    machines: int = 2,
    outlets: int = 3,
    every: str = "10s",
    lease: float = 3.0,
    crawl: str = "delay = 0\nconcurrency = 1",
    pause: float = 0.05,
    wired: bool = False,
    hosts: bool = False,
    store: str = "",
    secrets: Mapping[str, str] | None = None,
) -> Iterator[Fleet]:
    """Machines that do not work yet. `wired`: each has a way to the database that can be cut.

    `hosts`: and is in a network namespace of its own. `store`: settings of it, and `secrets` in the
    environment; otherwise it is a folder.

    Raises:
        OSError, subprocess.CalledProcessError: there can be no such namespaces.
    """
    Catalogue.open(database, create=True).close()
    with ExitStack() as stack:
        target = Target(outlets=outlets, pause=pause)
        stack.callback(target.close)
        made = []
        wires = []
        for number in range(machines):
            own = folder / f"m{number}"
            way = database
            own_host = stack.enter_context(new_host()) if hosts else None
            gate = own_host.gate if own_host else "127.0.0.1"
            if own_host:
                target.hosts[own_host.address] = own_host
            if wired or hosts:
                wires.append(wire_to(database))
                stack.callback(wires[-1].close)
                way = over(wires[-1], database, gate)
            names = {host_of(n): f"{gate}:{target.port}" for n in range(outlets)}
            working_folder(own, connect_to=names, crawl=crawl, network="allow_private = true")
            config = own / "config" / "archiver.toml"
            tables = TABLES.format(
                database=way.replace("postgresql:", "postgresql+psycopg:").replace(
                    "@/", "@localhost/"
                ),
                store=store or f'url = "file://{folder}/store"',
                lease=f"{lease:g}s",
            )
            config.write_text(tables + config.read_text("utf-8"), "utf-8")
            for n in range(outlets):
                add_seed(own, f"o{n}", SEED.format(n, every))
            made.append(Machine(folder=own, host=own_host, environment=secrets or {}))
            stack.callback(made[-1].kill)
        yield Fleet(target=target, database=database, machines=made, lease=lease, wires=wires)
