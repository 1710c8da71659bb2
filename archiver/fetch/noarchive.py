"""Pages that ask not to be kept."""

from __future__ import annotations

from archiver.discover.signals import HEAD, page_signals, says
from archiver.errors import WireError
from archiver.wire.codings import iter_content
from archiver.wire.exchange import Exchange

PRODUCT = "news-archiver"  # by which publishers call us in their directives
_CAP = 32 * 1024 * 1024  # bytes, decoded


def asks_not_to_be_kept(exchange: Exchange) -> bool:
    """Whether an answer says noarchive, in its head or at the start of its body."""
    if exchange.status is None or not 200 <= exchange.status < 300:
        return False
    body = b""
    try:
        for piece in iter_content(exchange.payload, exchange.headers, cap=_CAP):
            body += piece
            if len(body) >= HEAD:
                break
    except WireError:
        pass  # what came before counts
    return says(page_signals(exchange.headers, body, product=PRODUCT), "noarchive")
