from __future__ import annotations

import gzip
import zlib

import brotli
import pytest
from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Headers, HtmlResponse, Response

from archiver.fetch.compression import ContentCodingMiddleware
from archiver.fetch.scrapy_private import response_class

PAGE = "<meta charset=iso-8859-2><title>Zażółć</title>".encode("iso-8859-2") + b"<p>words" * 99
URL = "https://news.example/a"


def passed(body: bytes, *codings: str, maxsize: int = 10_000, **meta: object) -> Response:
    """What the spider gets of an answer with these Content-Encoding fields."""
    headers = Headers({"Content-Type": "text/html", "Content-Encoding": list(codings)})
    kind = response_class(headers=headers, url=URL, body=body)
    response = kind(URL, headers=headers, body=body, flags=["dataloss"], protocol="HTTP/1.1")
    request = Request(URL, meta=meta)
    return ContentCodingMiddleware(maxsize).process_response(request, response)


@pytest.mark.parametrize(
    ("body", "codings"),
    [
        (gzip.compress(PAGE, mtime=0), ["gzip"]),
        (brotli.compress(gzip.compress(PAGE, mtime=0)), ["gzip", "br"]),
        (brotli.compress(gzip.compress(PAGE, mtime=0)), ["gzip, br"]),
        (zlib.compress(PAGE)[2:-4], ["Deflate"]),
        (PAGE, ["identity"]),
        (gzip.compress(PAGE, mtime=0)[:-8], ["gzip"]),
    ],
)
def test_the_spider_gets_what_was_coded(body: bytes, codings: list[str]) -> None:
    response = passed(body, *codings)
    assert isinstance(response, HtmlResponse)
    assert response.body == PAGE
    assert response.xpath("//title/text()").get() == "Zażółć"
    assert "Content-Encoding" not in response.headers
    assert (response.flags, response.protocol) == (["dataloss"], "HTTP/1.1")


class Coded(HtmlResponse):
    """A response whose encoding nobody can tell yet."""

    @property
    def encoding(self) -> str:
        """Nothing to be asked for: it would be looked for in coded bytes, at length."""
        raise AssertionError("coded bytes have no encoding")


def test_no_encoding_is_looked_for_in_coded_bytes() -> None:
    headers = Headers({"Content-Type": "text/html", "Content-Encoding": "gzip"})
    coded = Coded(URL, headers=headers, body=gzip.compress(PAGE, mtime=0))
    response = ContentCodingMiddleware(10_000).process_response(Request(URL), coded)
    assert isinstance(response, HtmlResponse)
    assert response.encoding == "iso8859-2"


def test_what_nobody_knows_stays_as_it_is() -> None:
    response = passed(PAGE, "gzip", "compress")
    assert (response.body, response.headers.getlist("Content-Encoding")) == (
        PAGE,
        [b"gzip", b"compress"],
    )
    assert passed(b"", "gzip").body == b""


@pytest.mark.parametrize("cut", [0, 4])
def test_bombs_are_ignored(cut: int) -> None:
    bomb = gzip.compress(bytes(100_000))
    with pytest.raises(IgnoreRequest, match="more than 10000 bytes") as caught:
        passed(bomb[: len(bomb) - cut], "gzip")
    error: BaseException | None = caught.value
    assert error is not None
    assert error.__context__ is None  # which would hold on to what was unpacked
    assert passed(bomb, "gzip", download_maxsize=200_000).body == bytes(100_000)
    assert passed(bomb, "gzip", maxsize=0).body == bytes(100_000)


def test_the_word_for_a_bomb() -> None:
    request = Request(URL)
    response = Response(URL, headers={"Content-Encoding": "gzip"}, body=gzip.compress(bytes(999)))
    with pytest.raises(IgnoreRequest):
        ContentCodingMiddleware(10).process_response(request, response)
    assert request.meta["archiver_error"] == "too-large"


def test_codings_are_asked_for() -> None:
    middleware = ContentCodingMiddleware(10)
    plain, own = Request(URL), Request(URL, headers={"Accept-Encoding": "identity"})
    for request in (plain, own):
        middleware.process_request(request)
    assert plain.headers["Accept-Encoding"] == b"gzip, deflate, br, zstd"
    assert own.headers["Accept-Encoding"] == b"identity"
