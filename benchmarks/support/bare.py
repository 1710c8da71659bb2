"""The floor: an asyncio protocol that writes WARC with our own rooms, and nothing else.

No Scrapy, no catalogue, no thread, no limits, no robots.txt, no errors survived.

Usage: bare.py HOST:PORT URLS.txt FOLDER CONNECTIONS
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from support.many_exchanges import exchange_of, request_of, writer

from archiver.model import utcnow
from archiver.warc.record import exchange_records
from archiver.warc.writer import WarcWriter
from archiver.wire.framer import ResponseFramer

_GROUP = 32  # exchanges a sync, as the recorder's largest group


class _Fetcher(asyncio.Protocol):
    """One connection: asks for the next URL as soon as an answer is whole and written."""

    def __init__(self, urls: list[str], host: str, out: WarcWriter, kept: list[int]) -> None:
        self._urls = urls
        self._host = host
        self._out = out
        self._kept = kept
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        if not self._urls:
            self._transport.close()
            return
        self._url = self._urls.pop()
        target = self._url.partition("://")[2].partition("/")[2]
        self._request = request_of(f"/{target}", self._host)
        self._framer = ResponseFramer()
        self._started = utcnow()
        self._transport.write(self._request)

    def data_received(self, data: bytes) -> None:
        self._framer.feed(data)
        if not self._framer.complete:
            return
        exchange = exchange_of(
            self._framer, url=self._url, request=self._request, started=self._started
        )
        self._out.append(exchange_records(exchange))
        self._kept[0] += 1
        if self._kept[0] % _GROUP == 0:
            self._out.sync()
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        self.ended.set_result(exc)


async def _fetch(address: str, urls: list[str], folder: Path, connections: int) -> None:
    host, port = address.split(":")
    loop = asyncio.get_running_loop()
    kept = [0]
    with writer(folder) as out:
        fetchers = []
        for _ in range(connections):
            _, fetcher = await loop.create_connection(
                lambda: _Fetcher(urls, address, out, kept), host, int(port)
            )
            fetchers.append(fetcher)
        await asyncio.gather(*(fetcher.ended for fetcher in fetchers))


def main() -> None:
    """Fetch the list."""
    address, listing, folder, connections = sys.argv[1:]
    urls = Path(listing).read_text(encoding="utf-8").split()
    asyncio.run(_fetch(address, urls[::-1], Path(folder), int(connections)))


if __name__ == "__main__":
    main()
