import pytest
from hypothesis import given
from hypothesis import strategies as st
from scrapy import Request

from archiver.errors import FetchError
from archiver.fetch.message import Origin, Proxy, connect_request, message_of


def head_of(request: Request) -> bytes:
    return message_of(request).data.partition(b"\r\n\r\n")[0]


@pytest.mark.parametrize(
    ("url", "target", "host"),
    [
        ("http://a.test", b"/", b"a.test"),
        ("http://a.test/", b"/", b"a.test"),
        ("http://a.test?q=1", b"/?q=1", b"a.test"),
        ("http://a.test/p#f?g", b"/p", b"a.test"),
        ("http://a.test/%7e//../p;x=1?a=b&c", b"/%7e//../p;x=1?a=b&c", b"a.test"),
        ("http://A.Test:80/", b"/", b"a.test"),
        ("http://a.test:81/", b"/", b"a.test:81"),
        ("https://a.test:443/", b"/", b"a.test"),
        ("https://a.test:80/", b"/", b"a.test:80"),
        ("http://[2001:DB8::1]:8080/", b"/", b"[2001:db8::1]:8080"),
        ("http://[::1]/", b"/", b"[::1]"),
        ("http://me:secret@a.test/p", b"/p", b"a.test"),
        ("http://b\u00fccher.test/stra\u00dfe", b"/stra%C3%9Fe", b"xn--bcher-kva.test"),
    ],
)
def test_target_and_host(url: str, target: bytes, host: bytes) -> None:
    line, host_line, *_ = head_of(Request(url)).split(b"\r\n")
    assert line == b"GET " + target + b" HTTP/1.1"
    assert host_line == b"Host: " + host


def test_fields_in_scrapy_s_order_after_host() -> None:
    request = Request(
        "http://a.test/",
        headers={"zeta": "1", "Alpha": ["2", "3"], "HOST": "b.test", "none": None, "empty": ""},
    )
    assert head_of(request) == (
        b"GET / HTTP/1.1\r\nHost: b.test\r\nZeta: 1\r\nAlpha: 2\r\nAlpha: 3\r\nEmpty: "
    )


@pytest.mark.parametrize(
    ("method", "body", "length"),
    [("POST", b"abc", b"3"), ("POST", b"", b"0"), ("PUT", b"", b"0"), ("GET", b"ab", b"2")],
)
def test_the_length_is_the_body_s(method: str, body: bytes, length: bytes) -> None:
    headers = {"Content-Length": "99", "Transfer-Encoding": "chunked"}
    data = message_of(Request("http://a.test/", method=method, body=body, headers=headers)).data
    assert data.count(b"Content-Length") == 1
    assert b"\r\nContent-Length: " + length + b"\r\n\r\n" in data
    assert b"Transfer" not in data
    assert data.endswith(b"\r\n\r\n" + body)


def test_what_has_no_body_has_no_length() -> None:
    assert b"Content-Length" not in message_of(Request("http://a.test/", method="DELETE")).data


@given(st.binary(max_size=30), st.text(max_size=30))
def test_nothing_smuggles_lines_in(value: bytes, path: str) -> None:
    request = Request("http://a.test/x", headers={"X-Remote": value, "X-Last": "1"})
    request.meta["verbatim_url"] = True
    object.__setattr__(request, "_url", f"http://a.test/{path}")  # past Scrapy's own escaping
    data = message_of(request).data
    lines = data.split(b"\r\n")
    assert len(lines) == 6
    assert b"\n" not in b"".join(lines)
    assert b"\r" not in b"".join(lines)
    assert lines[0].startswith(b"GET /")
    assert lines[0].count(b" ") == 2
    assert lines[0].isascii()


@pytest.mark.parametrize("name", ["X Y", "X:Y", "X\r\nY", "", "\u00e4"])
def test_field_names_are_tokens(name: str) -> None:
    with pytest.raises(ValueError, match="no token"):
        message_of(Request("http://a.test/", headers={name: "1"}))


@pytest.mark.parametrize("method", ["GE T", "GET\r\nX: y", "G\u20acT"])
def test_methods_are_tokens(method: str) -> None:
    with pytest.raises(ValueError, match="no token"):
        message_of(Request("http://a.test/", method=method))


@pytest.mark.parametrize(
    ("method", "repeatable"), [("GET", True), ("HEAD", True), ("PUT", True), ("POST", False)]
)
def test_what_may_be_repeated(method: str, repeatable: bool) -> None:
    assert message_of(Request("http://a.test/", method=method)).repeatable is repeatable


def test_asking_to_close() -> None:
    assert not message_of(Request("http://a.test/")).closes
    assert message_of(Request("http://a.test/", headers={"connection": "x, Close"})).closes


@pytest.mark.parametrize(
    ("named", "proxy"),
    [
        ("http://p.test:8080", Proxy(tls=False, host="p.test", port=8080)),
        ("p.test:8080", Proxy(tls=False, host="p.test", port=8080)),
        ("p.test", Proxy(tls=False, host="p.test", port=80)),
        ("https://p.test/", Proxy(tls=True, host="p.test", port=443)),
        ("http://[::1]:3128", Proxy(tls=False, host="::1", port=3128)),
        ("", None),
        (None, None),
    ],
)
def test_proxies(named: str | None, proxy: Proxy | None) -> None:
    message = message_of(Request("https://a.test/", meta={"proxy": named}))
    assert message.origin == Origin(tls=True, host="a.test", port=443, proxy=proxy)


@pytest.mark.parametrize(
    "named", ["socks5://p.test", "http://p.test:99999", "http://", "http://:1"]
)
def test_proxies_that_are_none(named: str) -> None:
    with pytest.raises(FetchError) as caught:
        message_of(Request("http://a.test/", meta={"proxy": named}))
    assert caught.value.reason == "proxy"


def test_credentials_go_to_the_proxy_only() -> None:
    headers = {"Proxy-Authorization": "Basic eDp5", "X-A": "1"}
    meta = {"proxy": "http://p.test:1"}
    plain = message_of(Request("http://a.test:81/p", headers=headers, meta=meta))
    assert plain.data.startswith(b"GET http://a.test:81/p HTTP/1.1\r\nHost: a.test:81\r\n")
    assert b"\r\nProxy-Authorization: Basic eDp5\r\n" in plain.data
    tunnelled = message_of(Request("https://a.test/p", headers=headers, meta=meta))
    assert tunnelled.data == b"GET /p HTTP/1.1\r\nHost: a.test\r\nX-A: 1\r\n\r\n"
    assert connect_request(tunnelled.origin) == (
        b"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test:443\r\n"
        b"Proxy-Authorization: Basic eDp5\r\n\r\n"
    )
    direct = message_of(Request("http://a.test/", headers=headers))
    assert b"Proxy" not in direct.data


def test_urls_that_name_nobody() -> None:
    with pytest.raises(FetchError) as caught:
        message_of(Request("http:///path"))
    assert caught.value.reason == "connect"
