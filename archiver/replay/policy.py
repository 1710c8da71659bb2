"""What browsers are told about each answer: header fields of the two origins.

Archived pages are hostile. They are shown on an origin of their own, without scripts, forms,
plug-ins, other windows or top-level navigation, and may load from that origin only. This
holds by header, whatever the rewriting of a page missed.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from archiver.wire.codings import codings_of

Fields = Sequence[tuple[bytes, bytes]]

_COMMON = {
    "Cache-Control": "no-store",  # what is redacted shall not live on in a browser
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-DNS-Prefetch-Control": "off",
    "Permissions-Policy": "attribution-reporting=(), browsing-topics=(), camera=(),"
    " geolocation=(), microphone=()",
    # Keeps other sites from finding out what is here by embedding it. Frames are not concerned.
    "Cross-Origin-Resource-Policy": "same-origin",
}
_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,100}")
_CONTROL = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_MAX_ORIGINAL = 16_384  # bytes of original header fields that are passed on
# Never passed on, not even under another name: they are secrets of the crawl.
_SECRET = frozenset((b"set-cookie", b"set-cookie2"))


def ui_headers(archive_origin: str) -> dict[str, str]:
    """Fields of every answer of the interface."""
    return _COMMON | {
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self';"
        f" frame-src {archive_origin}; form-action 'self'; base-uri 'none';"
        " frame-ancestors 'none'",
        "Cross-Origin-Opener-Policy": "same-origin",
    }


def notice_headers(ui_origins: Iterable[str]) -> dict[str, str]:
    """Fields of the archive origin's own pages, such as that nothing was captured."""
    return _COMMON | {
        "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'none';"
        f" base-uri 'none'; frame-ancestors 'self' {' '.join(ui_origins)}; sandbox"
        " allow-same-origin"
    }


def memento_policy(ui_origins: Iterable[str], *, raw: bool) -> str:
    """The Content-Security-Policy of archived bytes.

    `allow-same-origin` without `allow-scripts` gives a page no power (WHATWG HTML section
    4.8.5), yet lets it load its own fonts and SVG symbols, which browsers fetch with CORS.
    A raw memento, which is no page to look at, gets no permission at all.
    """
    return (
        "default-src 'self' data:; script-src 'none'; style-src 'self' 'unsafe-inline' data:;"
        " connect-src 'none'; object-src 'none'; worker-src 'none'; manifest-src 'none';"
        " frame-src 'self'; form-action 'none'; base-uri 'self';"
        f" frame-ancestors 'self' {' '.join(ui_origins)};"
        f" sandbox{'' if raw else ' allow-same-origin'}"
    )


def original_fields(headers: Fields) -> list[tuple[bytes, bytes]]:
    """The archived header fields under `X-Archive-Orig-`; none that a server may not send."""
    kept = []
    room = _MAX_ORIGINAL
    for name, value in headers:
        room -= len(name) + len(value)
        if room >= 0 and name.lower() not in _SECRET and is_sendable(name, value):
            kept.append((b"x-archive-orig-" + name.lower(), value))
    return kept


def is_sendable(name: bytes, value: bytes) -> bool:
    """Whether a field is well-formed (RFC 9110 section 5); archived ones may be anything."""
    return bool(_TOKEN.fullmatch(name)) and not _CONTROL.search(value) and value == value.strip()


def accepts(accept_encoding: str, headers: Fields) -> bool:
    """Whether a client takes the body with the content codings that it is stored in.

    Lists what RFC 9110 section 12.5.3 allows; a coding with the weight 0 is refused.
    """
    taken = set()
    for item in accept_encoding.lower().split(","):
        coding, _, weight = item.partition(";")
        if not re.fullmatch(r"\s*q\s*=\s*0(?:\.0*)?\s*", weight):
            taken.add(coding.strip())
    return all(
        coding in taken or coding.removeprefix("x-") in taken
        for coding in codings_of(headers, b"content-encoding")
    )
