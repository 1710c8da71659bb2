"""Our urlkeys beside pywb's: equal on ordinary URLs, and how they differ on odd ones."""

from __future__ import annotations

import json
import subprocess

import pytest
from support.pywb import BIN, needs_judges

from archiver.urls import urlkey

pytestmark = needs_judges()

_ASK = """
import json, sys
from pywb.utils.canonicalize import canonicalize
json.dump([canonicalize(url) for url in json.load(sys.stdin)], sys.stdout)
"""

ORDINARY = [
    "https://www.bbc.co.uk/news/world-1234567",
    "https://news.sky.com/story/rain-expected-13000000?dcmp=snt-sf",
    "http://www.example.com/",
    "http://example.com",
    "http://EXAMPLE.com/Path/File.HTML",
    "https://www2.example.com/a",
    "https://www.example.co.uk/a/b/",
    "http://sub.www.example.com/",
    "http://a_b.example.com/",
    "http://example.com./a",
    "http://user:pass@example.com/a",
    "http://xn--bcher-kva.example/",
    "http://bücher.example/",
    "http://example.com:80/",
    "http://example.com:8080/a",
    "https://example.com:443/",
    "http://example.com/a/./b/../c",
    "http://example.com/index.html#top",
    "http://example.com/a/?b=1",
    "http://example.com/a///",
    "http://example.com/a b",
    "http://example.com/a%20b",
    "http://example.com/a+b",
    "http://example.com/a,b-c_d~e.f",
    "http://example.com/a'b(c)*d!",
    "http://example.com/a:b@c$d&e=f",
    "http://example.com/a|b",
    "http://example.com/?",
    "http://example.com/?b=2&a=1",
    "http://example.com/?a=1&a=0",
    "http://example.com/a?b=",
    "http://example.com/a?q=a+b",
    "http://example.com/a.php?id=1&Id=2",
    "http://www.example.com/a?utm_source=x&id=1",
    "https://example.com/2026/05/01/story.html?ref=rss",
    "http://example.com/a?jsessionid=0123456789ABCDEF0123456789ABCDEF",
    "http://example.com/a?PHPSESSID=0123456789abcdef0123456789abcdef&b=1",
    "http://example.com/(S(4hqa0555fwsecu455xqckv45))/a.aspx",
]
# What differs: ours, then pywb's. A URL itself is asked for by either, so that the two agree on
# captures where one asks the other; a CDXJ file of ours is searched by pywb's keys.
ODD = {
    # escapes: in upper case with us
    "http://example.com/日本": (
        "com,example)/%E6%97%A5%E6%9C%AC",
        "com,example)/%e6%97%a5%e6%9c%ac",
    ),
    "http://example.com/a?q=ü": ("com,example)/a?q=%C3%BC", "com,example)/a?q=%c3%bc"),
    "http://example.com/%ff": ("com,example)/%FF", "com,example)/%ff"),
    "http://example.com/a?b=%ff": ("com,example)/a?b=%EF%BF%BD", "com,example)/a?b=%ff"),
    # queries: each parameter escaped as forms do, with us
    "http://example.com/a?q=a%20b": ("com,example)/a?q=a+b", "com,example)/a?q=a%20b"),
    "http://example.com/a?b=c:d/e": ("com,example)/a?b=c%3Ad%2Fe", "com,example)/a?b=c:d/e"),
    "http://example.com/a?b[]=1": ("com,example)/a?b%5B%5D=1", "com,example)/a?b[]=1"),
    "http://example.com/a?x=1;y=2": ("com,example)/a?x=1%3By%3D2", "com,example)/a?x=1;y=2"),
    "http://example.com/a?b&c": ("com,example)/a?b=&c=", "com,example)/a?b&c"),
    "http://example.com/a?b=1&": ("com,example)/a?b=1", "com,example)/a?&b=1"),
    "http://example.com/a?b=%26c": ("com,example)/a?b=%26c", "com,example)/a?b=&c"),
    # paths
    "http://example.com/a//b": ("com,example)/a//b", "com,example)/a/b"),
    "http://example.com/a/../../b": ("com,example)/b", "com,example)/../b"),
    "http://example.com/a%3Fb": ("com,example)/a%3Fb", "com,example)/a?b"),
    "http://example.com/a%25b": ("com,example)/a%b", "com,example)/a%25b"),
    "http://example.com/a[b]{c}": ("com,example)/a%5Bb%5D%7Bc%7D", "com,example)/a[b]{c}"),
    "http://example.com/a\\b": ("com,example)/a/b", "com,example)/a\\b"),
    # session ids
    "http://example.com/a;jsessionid=0123456789ABCDEF0123456789ABCDEF": (
        "com,example)/a",
        "com,example)/a;jsessionid=0123456789abcdef0123456789abcdef",
    ),
    "http://example.com/a?sid=0123456789abcdef0123456789abcdef": (
        "com,example)/a?sid=0123456789abcdef0123456789abcdef",
        "com,example)/a",
    ),
    # hosts
    "https://www.com/": ("com,www)/", "com)/"),
    "http://127.0.0.1:8080/a": ("127.0.0.1:8080)/a", "1,0,0,127:8080)/a"),
    "http://[2001:db8::1]/a": ("[2001:db8::1])/a", "2001:db8::1)/a"),
}


@pytest.fixture(scope="module")
def theirs() -> dict[str, str]:
    """pywb's key of every URL."""
    urls = [*ORDINARY, *ODD]
    done = subprocess.run(
        [BIN / "python", "-W", "ignore", "-c", _ASK],
        input=json.dumps(urls),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(urls, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("url", ORDINARY)
def test_ordinary_urls_have_one_key(theirs: dict[str, str], url: str) -> None:
    assert urlkey(url) == theirs[url]


@pytest.mark.parametrize("url", ODD)
def test_odd_urls_differ_as_is_known(theirs: dict[str, str], url: str) -> None:
    assert (urlkey(url), theirs[url]) == ODD[url]
