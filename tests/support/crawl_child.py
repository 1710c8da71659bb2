"""A real Scrapy crawl in a process of its own: chains of requests in, JSON lines out.

Read from stdin: {"settings": {...}, "chains": [[request, ...], ...]}, where the requests of a
chain are sent one after the other. A request: id, url, method, headers, body, meta,
and stop: [signal, fail] to raise StopDownload. Written for each: {"kept": id, ...exchange} by
the sink, then {"result": id, ...} by the spider.
"""

from __future__ import annotations

import base64
import json
import sys
from typing import Any

import scrapy
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess
from scrapy.exceptions import StopDownload

from archiver.wire.exchange import Exchange


def b64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def say(**facts: Any) -> None:
    sys.stdout.write(json.dumps(facts) + "\n")


class DumpSink:
    """Prints exchanges; what it returns must turn up in the request's meta."""

    async def keep(
        self, exchange: Exchange, request: scrapy.Request, *, more: bool = False
    ) -> object | None:
        say(
            kept=request.meta["id"],
            more=more,
            url=exchange.url,
            method=exchange.method,
            started=exchange.started.isoformat(),
            ended=exchange.ended.isoformat(),
            request=b64(exchange.request),
            response=b64(exchange.response),
            interim=b64(exchange.interim),
            payload=b64(exchange.payload),
            head_length=exchange.head_length,
            status=exchange.status,
            reason=b64(exchange.reason),
            headers=[[b64(name), b64(value)] for name, value in exchange.headers],
            ip=exchange.ip,
            protocols=exchange.protocols,
            cipher=exchange.cipher,
            verified=exchange.tls.verified if exchange.tls else None,
            certificates=[b64(der) for der in exchange.tls.certificates] if exchange.tls else [],
            reused=exchange.reused,
            truncated=exchange.truncated,
            error=exchange.error,
            detail=exchange.detail,
            tried=exchange.tried,
        )
        if request.meta.get("sink_fails"):
            raise OSError("no room")
        return f"capture of {request.meta['id']}"


class ChainSpider(scrapy.Spider):
    name = "chains"
    chains: list[list[dict[str, Any]]]

    @classmethod
    def from_crawler(cls, crawler: Any, *args: Any, **kwargs: Any) -> Any:
        spider = super().from_crawler(crawler, *args, **kwargs)
        spider.signalled = {}
        crawler.signals.connect(spider.on_headers, signal=signals.headers_received)
        crawler.signals.connect(spider.on_bytes, signal=signals.bytes_received)
        return spider

    def on_headers(self, headers: Any, body_length: Any, request: Any) -> None:
        told = self.signalled.setdefault(request.meta["id"], {"bytes": ""})
        told["headers"] = sorted(name.decode() for name in headers)
        told["length"] = body_length
        self.stop_if("headers_received", request)

    def on_bytes(self, data: bytes, request: Any) -> None:
        told = self.signalled.setdefault(request.meta["id"], {"bytes": ""})
        told["bytes"] = b64(base64.b64decode(told["bytes"]) + data)
        self.stop_if("bytes_received", request)

    def stop_if(self, signal: str, request: Any) -> None:
        if request.meta["stop"] and request.meta["stop"][0] == signal:
            raise StopDownload(fail=request.meta["stop"][1])

    async def start(self) -> Any:
        for chain in self.chains:
            yield self.request(chain)

    def request(self, chain: list[dict[str, Any]]) -> scrapy.Request:
        asked, *rest = chain
        return scrapy.Request(
            asked["url"],
            method=asked.get("method", "GET"),
            headers=asked.get("headers"),
            body=asked.get("body", ""),
            callback=self.on_response,
            errback=self.on_error,
            dont_filter=True,
            meta={
                "handle_httpstatus_all": True,
                "dont_redirect": True,
                "dont_retry": True,
                "id": asked["id"],
                "stop": asked.get("stop"),
                "rest": rest,
                **asked.get("meta", {}),
            },
        )

    def on_response(self, response: Any) -> Any:
        return self.done(response.request, response, None)

    def on_error(self, failure: Any) -> Any:
        error = failure.value
        return self.done(failure.request, getattr(error, "response", None), error)

    def done(self, request: Any, response: Any, error: Any) -> Any:
        facts: dict[str, Any] = {"error": type(error).__name__ if error else None}
        if error:
            facts["message"] = str(error)
        if response is not None:
            certificate = response.certificate
            facts |= {
                "status": response.status,
                "type": type(response).__name__,
                "body": b64(response.body),
                "flags": response.flags,
                "protocol": response.protocol,
                "ip": str(response.ip_address),
                "certificate": len(certificate) if certificate else None,
                "cookies": len(response.headers.getlist("Set-Cookie")),
            }
        say(
            result=request.meta["id"],
            capture=request.meta.get("archiver_capture"),
            reason=request.meta.get("archiver_error"),
            latency="download_latency" in request.meta,
            signals=self.signalled.get(request.meta["id"]),
            **facts,
        )
        if request.meta["rest"]:
            yield self.request(request.meta["rest"])


def main() -> None:
    asked = json.load(sys.stdin)
    handler = "archiver.fetch.handler.VerbatimHandler"
    process = AsyncCrawlerProcess(
        {
            "TWISTED_REACTOR": "twisted.internet.asyncioreactor.AsyncioSelectorReactor",
            "DOWNLOAD_HANDLERS": {"http": handler, "https": handler},
            "DOWNLOADER_MIDDLEWARES": {
                "scrapy.downloadermiddlewares.httpcompression.HttpCompressionMiddleware": None,
                "archiver.fetch.compression.ContentCodingMiddleware": 590,
            },
            "EXTENSIONS": {DumpSink: 0},
            "TELNETCONSOLE_ENABLED": False,
            "CONCURRENT_REQUESTS": 16,
            "CONCURRENT_REQUESTS_PER_DOMAIN": 8,
            "DOWNLOAD_DELAY": 0,
            "USER_AGENT": "odd-test/1",
            "COOKIES_ENABLED": False,
            "LOG_LEVEL": "WARNING",
            **asked["settings"],
        }
    )
    process.crawl(ChainSpider, chains=asked["chains"])
    process.start()


if __name__ == "__main__":
    main()
