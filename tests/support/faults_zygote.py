"""Crawls that cost no start: a process that has imported everything, and forks for each.

Read from stdin, a line each: {"folder", "outlet", "plan", "acknowledged", "calls", "output",
"settings", "limit"}. Written for each: {"pid"}, and when that has ended, {"code"} as of
`os.waitstatus_to_exitcode`. What the child's sink returned stands in `acknowledged`, a line a
capture, written before Scrapy learns of it; the calls of its fault layer in `calls`.
"""

from __future__ import annotations

import importlib
import json
import os
import pickle
import resource
import sys
import threading
import traceback
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, event
from support.faults_layer import Layer, Plan

_IMPORTED = (
    "alembic.command",
    "archiver.fetch.handler",
    "archiver.fetch.proxy",
    "archiver.fetch.robots",
    "archiver.fetch.run",
    "scrapy.cmdline",
    "scrapy.commands.crawl",
    "scrapy.core.engine",
    "scrapy.core.scraper",
    "scrapy.crawler",
    "scrapy.downloadermiddlewares.cookies",
    "scrapy.downloadermiddlewares.defaultheaders",
    "scrapy.downloadermiddlewares.downloadtimeout",
    "scrapy.downloadermiddlewares.httpauth",
    "scrapy.downloadermiddlewares.httpcache",
    "archiver.fetch.compression",
    "scrapy.downloadermiddlewares.httpproxy",
    "scrapy.downloadermiddlewares.offsite",
    "scrapy.downloadermiddlewares.redirect",
    "scrapy.downloadermiddlewares.retry",
    "scrapy.downloadermiddlewares.stats",
    "scrapy.downloadermiddlewares.useragent",
    "scrapy.extensions.corestats",
    "scrapy.extensions.feedexport",
    "scrapy.extensions.logcount",
    "scrapy.extensions.logstats",
    "scrapy.extensions.memusage",
    "scrapy.extensions.throttle",
    "scrapy.spidermiddlewares.depth",
    "scrapy.spidermiddlewares.httperror",
    "scrapy.spidermiddlewares.referer",
    "scrapy.spidermiddlewares.start",
    "scrapy.spidermiddlewares.urllength",
    "spiders.commands.crawl",
    "spiders.loader",
    "spiders.pipelines",
    "sqlalchemy.dialects.sqlite.pysqlite",
    "twisted.internet.asyncioreactor",
)


class Settled:
    """A pipeline in the place of extraction: every page is done with."""

    def __init__(self, crawler: Any) -> None:
        self._crawler = crawler

    @classmethod
    def from_crawler(cls, crawler: Any) -> Settled:
        return cls(crawler)

    def process_item(self, item: Any) -> Any:
        from archiver.fetch.run import run_of
        from archiver.model import ExtractionState

        run_of(self._crawler).catalogue.set_extraction(item.capture, ExtractionState.DONE)
        return item


def _acknowledge(path: Path) -> None:
    """Write down each capture that the sink returns, before anybody else learns of it."""
    from archiver.fetch.run import RunExtension

    fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    keep = RunExtension.keep

    async def noted(self: RunExtension, exchange: Any, request: Any, **told: Any) -> Any:
        capture = await keep(self, exchange, request, **told)
        if capture is not None:
            ref = capture.warc
            fact = {
                "url": capture.url,
                "file": ref.file,
                "offset": ref.offset,
                "id": ref.record_id,
            }
            os.write(fd, json.dumps(fact).encode() + b"\n")
        return capture

    RunExtension.keep = noted  # type: ignore[method-assign]  # the one place where it is known


def _limit_catalogue(more: int) -> None:
    """Let SQLite find its disk full once the catalogue has grown by so many pages."""

    @event.listens_for(Engine, "connect")
    def connected(dbapi: Any, _record: Any) -> None:
        pages = dbapi.execute("PRAGMA page_count").fetchone()[0]
        limits.append(limits[0] if limits else pages + more)
        dbapi.execute(f"PRAGMA max_page_count={limits[0]}")

    limits: list[int] = []


def _record(path: Path, layer: Layer) -> None:
    """Write down all that a loss of power could undo: see `faults_power`."""
    from archiver.fetch.run import RunExtension

    log = path.open("wb", buffering=0)
    lock = threading.Lock()
    changes: dict[int, int] = {}

    def note(entry: object) -> None:
        with lock:
            pickle.dump(entry, log)

    @event.listens_for(Engine, "checkin")
    def checked_in(dbapi: Any, _record: Any) -> None:
        if dbapi is not None and dbapi.total_changes != changes.get(id(dbapi), 0):
            changes[id(dbapi)] = dbapi.total_changes
            synced = dbapi.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL
            note(("synced" if synced else "committed", dbapi.serialize()))

    keep = RunExtension.keep

    async def noted(self: RunExtension, exchange: Any, request: Any, **told: Any) -> Any:
        capture = await keep(self, exchange, request, **told)
        if capture is not None:
            ref = capture.warc
            note(("acknowledged", (ref.record_id, ref.file, ref.offset)))
        return capture

    RunExtension.keep = noted  # type: ignore[method-assign]  # the one place where it is known
    layer.made = note


def _crawl(order: dict[str, Any]) -> None:
    """Be the crawl; ends the process."""
    folder = Path(order["folder"])
    output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.chdir(folder)
    _acknowledge(Path(order["acknowledged"]))
    if order.get("catalogue_pages") is not None:
        _limit_catalogue(order["catalogue_pages"])
    if order.get("file_size") is not None:
        limit = order["file_size"]
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    layer = Layer(folder / "archive", Plan(**order.get("plan", {})))
    if order.get("record"):
        _record(Path(order["record"]), layer)
    calls = os.open(order["calls"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    write = os.write

    def note(operation: str, name: str) -> None:
        write(calls, f"{operation} {name}\n".encode())

    layer.seen = note
    layer.install()
    from scrapy import cmdline

    settings = {"ITEM_PIPELINES": json.dumps({f"{__package__}.faults_zygote.Settled": 300})}
    settings |= order.get("settings", {})
    code: Any = 1
    try:
        pairs = [word for pair in settings.items() for word in ("-s", "=".join(pair))]
        cmdline.execute(["scrapy", "crawl", order["outlet"], *pairs])
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - this process ends here, and the test is to read why
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code if isinstance(code, int) else 1)


def main() -> None:
    """Fork for every order, until there are no more."""
    for name in _IMPORTED:
        importlib.import_module(name)
    os.environ["SCRAPY_SETTINGS_MODULE"] = "spiders.settings"
    if "twisted.internet.reactor" in sys.modules:
        raise RuntimeError("what was imported has chosen a reactor")
    for line in sys.stdin:
        order = json.loads(line)
        pid = os.fork()
        if pid == 0:
            _crawl(order)
        _say(pid=pid)
        _, status = os.waitpid(pid, 0)
        _say(code=os.waitstatus_to_exitcode(status))


def _say(**facts: int) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
