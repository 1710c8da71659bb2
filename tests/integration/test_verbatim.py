"""The handler in a real Scrapy crawl, against what odd servers say that they sent and got."""

import base64
import json
import os
import re
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import trustme
from support.odd_cases import CASES, HTML, Case, sized
from support.odd_server import Act, Logged, OddServer, Proxy

CHILD = Path(__file__).parent.parent / "support" / "crawl_child.py"
SPECIAL = {
    "again": (sized(HTML),),
    "stale": (Act.CLOSE_IF_REUSED, sized(HTML)),
    "closing": (Act.CLOSE_IF_REUSED, Act.CLOSE),
    "mute": (Act.MUTE,),
}
TOGETHER = {
    "plain", "chunked", "gzip", "brotli-chunked", "chunk-trailers", "103-hints-apart", "lf-only",
    "dripping", "three-interim-answers", "latin-1-header", "folded-header", "equal-lengths",
    "transfer-gzip", "zstd", "1000-headers", "40-kb-header",
}  # fmt: skip
OURS = ("archiver_capture", "archiver_error")
ANSWERS = {case.name: case.steps for case in CASES} | SPECIAL
BY_NAME = {case.name: case for case in CASES}


@dataclass
class Crawl:
    kept: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    more: list[bool] = field(default_factory=list)
    kept_first: bool = True
    http: OddServer | None = None
    https: OddServer | None = None
    proxy: Proxy | None = None
    log: str = ""

    def server(self, scheme: str) -> OddServer:
        server = self.https if scheme == "https" else self.http
        assert server is not None
        return server


def unb64(text: str) -> bytes:
    return base64.b64decode(text)


def asked(case: Case, scheme: str) -> dict[str, Any]:
    return {
        "id": f"{scheme}:{case.name}",
        "url": f"{scheme}://{case.host}/{case.name}",
        "method": case.method,
        "headers": case.headers,
        "body": case.request_body,
        "meta": case.meta,
        "stop": case.stop,
    }


def one(ident: str, url: str, **more: Any) -> list[dict[str, Any]]:
    return [{"id": ident, "url": url, **more}]


