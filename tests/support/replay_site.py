"""A small archive, written with our own writer and catalogue, and the replay server over it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

from support.catalogues import new_url
from support.exchanges import answer, exchange

from archiver.model import Capture, CaptureKind, Outlet
from archiver.replay.app import create_app
from archiver.replay.server import listen, make_server
from archiver.store.catalogue import Catalogue
from archiver.store.warcs import Warcs
from archiver.urls import urlkey
from archiver.warc.record import RefersTo, WarcInfo, exchange_records, mime_of
from archiver.warc.writer import WarcWriter

DAY = datetime(2026, 5, 1, 6, 0, 0, 400_000, tzinfo=UTC)


def day(number: int, **parts: float) -> datetime:
    """A moment on the n-th day of the archive, counted from 1."""
    return DAY + timedelta(days=number - 1, **parts)


class Archive:
    """An archive being written: WARC files and catalogue in one folder."""

    def __init__(self, folder: Path) -> None:
        self.warcs = folder / "warc"
        self.catalogue = Catalogue.open(new_url(folder / "catalogue.sqlite"), create=True)
        info = WarcInfo(software="test")
        self.writer = WarcWriter(self.warcs, prefix="site", info=info)

    @property
    def reading(self) -> Warcs:
        """What opens its files."""
        return Warcs(self.warcs, self.catalogue.file)

    def keep(
        self,
        url: str,
        at: datetime,
        raw: bytes | str,
        *fields: bytes,
        outlet: str = "site-news",
        kind: CaptureKind = CaptureKind.PAGE,
        refers_to: Capture | None = None,
        metadata: Sequence[tuple[str, str]] = (),
        **facts: Any,
    ) -> Capture:
        """Keep an answer: its raw bytes, or the text of a page that is answered with 200.

        `metadata`: what a record beside it says.
        """
        if isinstance(raw, str):
            raw = answer(raw.encode(), *fields)
        taken = exchange(raw, url=url, started=at)
        earlier = None
        if refers_to:
            earlier = RefersTo(
                record_id=refers_to.warc.record_id,
                target_uri=refers_to.url,
                date=refers_to.captured_at,
                payload_digest=refers_to.warc.payload_digest,
            )
        records = exchange_records(taken, refers_to=earlier, metadata=metadata)
        ref = self.writer.append(records)[0]
        self.writer.sync()
        location = taken.header(b"location")
        capture = Capture(
            url=url,
            urlkey=urlkey(url),
            captured_at=at,
            kind=kind,
            outlet=outlet,
            run_id=None,
            status=taken.status,
            mime=mime_of(taken.header(b"content-type")),
            warc=ref,
            record_type=records[0].type,
            body_size=len(taken.payload),
            redirect_to=location.decode() if location else None,
            **facts,
        )
        self.catalogue.add_captures([capture])
        return capture

    def close(self) -> None:
        """Finish the WARC file and let go of the catalogue."""
        self.writer.close()
        self.catalogue.close()


@dataclass(frozen=True)
class Served:
    """A replay server that is running."""

    port: int

    @property
    def ui(self) -> str:
        """Origin of the interface."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def archived(self) -> str:
        """Origin of archived pages."""
        return f"http://replay.localhost:{self.port}"


@contextmanager
def serving(
    archive: Archive,
    token: str | None = None,
    outlets: Mapping[str, Outlet] = MappingProxyType({}),
    asked: list[tuple[str, str]] | None = None,
    player: Path | None = None,
) -> Iterator[Served]:
    """The replay server of an archive, on a free port of loopback.

    `outlets` are those of seed files; `asked` gets the Host and the path of each request.
    """
    with listen("127.0.0.1", 0) as bound:
        port = bound.getsockname()[1]
        app = create_app(
            catalogue=archive.catalogue,
            warcs=archive.reading,
            host="127.0.0.1",
            port=port,
            archived_host="replay.localhost",
            token=token,
            player=player,
            outlets=lambda: outlets,
        )

        async def logging(scope: Any, receive: Any, send: Any) -> None:
            if asked is not None:
                asked.append((dict(scope["headers"])[b"host"].decode(), scope["path"]))
            await app(scope, receive, send)

        server = make_server(logging)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve(sockets=[bound])))
        thread.start()
        try:
            yield Served(port)
        finally:
            server.should_exit = True
            thread.join()
