"""Content codings undone before a spider sees a response, within the limit for bodies."""

from __future__ import annotations

from scrapy import Request
from scrapy.crawler import Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Response

from archiver.errors import WireError
from archiver.fetch.scrapy_private import response_class
from archiver.wire.codings import OverCapError, decode_content
from archiver.wire.framer import MAX_PAYLOAD


class ContentCodingMiddleware:
    """Asks for codings and undoes them, with the decoders that read the archive too.

    In the place of Scrapy's own, whose errors hold on to all that was unpacked of a bomb until
    the garbage collector comes by: a dozen at once took 440 MB. What is broken is decoded as far
    as it goes; a response of an unknown coding stays as it is.
    """

    def __init__(self, maxsize: int) -> None:
        self._maxsize = maxsize

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> ContentCodingMiddleware:
        """As Scrapy makes it."""
        return cls(crawler.settings.getint("DOWNLOAD_MAXSIZE"))

    def process_request(self, request: Request) -> None:
        """Ask for the codings that can be undone."""
        request.headers.setdefault("Accept-Encoding", "gzip, deflate, br, zstd")

    def process_response(self, request: Request, response: Response) -> Response:
        """Give the response with its body decoded.

        Raises:
            IgnoreRequest: where the decoded body passes DOWNLOAD_MAXSIZE.
        """
        codings = [(b"content-encoding", v) for v in response.headers.getlist("Content-Encoding")]
        if not codings or not response.body:
            return response
        cap = request.meta.get("download_maxsize", self._maxsize) or MAX_PAYLOAD
        try:
            body = _decoded(response.body, codings, cap)
        except WireError:
            return response
        if body is None:
            request.meta["archiver_error"] = "too-large"
            raise IgnoreRequest(f"{response.url} unpacks to more than {cap} bytes")
        headers = response.headers.copy()
        del headers["Content-Encoding"]
        kind = response_class(headers=headers, url=response.url, body=body)
        # Without that of text: an encoding that is looked for in coded bytes is none, and to do
        # so, as `response.replace` would, takes as long as all else that is done with a page.
        kept = {name: getattr(response, name) for name in Response.attributes}
        return kind(**kept | {"headers": headers, "body": body})


def _decoded(body: bytes, codings: list[tuple[bytes, bytes]], cap: int) -> bytes | None:
    """Undo the codings; None where that gives more than `cap`.

    Raises:
        WireError: where one is unknown, or they are too many.
    """
    try:
        return decode_content(body, codings, cap=cap)
    except OverCapError:
        return None
    except WireError:
        pass
    try:
        return decode_content(body, codings, cap=cap, tolerant=True)
    except OverCapError:
        return None