def run_child(settings: dict[str, Any], chains: list[Any]) -> tuple[list[dict[str, Any]], str]:
    done = subprocess.run(
        [sys.executable, str(CHILD)],
        input=json.dumps({"settings": settings, "chains": chains}),
        capture_output=True,
        text=True,
        timeout=120,
        env={**os.environ, "PYTHONWARNINGS": "default", "PYTHONASYNCIODEBUG": "0"},
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def tls_context(authority: trustme.CA, *hosts: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*hosts).configure_cert(context)
    context.set_alpn_protocols(["h2", "http/1.1"])
    return context


LOOPS = {"asyncio": None, "uvloop": "uvloop.Loop"}  # as ASYNCIO_EVENT_LOOP names them


@pytest.fixture(scope="module", params=LOOPS)
def crawl(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Crawl]:
    """Run every case in one crawl on each event loop; the tests then compare."""
    if request.param != "asyncio":
        pytest.importorskip(request.param)
    ours, other = trustme.CA(), trustme.CA()
    ca_file = tmp_path_factory.mktemp("tls") / "ca.pem"
    ours.cert_pem.write_to_path(str(ca_file))
    with (
        OddServer(ANSWERS) as http,
        OddServer(ANSWERS, tls=tls_context(ours, "odd.test", "*.odd.test")) as https,
        OddServer(ANSWERS, tls=tls_context(other, "odd.test")) as untrusted,
        OddServer(ANSWERS, tls=tls_context(ours, "mute.test")) as mute,
        Proxy({"odd.test:443": https.port}) as proxy,
        Proxy({"odd.test:443": https.port}, tls=tls_context(ours, "localhost")) as secret_proxy,
        socket.create_server(("127.0.0.1", 0)) as closed,
    ):
        closed_port = closed.getsockname()[1]
        closed.close()
        plain, secure = f"127.0.0.1:{http.port}", f"127.0.0.1:{https.port}"
        via = {"proxy": f"http://127.0.0.1:{proxy.port}"}
        chains: list[Any] = [[asked(case, "http")] for case in CASES]
        chains += [[asked(case, "https")] for case in CASES]
        chains += [
            [
                *one("again1", "http://chain.test/again"),
                *one("again2", "http://chain.test/again?2"),
            ],
            [*one("stale1", "http://stale.test/again"), *one("stale2", "http://stale.test/stale")],
            [
                *one("stale3", "https://odd.test:8443/again"),
                *one("stale4", "https://odd.test:8443/stale"),
            ],
            [
                *one("closing1", "http://closing.test/again"),
                *one("closing2", "http://closing.test/closing"),
            ],
            [
                *one("post1", "http://post.test/again", method="POST", body="1"),
                *one("post2", "http://post.test/stale", method="POST", body="2"),
            ],
            [
                *one("mute1", "https://mute.test/again"),
                *one("mute2", "https://mute.test/mute", meta={"download_timeout": 2}),
            ],
            one("meta", "http://odd.test/again", meta=dict.fromkeys(OURS, "old")),
            one("target", "http://ports.test:8080/again?a=%20b&c=ä#fragment"),
            one("sink-fails", "http://odd.test/again", meta={"sink_fails": True}),
            one("warned", "http://odd.test/again", meta={"download_warnsize": 100}),
            one("proxied", "http://far.test/page?q=1", meta=via, headers={"X-A": "1"}),
            one("tunnelled", "https://odd.test/again?tunnel", meta=via),
            one(
                "tls-in-tls",
                "https://odd.test/again?twice",
                meta={"proxy": f"https://localhost:{secret_proxy.port}"},
            ),
            one("no-tunnel", "https://elsewhere.test/again", meta=via),
            one(
                "no-proxy",
                "https://odd.test/again",
                meta={"proxy": f"http://127.0.0.1:{closed_port}"},
            ),
            one("odd-proxy", "https://odd.test/again", meta={"proxy": "127.0.0.1:3128"}),
            one("socks", "https://odd.test/again", meta={"proxy": "socks5://127.0.0.1:1"}),
            one("proxied-loopback", "http://0x7f.1/again", meta=via),
            one("proxied-localhost", "http://localhost/again", meta=via),
            one("dns", "http://no-such-host.invalid/again", meta=dict.fromkeys(OURS, "old")),
            one("dns-label", "http://" + "a" * 70 + ".test/again"),
            one("refused", "http://refused.test/again"),
            one("untrusted", "https://untrusted.test/again"),
            one("wrong-name", "https://wrong.test/again"),
            one("no-tls", "https://plain.test/again"),
            *(
                one(f"blocked:{host}", f"http://{host}:{http.port}/again")
                for host in ("127.0.0.1", "127.1", "2130706433", "[::1]", "localhost", "0.0.0.0")
            ),
        ]
        connect_to = {
            "odd.test:80": plain,
            "odd.test:443": secure,
            "odd.test:8443": secure,
            "junk.odd.test:80": plain,
            "junk.odd.test:443": secure,
            "silent.odd.test:80": plain,
            "silent.odd.test:443": secure,
            "chain.test": plain,
            "stale.test": plain,
            "closing.test": plain,
            "post.test": plain,
            "ports.test:8080": plain,
            "refused.test": f"127.0.0.1:{closed_port}",
            "untrusted.test": f"127.0.0.1:{untrusted.port}",
            "wrong.test:443": secure,
            "plain.test": plain,
            "mute.test": f"127.0.0.1:{mute.port}",
        }
        lines, log = run_child(
            {
                "ARCHIVER_CONNECT_TO": connect_to,
                "ARCHIVER_CA_FILE": str(ca_file),
                "ARCHIVER_IDLE_TIMEOUT": 3,
                "ASYNCIO_EVENT_LOOP": LOOPS[request.param],
                "DOWNLOAD_TIMEOUT": 20,
            },
            chains,
        )
        crawl = Crawl(http=http, https=https, proxy=proxy, log=log)
        for line in lines:
            if "kept" in line:
                crawl.kept_first &= line["kept"] not in crawl.results
                crawl.kept.setdefault(line["kept"], []).append(line)
                crawl.more.append(line["more"])
            else:
                crawl.results[line["result"]] = line
        yield crawl


def only(entries: list[Any]) -> Any:
    assert len(entries) == 1
    return entries[0]


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", BY_NAME)
def test_the_exchange_is_what_the_server_saw(crawl: Crawl, name: str, scheme: str) -> None:
    case, ident = BY_NAME[name], f"{scheme}:{name}"
    logged: Logged = only(crawl.server(scheme).logged(name))
    kept = only(crawl.kept[ident])
    assert unb64(kept["request"]) == logged.request
    interim, response = unb64(kept["interim"]), unb64(kept["response"])
    sent = logged.sent.removesuffix(case.junk)
    payload = unb64(kept["payload"])
    if case.truncated == "length":  # reading stopped on the way
        assert sent.startswith(interim + response)
        assert case.payload.startswith(payload)
        assert payload
    else:
        assert interim + response == sent
        assert payload == case.payload
    assert interim == case.interim
    assert (kept["status"], unb64(kept["reason"])) == (case.status, case.reason)
    assert (kept["error"], kept["truncated"]) == (case.error, case.truncated)
    assert kept["url"] == f"{scheme}://{case.host}/{name}"
    assert kept["method"] == case.method
    assert kept["ip"] == "127.0.0.1"
    assert kept["started"] <= kept["ended"]
    assert kept["protocols"][0] == case.protocol
    assert kept["protocols"][1:] == (["tls/1.3"] if scheme == "https" else [])
    assert bool(kept["cipher"]) == (scheme == "https")
    assert kept["verified"] is (True if scheme == "https" else None)
    assert len(kept["certificates"]) == (2 if scheme == "https" else 0)  # with the authority's
    if case.status is None:
        assert (kept["head_length"], kept["headers"]) == (0, [])
    elif case.name != "cut-in-head":
        head = response[: kept["head_length"]]
        assert head.endswith((b"\r\n\r\n", b"\n\n"))
        assert head.count(b"\n\n") + head.count(b"\n\r\n") == 1


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("name", BY_NAME)
def test_what_scrapy_gets(crawl: Crawl, name: str, scheme: str) -> None:
    case = BY_NAME[name]
    result = crawl.results[f"{scheme}:{name}"]
    assert result["error"] == case.raises, result
    assert result["reason"] == case.error
    assert result["capture"] == f"capture of {scheme}:{name}"
    if case.raises and case.raises != "StopDownload":
        return
    assert unb64(result["body"]) == case.seen_body
    assert result["status"] == case.status
    assert tuple(result["flags"]) == case.flags
    assert result["protocol"] == case.protocol.upper()
    assert result["ip"] == "127.0.0.1"
    assert bool(result["certificate"]) == (scheme == "https")
    assert result["latency"]
    assert result["signals"]["headers"] is not None


def test_exchanges_are_kept_before_scrapy_hears_of_them(crawl: Crawl) -> None:
    assert crawl.kept_first


def test_nothing_unexpected_is_logged(crawl: Crawl) -> None:
    assert "Traceback" not in crawl.log
    # Scrapy leaves asyncio's own loop unclosed when it puts another in its place.
    assert re.findall(r"ResourceWarning: unclosed (?!event loop).*", crawl.log) == []
    assert "never retrieved" not in crawl.log
    assert crawl.log.count("Got data loss in") == 2  # once a handler, one for each scheme


def test_a_large_body_is_warned_of_once(crawl: Crawl) -> None:
    assert crawl.results["warned"]["error"] is None
    assert crawl.log.count("more than download warn size (100)") == 1


def test_signals_tell_of_the_body(crawl: Crawl) -> None:
    told = crawl.results["http:chunked"]["signals"]
    assert unb64(told["bytes"]) == HTML
    assert told["length"] is None
    assert told["headers"] == ["Content-Type", "Transfer-Encoding"]
    assert crawl.results["http:plain"]["signals"]["length"] == len(HTML)


def test_kinds_of_responses(crawl: Crawl) -> None:
    assert crawl.results["http:plain"]["type"] == "HtmlResponse"
    assert crawl.results["http:brotli-chunked"]["type"] == "HtmlResponse"
    assert crawl.results["http:duplicate-headers"]["cookies"] == 2


def request_of(crawl: Crawl, ident: str) -> bytes:
    return unb64(only(crawl.kept[ident])["request"])


def test_requests(crawl: Crawl) -> None:
    common = (
        b"Accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8\r\n"
        b"Accept-Language: en\r\n"
        b"User-Agent: odd-test/1\r\n"
        b"Accept-Encoding: gzip, deflate, br, zstd\r\n"
    )
    assert (
        request_of(crawl, "http:plain")
        == b"GET /plain HTTP/1.1\r\nHost: odd.test\r\n" + common + b"\r\n"
    )
    post = request_of(crawl, "http:post")
    assert post.startswith(b"POST /post HTTP/1.1\r\nHost: odd.test\r\nContent-Type: application/x")
    assert post.endswith(b"\r\nContent-Length: 7\r\n\r\na=1&b=2")
    assert post.lower().count(b"content-length") == 1
    assert b"\r\nContent-Length: 0\r\n" in request_of(crawl, "http:post-nothing")
    own = request_of(crawl, "http:own-host-and-headers")
    assert own.startswith(
        b"GET /own-host-and-headers HTTP/1.1\r\nHost: Other.test\r\nX-B: 1\r\nX-A: 2\r\n"
    )
    assert b"X-Evil: a X-Smuggled: b\r\n" in request_of(crawl, "http:header-injection")
    assert request_of(crawl, "target").startswith(
        b"GET /again?a=%20b&c=%C3%A4 HTTP/1.1\r\nHost: ports.test:8080\r\n"
    )


def connections(crawl: Crawl, host: bytes, scheme: str = "http") -> list[int]:
    server = crawl.server(scheme)
    return [entry.connection for entry in server.log if b"\r\nHost: " + host in entry.request]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_connections_are_kept_alive(crawl: Crawl, scheme: str) -> None:
    first, second = connections(crawl, b"chain.test")
    assert first == second
    used = connections(crawl, b"odd.test", scheme)
    assert len(set(used)) < len(used) - 10


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("loop", LOOPS)
def test_eight_at_once_on_eight_connections(tmp_path: Path, loop: str, scheme: str) -> None:
    """No answer begins before eight requests are there; then eight more on the same connections."""
    pytest.importorskip(loop)
    cases = [case for case in CASES if case.name in TOGETHER]
    answers = {case.name: (Act.TOGETHER, *case.steps) for case in cases}
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    tls = tls_context(authority, "odd.test") if scheme == "https" else None
    with OddServer(answers, tls=tls) as server:
        lines, log = run_child(
            {
                "ARCHIVER_CONNECT_TO": {"*": f"127.0.0.1:{server.port}"},
                "ARCHIVER_CA_FILE": str(tmp_path / "ca.pem"),
                "ASYNCIO_EVENT_LOOP": LOOPS[loop],
            },
            [[asked(case, scheme)] for case in cases],
        )
    kept = {line["kept"].partition(":")[2]: line for line in lines if "kept" in line}
    assert len(kept) == len(cases) == 16, log
    for case in cases:
        entry = only(server.logged(case.name))
        one = kept[case.name]
        assert unb64(one["interim"]) + unb64(one["response"]) == entry.sent
        assert unb64(one["request"]) == entry.request
        assert unb64(one["payload"]) == case.payload
    assert len({entry.connection for entry in server.log}) == 8


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_the_first_exchange_of_a_connection_is_known(crawl: Crawl, scheme: str) -> None:
    first: dict[int, Logged] = {}
    for entry in crawl.server(scheme).log:
        first.setdefault(entry.connection, entry)
    for name in BY_NAME:
        entry = only(crawl.server(scheme).logged(name))
        kept = only(crawl.kept[f"{scheme}:{name}"])
        assert kept["reused"] == (first[entry.connection] is not entry)


def test_what_is_kept_is_told_whether_more_is_on_the_wire(crawl: Crawl) -> None:
    assert any(crawl.more)
    assert not crawl.more[-1]  # whatever came of those before: none counts for ever


def test_a_request_that_asks_to_close_is_the_last_on_its_connection(crawl: Crawl) -> None:
    last = only(crawl.server("http").logged("asks-to-close")).connection
    served = [entry.target for entry in crawl.server("http").log if entry.connection == last]
    assert served[-1] == "/asks-to-close"


@pytest.mark.parametrize("name", ["junk-after-body", "body-of-a-head-answer"])
def test_junk_ends_a_connection(crawl: Crawl, name: str) -> None:
    last = only(crawl.server("http").logged(name)).connection
    served = [entry.target for entry in crawl.server("http").log if entry.connection == last]
    assert served[-1] == f"/{name}"


@pytest.mark.parametrize(
    ("ident", "host", "scheme"),
    [("stale2", b"stale.test", "http"), ("stale4", b"odd.test:8443", "https")],
)
def test_a_stale_connection_is_replaced_once(
    crawl: Crawl, ident: str, host: bytes, scheme: str
) -> None:
    """Asked twice, kept once: only the request that had an answer counts."""
    first, stale, again = connections(crawl, host, scheme)
    assert first == stale != again
    assert only(crawl.kept[ident])["error"] is None
    assert unb64(crawl.results[ident]["body"]) == HTML


def test_a_new_connection_that_closes_is_not_tried_again(crawl: Crawl) -> None:
    assert len(connections(crawl, b"closing.test")) == 3  # reused, then fresh
    assert only(crawl.kept["closing2"])["error"] == "reset"
    assert crawl.results["closing2"]["error"] == "DownloadFailedError"


def test_what_may_not_be_repeated_goes_on_a_new_connection(crawl: Crawl) -> None:
    first, second = connections(crawl, b"post.test")
    assert first != second
    assert unb64(crawl.results["post2"]["body"]) == HTML


def test_errors_of_the_sink_reach_scrapy(crawl: Crawl) -> None:
    assert crawl.results["sink-fails"]["error"] == "OSError"


@pytest.mark.parametrize(
    ("ident", "error", "reason"),
    [
        ("dns", "CannotResolveHostError", "dns"),
        ("dns-label", "CannotResolveHostError", "dns"),
        ("refused", "DownloadConnectionRefusedError", "refused"),
        ("untrusted", "DownloadFailedError", "tls"),
        ("wrong-name", "DownloadFailedError", "tls"),
        ("no-tls", "DownloadFailedError", "tls"),
        ("mute2", "DownloadTimeoutError", "timeout"),  # but on a stale connection
        ("no-tunnel", "DownloadFailedError", "proxy"),
        ("no-proxy", "DownloadFailedError", "proxy"),
        ("odd-proxy", "DownloadFailedError", "proxy"),  # Scrapy takes it apart
        ("socks", "DownloadFailedError", "proxy"),
        ("proxied-loopback", "DownloadCancelledError", "blocked-address"),
        ("proxied-localhost", "DownloadCancelledError", "blocked-address"),
        ("blocked:127.0.0.1", "DownloadCancelledError", "blocked-address"),
        ("blocked:127.1", "DownloadCancelledError", "blocked-address"),
        ("blocked:2130706433", "DownloadCancelledError", "blocked-address"),
        ("blocked:[::1]", "DownloadCancelledError", "blocked-address"),
        ("blocked:localhost", "DownloadCancelledError", "blocked-address"),
        ("blocked:0.0.0.0", "DownloadCancelledError", "blocked-address"),
    ],
)
def test_failures_before_a_request_went_out(
    crawl: Crawl, ident: str, error: str, reason: str
) -> None:
    """Nothing was sent, nothing came; what failed, and where, is kept all the same."""
    result = crawl.results[ident]
    assert (result["error"], result["reason"]) == (error, reason), result
    assert result["capture"] == f"capture of {ident}"
    kept = only(crawl.kept[ident])
    assert (kept["error"], kept["truncated"], kept["status"]) == (reason, None, None)
    assert kept["request"] == kept["response"] == kept["payload"] == ""
    assert kept["detail"]
    assert kept["ip"] is None
    assert (kept["protocols"], kept["cipher"]) == ([], None)
    nowhere = reason in ("dns", "timeout") or ident in (
        "socks",
        "odd-proxy",
        "proxied-localhost",
        "blocked:localhost",
    )
    assert bool(kept["tried"]) != nowhere, kept["detail"]


def test_faults_say_what_is_wrong(crawl: Crawl) -> None:
    assert "certificate is not valid" in crawl.results["untrusted"]["message"]
    assert "OpenSSL's code 20" in only(crawl.kept["untrusted"])["detail"]
    assert only(crawl.kept["untrusted"])["tried"] == ["127.0.0.1"]
    assert "wrong.test" in crawl.results["wrong-name"]["message"]
    assert only(crawl.kept["blocked:127.1"])["tried"] == ["127.0.0.1"]
    assert only(crawl.kept["refused"])["tried"] == ["127.0.0.1"]
    assert "reset by peer" in only(crawl.kept["http:reset-in-body"])["detail"]
    assert only(crawl.kept["http:stall-in-body"])["detail"] == "not done in 2 seconds"
    assert only(crawl.kept["http:silence-is-limited-too"])["detail"] == "silent for 3 seconds"
    assert only(crawl.kept["http:plain"])["detail"] is None


def test_plain_requests_through_a_proxy(crawl: Crawl) -> None:
    assert crawl.proxy is not None
    kept = only(crawl.kept["proxied"])
    sent = unb64(kept["request"])
    assert sent.startswith(b"GET http://far.test/page?q=1 HTTP/1.1\r\nHost: far.test\r\nX-A: 1\r\n")
    assert sent in crawl.proxy.requests
    assert unb64(kept["response"]) == crawl.proxy.answer
    assert kept["ip"] is None
    assert unb64(crawl.results["proxied"]["body"]) == b"proxy"


def test_tunnels_through_a_proxy(crawl: Crawl) -> None:
    assert crawl.proxy is not None
    kept = only(crawl.kept["tunnelled"])
    logged = only([e for e in crawl.server("https").log if e.target == "/again?tunnel"])
    assert unb64(kept["request"]) == logged.request
    assert unb64(kept["response"]) == logged.sent
    assert kept["protocols"] == ["http/1.1", "tls/1.3"]
    assert b"CONNECT odd.test:443 HTTP/1.1\r\nHost: odd.test:443\r\n\r\n" in crawl.proxy.requests
    assert unb64(crawl.results["tunnelled"]["body"]) == HTML
    assert crawl.results["tls-in-tls"]["error"] is None, crawl.results["tls-in-tls"]
    assert unb64(crawl.results["tls-in-tls"]["body"]) == HTML


def test_meta_tells_of_this_attempt_only(crawl: Crawl) -> None:
    result = crawl.results["meta"]
    assert (result["capture"], result["reason"]) == ("capture of meta", None)


def test_settings_open_what_is_shut(tmp_path: Path) -> None:
    """No verification, private addresses, a general connect-to target; no sink error."""
    with OddServer(ANSWERS, tls=tls_context(trustme.CA(), "odd.test")) as server:
        lines, log = run_child(
            {
                "ARCHIVER_VERIFY_TLS": False,
                "ARCHIVER_ALLOW_PRIVATE": True,
                "ARCHIVER_CONNECT_TO": {"*:443": f"127.0.0.1:{server.port}"},
            },
            [
                one("private", f"https://127.0.0.1:{server.port}/plain"),
                one("anywhere", "https://any.example/gzip"),
            ],
        )
    results = {line["result"]: line for line in lines if "result" in line}
    assert [results[ident]["error"] for ident in ("private", "anywhere")] == [None, None], log
    assert unb64(results["anywhere"]["body"]) == HTML
    kept = {line["kept"]: line for line in lines if "kept" in line}
    assert [kept[ident]["verified"] for ident in ("private", "anywhere")] == [False, False]
    assert len(kept["anywhere"]["certificates"]) == 1  # the server sends no other
