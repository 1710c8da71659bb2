"""One HTTP exchange as it crossed the wire."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from archiver.wire.spool import Content


@dataclass(frozen=True, kw_only=True, slots=True)
class PeerCertificates:
    """The certificates by which TLS knows the server, in DER, its own first.

    `verified`: the chain leads to an authority that is trusted, and the name is right. If not,
    because verification is off, the certificates are those that the server sent.
    """

    certificates: tuple[bytes, ...]
    verified: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Exchange:
    """The bytes of one request and of its answer, and what is known about the connection.

    `request`: head and body exactly as sent, empty where nothing was. `interim`: every 1xx
    answer, raw. `response`: the final answer exactly as received, head and body with its
    transfer coding, empty where none came; its first `head_length` bytes are the head (0 where
    no HTTP answer came). `payload`: the body without transfer coding, content coding kept (RFC
    9110 section 6.4). Both are bytes, or of a large body a `Spilled`.
    `headers`: the head's fields in order, names and values as received, unfolded and stripped.
    `protocols` are WARC-Protocol values, innermost first, such as ("http/1.1", "tls/1.3").
    `tls` is set for https; `reused` says that the connection has carried an exchange before.
    `truncated` is a WARC-Truncated reason: "length", "time", "disconnect" or "unspecified".
    `error` is set where the exchange failed: a word of the vocabulary of `Problem.reason`;
    `detail` then says what happened, where that is known, and `tried` names the addresses where
    there was no connection to send a request on.
    """

    url: str
    method: str
    started: datetime
    ended: datetime
    request: bytes
    response: Content
    head_length: int
    status: int | None
    reason: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    payload: Content
    interim: bytes = b""
    ip: str | None = None
    protocols: tuple[str, ...] = ("http/1.1",)
    cipher: str | None = None
    tls: PeerCertificates | None = None
    reused: bool = False
    truncated: str | None = None
    error: str | None = None
    detail: str | None = None
    tried: tuple[str, ...] = ()

    def header(self, name: bytes) -> bytes | None:
        """The first value of a field, by name in any case; None where there is none."""
        wanted = name.lower()
        for key, value in self.headers:
            if key.lower() == wanted:
                return value
        return None
