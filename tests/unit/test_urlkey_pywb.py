"""Our urlkeys beside pywb's: equal on ordinary URLs, and how they differ on odd ones."""

from __future__ import annotations

import json
import random
import re
import subprocess
from urllib.parse import quote

import pytest
from support.pywb import BIN, needs_judges

from archiver.urls import urlkey

pytestmark = needs_judges()

MANY = 5000
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
# Once they differed: other alphabets, escapes that need not be, what only machines write.
ODD = [
    "http://example.com/日本",
    "http://example.com/%E6%97%A5%E6%9C%AC/2026",
    "http://example.com/%d0%9D%D0%BE%D0%B2?page=%D0%B0",
    "http://example.com/%ff",
    "http://example.com/a?q=ü",
    "http://example.com/a?b=%ff",
    "http://example.com/a?q=a%20b",
    "http://example.com/a?b=c:d/e",
    "http://example.com/a?u=http://x.example/b?c",
    "http://example.com/a?b[]=1",
    "http://example.com/a?x=1;y=2",
    "http://example.com/a?q=a,b|c",
    "http://example.com/a?b&c",
    "http://example.com/a?a=1&a.b=1&a-c=2&a",
    "http://example.com/a?b=%3Dc",
    "http://example.com/a?b=%2523",
    "http://example.com/a//b",
    "http://example.com//a///",
    "http://example.com/a/%2e%2e/b",
    "http://example.com/a%2Fb",
    "http://example.com/a%25b",
    "http://example.com/a%",
    "http://example.com/a[b]{c}",
    "http://example.com/a%5Bb%5D",
    "http://example.com/a?sid=0123456789abcdef0123456789abcdef",
]
# What differs: ours, then pywb's. A URL itself is asked for by either, so that the two agree on
# captures where one asks the other; a CDXJ file of ours is searched by pywb's keys.
DIFFERENT = {
    # Escaped, these divide nothing: what holds them is another page than what has them bare.
    "http://example.com/a%3Fb": ("com,example)/a%3fb", "com,example)/a?b"),
    "http://example.com/a?b=%26c": ("com,example)/a?b=%26c", "com,example)/a?b=&c"),
    "http://example.com/a?q=c%2B%2B": ("com,example)/a?q=c%2b%2b", "com,example)/a?q=c++"),
    # Nothing between two `&` says nothing, and no browser goes above the root.
    "http://example.com/a?b=1&": ("com,example)/a?b=1", "com,example)/a?&b=1"),
    "http://example.com/a/../../b": ("com,example)/b", "com,example)/../b"),
    # A browser asks for the one where the other is written.
    "http://example.com/a\\b": ("com,example)/a/b", "com,example)/a\\b"),
    # Session ids in a path, of any length, are left out of our canonical URLs as well.
    "http://example.com/a;jsessionid=0123456789ABCDEF0123456789ABCDEF": (
        "com,example)/a",
        "com,example)/a;jsessionid=0123456789abcdef0123456789abcdef",
    ),
    "http://example.com/a?jsessionid=0123": ("com,example)/a", "com,example)/a?jsessionid=0123"),
    # ColdFusion's are two parameters, of which one is a plain number that may be an article's.
    "http://example.com/a?cfid=1&cftoken=2": ("com,example)/a?cfid=1", "com,example)/a"),
    # www.com is a host of its own; an address is no name whose parts are to be turned around.
    "https://www.com/": ("com,www)/", "com)/"),
    "http://127.0.0.1:8080/a": ("127.0.0.1:8080)/a", "1,0,0,127:8080)/a"),
    "http://[2001:db8::1]/a": ("[2001:db8::1])/a", "2001:db8::1)/a"),
}
_PATHS = "abAB019-_.~!$'()*,;:@[]{}|^`\"<>= /%+äЖ日"
_QUERIES = "abAB019-_.~!$'()*,;:@[]{}|^`\"<>/?&=%+äЖ日"


def odd_urls(count: int) -> list[str]:
    """URLs of any characters and escapes, without what is known to differ."""
    dice = random.Random(count)
    made = []
    while len(made) < count:
        parts = [
            "".join(
                quote(dice.choice(letters)) if dice.random() < 0.3 else dice.choice(letters)
                for _ in range(dice.randrange(12))
            )
            for letters in (_PATHS, _QUERIES)
        ]
        query = "&".join(piece for piece in parts[1].split("&") if piece.strip())
        url = f"http://example.com/{parts[0]}" + (f"?{query}" if query else "")
        if not re.search(r"(?i)%(?:25)*(?:26|2b|3f)|\.\.|%2e", url):
            made.append(url)
    return made


@pytest.fixture(scope="module")
def theirs() -> dict[str, str]:
    """pywb's key of every URL."""
    urls = [*ORDINARY, *ODD, *DIFFERENT, *odd_urls(MANY)]
    done = subprocess.run(
        [BIN / "python", "-W", "ignore", "-c", _ASK],
        input=json.dumps(urls),
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(zip(urls, json.loads(done.stdout), strict=True))


@pytest.mark.parametrize("url", [*ORDINARY, *ODD])
def test_urls_have_one_key(theirs: dict[str, str], url: str) -> None:
    assert urlkey(url) == theirs[url]


def test_whatever_they_are_made_of(theirs: dict[str, str]) -> None:
    wrong = {
        url: (urlkey(url), theirs[url]) for url in odd_urls(MANY) if urlkey(url) != theirs[url]
    }
    assert not wrong


@pytest.mark.parametrize("url", DIFFERENT)
def test_these_differ_as_is_known(theirs: dict[str, str], url: str) -> None:
    assert (urlkey(url), theirs[url]) == DIFFERENT[url]
