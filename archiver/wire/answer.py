"""A stored HTTP answer, understood: in memory, or of any size with flat memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from archiver.errors import WireError
from archiver.wire.codings import codings_of, decode_transfer
from archiver.wire.framer import BODILESS, HEAD_END, MAX_HEAD, MAX_PAYLOAD, ResponseFramer
from archiver.wire.head import Fields, ResponseHead, parse_response_head
from archiver.wire.spool import Content, Spool, Streamed, pieces, portion

_PASSING = 64 * 1024  # bytes that are held while others pass
_BEGIN = 4 * 1024  # bytes in which a head is looked for first


@dataclass(frozen=True, kw_only=True, slots=True)
class ParsedResponse:
    """A whole stored response, understood.

    `raw[head_length:]` is the body as it stands there. `payload` has its transfer coding
    removed, content coding kept. `complete` is False where the stored bytes end before the
    response does; `excess` counts bytes that follow its end.
    """

    version: bytes
    status: int
    reason: bytes
    headers: Fields
    head_length: int
    payload: Content
    complete: bool = True
    excess: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class PlainHead:
    """The head of an answer that begins with it, `length` bytes with the empty line."""

    head: ResponseHead
    length: int


def plain_head(raw: Content) -> PlainHead | None:
    """Read a head as nearly all are: at the very beginning, whole, of no interim answer.

    None where it is not so, or `raw` is not in memory: to be read by `parse_response`.
    """
    if not isinstance(raw, bytes) or not raw.startswith(b"HTTP/"):
        return None
    end = HEAD_END.search(raw, 0, MAX_HEAD)
    head = parse_response_head(raw[: end.end()]) if end else None
    if end is None or head is None or 100 <= head.status < 200:
        return None
    return PlainHead(head=head, length=end.end())


def parse_response(
    raw: Content,
    *,
    method: str = "GET",
    cap: int = MAX_PAYLOAD,
    known: PlainHead | None = None,
) -> ParsedResponse:
    """Read the response in `raw`, which was the answer to a request of `method`.

    Gives what there is of a body that was cut. Interim answers in front, as other archivers
    store them, count to the head. A payload is bytes if `raw` is; if not, it reads itself from
    `raw`, so that memory is flat. `known` is what `plain_head` made of it, where it was asked.

    Raises:
        WireError: where `raw` does not begin as an HTTP response, its head is larger than
            `MAX_HEAD`, or a transfer coding hides more than `cap` bytes.
    """
    known = known or plain_head(raw)
    if known is not None and not codings_of(known.head.headers, b"transfer-encoding"):
        return _by_length(raw, method, known)
    framer, steps = _begun(raw, method, Spool if isinstance(raw, bytes) else _Passing)
    followed = framer.chunked or framer.head is None  # else its head tells all
    if followed:
        for step in steps:
            framer.feed(step)
        framer.eof()
    head = _head_of(framer, raw)
    size, complete, excess = framer.payload_size, framer.complete, framer.excess
    if not followed:
        room = len(raw) - framer.head_end
        size = room if framer.body_length is None else min(room, framer.body_length)
        complete = framer.body_length in (None, size)
        excess = room - size
    if not framer.chunked:
        payload = portion(raw, framer.head_end, framer.head_end + size)
    elif isinstance(raw, bytes):
        payload = framer.payload_from(0)
    else:
        payload = Streamed(lambda: _unchunked(raw, method), size)
    return ParsedResponse(
        version=head.version,
        status=head.status,
        reason=head.reason,
        headers=head.headers,
        head_length=framer.head_end,
        payload=_decoded(payload, framer.codings, cap) if framer.codings else payload,
        complete=complete,
        excess=excess,
    )


def _by_length(raw: Content, method: str, known: PlainHead) -> ParsedResponse:
    """The answer whose end its head tells, or the end of the bytes (RFC 9112, section 6.3)."""
    head, room = known.head, len(raw) - known.length
    bodiless = method.upper() == "HEAD" or head.status in BODILESS
    stated = 0 if bodiless else head.content_length
    size = room if stated is None else min(room, stated)
    return ParsedResponse(
        version=head.version,
        status=head.status,
        reason=head.reason,
        headers=head.headers,
        head_length=known.length,
        payload=portion(raw, known.length, known.length + size),
        complete=stated in (None, size),
        excess=room - size,
    )


def parse_head(raw: Content, *, method: str = "GET") -> ResponseHead:
    """Read the head alone of the response in `raw`.

    Raises:
        WireError: as `parse_response`, of the head.
    """
    framer, _ = _begun(raw, method, _Passing)
    if framer.head is None:
        framer.eof()
    return _head_of(framer, raw)


def _begun(
    raw: Content, method: str, spool: Callable[[], Spool]
) -> tuple[ResponseFramer, Iterator[bytes]]:
    """Feed a framer up to the end of the head; it, and what it was not fed yet."""
    framer = ResponseFramer(method=method, spool=spool)
    steps = iter((raw[:_BEGIN], raw[_BEGIN:])) if isinstance(raw, bytes) else pieces(raw)
    for step in steps:
        framer.feed(step)
        if framer.head is not None:
            break
    return framer, steps


def _head_of(framer: ResponseFramer, raw: Content) -> ResponseHead:
    if framer.head is None:
        what = "the head is too large" if framer.fault == "too-large" else "no HTTP response"
        raise WireError(what, thing=repr(raw[:40]))
    return framer.head


class _Passing(Spool):
    """Bytes that are let go, once they were seen, instead of being held."""

    def __init__(self) -> None:
        super().__init__(limit=_PASSING)

    def take(self) -> bytes:
        """Give what came since the last time."""
        data = bytes(self.window)
        self._move(len(data))
        return data

    def _move(self, count: int) -> None:
        del self.window[:count]
        self.base += count


def _unchunked(raw: Content, method: str) -> Iterator[bytes]:
    """What the chunks in `raw` hold, piece by piece."""
    spools: list[_Passing] = []  # of what is fed, then of the chunks' data

    def spool() -> Spool:
        spools.append(_Passing())
        return spools[-1]

    framer = ResponseFramer(method=method, spool=spool)
    for piece in pieces(raw):
        framer.feed(piece)
        if framer.chunked:
            yield spools[-1].take()


def _decoded(payload: Content, codings: list[str], cap: int) -> Content:
    """The payload without these transfer codings."""
    if isinstance(payload, bytes):
        return b"".join(decode_transfer(payload, codings, cap=cap))
    size = sum(map(len, decode_transfer(payload, codings, cap=cap)))
    return Streamed(lambda: decode_transfer(payload, codings, cap=cap), size)
