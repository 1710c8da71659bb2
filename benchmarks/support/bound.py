"""What no archiver on Scrapy can do without: a bound from below for its CPU."""

from __future__ import annotations

import hashlib
import socket
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from support.contenders import peer_options
from support.measure import Command, best, measure, timed
from support.site import Site, page_bodies

from archiver.warc.compress import compress_member

_HANDLER = "support.memory_handler.MemoryHandler"


def least_work(site: Site, folder: Path, *, pages: int, runs: int) -> Iterator[tuple[str, float]]:
    """CPU seconds, by name, of the parts of archiving so many pages that cannot be left out."""
    yield "Scrapy, answered from memory", _scrapy(site, folder, pages, runs)
    bodies = list(page_bodies(200))
    members = [compress_member(body) for body in bodies]
    parts: tuple[tuple[str, Callable[[bytes], object], list[bytes]], ...] = (
        ("SHA-1 of the block and of the payload", _two_digests, bodies),
        ("gzip (isal, level 2)", compress_member, bodies),
        ("SHA-256 of the file", hashlib.sha256, members),
    )
    for name, work, data in parts:
        yield name, min(_cpu(work, data) for _ in range(runs)) * pages / len(data)
    yield "reading the answers from a socket", min(_reading(bodies) for _ in range(runs)) * pages


def _scrapy(site: Site, folder: Path, pages: int, runs: int) -> float:
    costs = []
    for _ in range(runs):
        with tempfile.TemporaryDirectory(dir=folder) as name:
            place = Path(name)
            options = peer_options(site, place / "config-of", pages)
            options += ["-s", f'DOWNLOAD_HANDLERS={{"http": "{_HANDLER}"}}']
            options += ["-s", f"MEMORY_SITE={site.folder / 'www'}"]
            argv = [sys.executable, "-m", "scrapy", *options]
            env = {"PYTHONPATH": str(Path(__file__).parent.parent)}
            (place / "peer").mkdir()
            costs.append(measure(Command(argv=argv, folder=place / "peer", env=env)))
    return best(costs).cpu


def _two_digests(data: bytes) -> None:
    for _ in range(2):
        hashlib.sha1(data, usedforsecurity=False)


def _cpu(work: Callable[[bytes], object], data: list[bytes]) -> float:
    with timed() as watch:
        for each in data:
            work(each)
    return watch.cpu


def _reading(bodies: list[bytes]) -> float:
    """CPU seconds of the reader of one body, over a loopback connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        reader = socket.create_connection(server.getsockname())
        writer, _ = server.accept()
        whole = b"".join(bodies)
        sending = threading.Thread(target=writer.sendall, args=(whole,))
        with reader, writer:
            sending.start()
            left, begun = len(whole), time.thread_time()
            while left:
                left -= len(reader.recv(262_144))
            cpu = time.thread_time() - begun
            sending.join()
    return cpu / len(bodies)
