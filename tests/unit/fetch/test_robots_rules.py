from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.fetch.robots_rules import MAX_SIZE, Rules, expiry, read_text

NOW = datetime(2026, 3, 1, tzinfo=UTC)
AGENT = "news-archiver/1.0 (+https://archive.example/about)"
ROBOTS = """\
User-agent: other
Disallow: /other

User-agent: news-archiver
User-agent: third
Disallow: /private
Disallow: /private/very  # more of it
Disallow: /*.pdf$
Allow: /private/open
Disallow:

User-agent: *
Disallow: /all
Crawl-delay: 5
"""


@pytest.mark.parametrize(
    ("path", "rule"),
    [
        ("/", None),
        ("/all", None),
        ("/other", None),
        ("/private/open", None),
        ("/private/a", "Disallow: /private"),
        ("/private/very/a?b=c", "Disallow: /private/very"),
        ("/a/b.pdf", "Disallow: /*.pdf$"),
        ("/a/b.pdf?c", None),
    ],
)
def test_the_rule_that_decides_is_named(path: str, rule: str | None) -> None:
    rules = Rules.of(ROBOTS, AGENT)
    url = f"https://a.example{path}"
    assert rules.allows(url) is (rule is None)
    assert rules.deciding(url) == rule


def test_others_keep_to_the_group_for_all() -> None:
    rules = Rules.of(ROBOTS, "somebody/2")
    assert rules.deciding("https://a.example/all/x") == "Disallow: /all"
    assert rules.crawl_delay == 5.0
    assert Rules.of(ROBOTS, AGENT).crawl_delay is None


def test_of_ten_megabytes_only_the_first_500_kib_are_read() -> None:
    line = b"Disallow: /" + b"x" * 89 + b"\n"
    text = read_text(b"User-agent: *\n" + line * 100_000 + b"Disallow: /late\n")
    assert len(text) <= MAX_SIZE
    assert text.endswith("x\n".rstrip("\n"))
    rules = Rules.of(text, AGENT)
    assert rules.allows("https://a.example/late")
    assert rules.deciding("https://a.example/" + "x" * 89 + "y") == "Disallow: /" + "x" * 89


@pytest.mark.parametrize(
    ("field", "seconds"),
    [
        (None, 86400),
        (b"public", 86400),
        (b"max-age=600", 600),
        (b"public, Max-Age = \"600\"", 600),
        (b"s-maxage=5", 86400),
        (b"max-age=99999999", 86400),
        (b"max-age=0", 0),
        (b"no-store", 0),
        (b"private,no-cache", 0),
        (b"max-age=soon", 86400),
    ],
)  # fmt: skip
def test_rules_hold_for_a_day_at_most(field: bytes | None, seconds: int) -> None:
    assert expiry(NOW, field) == NOW + timedelta(seconds=seconds)


def test_the_line_that_forbids_is_looked_for_among_the_longest_200() -> None:
    """Each look parses a rule of its own."""
    longer = "".join(f"Disallow: /a*{'x' * 9}{number:03}\n" for number in range(300))
    rules = Rules.of(f"User-agent: *\nDisallow: /a\n{longer}", AGENT)
    assert not rules.allows("https://a.example/a")
    assert rules.deciding("https://a.example/a") is None


@given(st.binary(max_size=300), st.text(max_size=40))
def test_whatever_a_robots_txt_holds_is_read(body: bytes, path: str) -> None:
    rules = Rules.of(read_text(body), AGENT)
    url = f"https://a.example/{path}"
    if rules.allows(url):
        return
    assert rules.deciding(url) is None or rules.deciding(url).startswith("Disallow: ")
