"""Replay servers as processes, and how many requests a second they answer."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from support.measure import BenchmarkError

_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True, slots=True)
class Replayer:
    """A running server. `start` are the seconds from its begin to its first answer."""

    port: int
    pid: int
    start: float
    host: str

    @property
    def memory(self) -> int:
        """Resident bytes."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE")

    @property
    def cpu(self) -> float:
        """Seconds of the processor that it has had, user's and system's."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True, slots=True)
class Rate:
    """Answers a second, and milliseconds of the server's processor for each."""

    a_second: float
    cpu: float


@contextmanager
def our_replay(folder: Path) -> Iterator[Replayer]:
    """`archiver replay` in a working folder."""
    command = [sys.executable, "-m", "archiver.cli.main", "replay", "--port", "0"]
    begun = time.monotonic()
    with subprocess.Popen(
        command,
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(_ROOT)},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout
        try:
            line = process.stdout.readline()
            port = int(line.split()[0].rstrip("/").rpartition(":")[2])
            _one(port, f"127.0.0.1:{port}", "/")
            start = time.monotonic() - begun
            host = f"replay.localhost:{port}"
            yield Replayer(port=port, pid=process.pid, start=start, host=host)
        finally:
            process.terminate()


def _one(port: int, host: str, path: str) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", path, headers={"Host": host})
    connection.getresponse().read()
    connection.close()


def rate_of(server: Replayer, paths: Sequence[str], count: int, *, clients: int = 4) -> Rate:
    """What a server does for a few clients that keep their connections.

    They acknowledge at once what comes: a server that writes head and body apart would else wait
    40 ms for them, which says nothing of its speed.

    Raises:
        BenchmarkError: where an answer is not 200.
    """
    wrong: list[tuple[str, int]] = []

    def work(number: int) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=120)
        fields = {"Host": server.host, "Accept-Encoding": "gzip, br, deflate, zstd"}
        connection.connect()
        for turn in range(number, count, clients):
            path = paths[turn % len(paths)]
            if connection.sock is None:  # it was closed behind the answer before
                connection.connect()
            connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            connection.request("GET", path, headers=fields)
            answer = connection.getresponse()
            answer.read()
            if answer.status != 200:
                wrong.append((path, answer.status))
                break
        connection.close()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    begun, before = time.monotonic(), server.cpu
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise BenchmarkError(f"answers that are not 200: {wrong[:3]}")
    seconds = time.monotonic() - begun
    return Rate(a_second=count / seconds, cpu=(server.cpu - before) / count * 1000)
