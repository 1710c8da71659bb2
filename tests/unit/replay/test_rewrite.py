from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archiver.replay.markup import Element, decode, encode, read_attributes, start_tags
from archiver.replay.rewrite import decode_html, rewrite_html, rewrite_srcset
from archiver.replay.uris import References, resolve

PAGE = "https://news.example/world/story.html"
PREFIX = "/20260501060000/"
HOSTILE = Path(__file__).parents[2] / "hostile" / "replay"


def rewritten(html: str, base: str = PAGE) -> str:
    return rewrite_html(html, References(base, PREFIX))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<a href="/x">', '<a href="{}https://news.example/x">'),
        ("<a href='x?a=1'>", "<a href='{}https://news.example/world/x?a=1'>"),
        ("<a href=x>", "<a href={}https://news.example/world/x>"),
        ("<A HREF=//cdn.example/x>", "<A HREF={}https://cdn.example/x>"),
        ('<a href="HTTP://Other.example/#top">', '<a href="{}http://Other.example/#top">'),
        ('<a href=" \n/x\t ">', '<a href="{}https://news.example/x">'),
        ('<a href="/x?a=1&amp;b=2">', '<a href="{}https://news.example/x?a=1&amp;b=2">'),
        ('<a href="/x?a=1&copy=2">', '<a href="{}https://news.example/x?a=1&amp;copy=2">'),
        ('<a href="\\\\evil.example\\x">', '<a href="{}https://evil.example/x">'),
        ('<a href="https:/\\evil.example">', '<a href="{}https://evil.example">'),
        ('<a href="http:evil.example">', '<a href="{}http://evil.example">'),
        ('<a href="////evil.example/">', '<a href="{}https://evil.example/">'),
        ('<a href="ht\ntps://evil.example/">', '<a href="{}https://evil.example/">'),
        ('<a href="http://[bad">', '<a href="{}http://[bad">'),
        ("<img src=a.png / >", "<img src={}https://news.example/world/a.png / >"),
        ("<video poster='p.jpg'>", "<video poster='{}https://news.example/world/p.jpg'>"),
        ("<body background=b.gif>", "<body background={}https://news.example/world/b.gif>"),
        ("<object data=/o>", "<object data={}https://news.example/o>"),
        ("<form action='/f'>", "<form action='{}https://news.example/f'>"),
        ("<button formaction=/f>", "<button formaction={}https://news.example/f>"),
        ('<use xlink:href="/s.svg#i">', '<use xlink:href="{}https://news.example/s.svg#i">'),
        (
            "<p style=\"background: url('i.png')\">",
            '<p style="background: url(&#39;{}https://news.example/world/i.png&#39;)">',
        ),
        (
            '<meta http-equiv="Refresh" content="5; URL=\'/next\'">',
            '<meta http-equiv="Refresh" content="5; URL=&#39;{}https://news.example/next&#39;">',
        ),
        (
            '<meta http-equiv="Content-Security-Policy" content="img-src https:">',
            '<meta http-equiv="x-archived-content-security-policy" content="img-src https:">',
        ),
        ('<a target="_blank" ping="//spy.example">', '<a target="_self" ping="">'),
        ('<link integrity="sha256-x">', '<link integrity="">'),
        (
            "<iframe srcdoc='<img src=\"/i.png\">'>",
            "<iframe srcdoc='&lt;img src=&quot;{}https://news.example/i.png&quot;>'>",
        ),
        (
            "<style>b{background:url(/i.png)}</style>",
            "<style>b{{background:url({}https://news.example/i.png)}}</style>",
        ),
        (
            "<noscript><img src=/n></noscript>",
            "<noscript><img src={}https://news.example/n></noscript>",
        ),
    ],
)
def test_references_lead_to_mementos(before: str, after: str) -> None:
    assert rewritten(before) == after.format(PREFIX)


@pytest.mark.parametrize(
    "html",
    [
        '<a href="#top">',
        '<a href="">',
        '<a href="mailto:desk@news.example">',
        '<a href="tel:123">',
        '<a href="javascript:void(0)">',
        '<img src="data:image/png;base64,AA//">',
        '<img data-src="/lazy.png">',
        '<!-- <a href="/x"> -->',
        "<!--><!-- <img src=/x> --!>",
        "<script>var a = '<a href=\"/x\">';</script>",
        "<title><img src=/x></title>",
        "<textarea><img src=/x></textarea>",
        "<meta name=refresh content='0; url=/x'>",
        '<meta http-equiv="refresh" content="5">',
        '<p data="/x" title="/y">',
        "<a href=/unfinished",
        '<a href="/unfinished',
        "<!doctype html SYSTEM '/x'>a < b <3 <",
        "<plaintext><a href=/x>",
        "</a href=/x>",
    ],
)
def test_everything_else_stays(html: str) -> None:
    assert rewritten(html) == html


def test_a_link_that_the_text_ends_in_is_seen_to_all_the_same() -> None:
    html = '<link rel="preconnect" href="https://cdn.example/"'
    assert rewritten(html) == html.replace("https:", f"{PREFIX}https:")


def test_a_base_counts_from_where_it_stands_and_only_once() -> None:
    html = '<img src=a><base href="/b/"><img src=a><base href="/c/"><img src=a>'
    found = re.findall(r"img src=(\S+)>", rewritten(html))
    assert [url.removeprefix(PREFIX) for url in found] == [
        "https://news.example/world/a",
        "https://news.example/b/a",
        "https://news.example/b/a",
    ]


@pytest.mark.parametrize(
    ("before", "urls"),
    [
        ("a.jpg", ["a.jpg"]),
        ("a.jpg 1x, b.jpg 2x", ["a.jpg", "b.jpg"]),
        ("a.jpg,b.jpg 2x", ["a.jpg,b.jpg"]),
        ("w_1,h_2/a.jpg 100w, w_2/a.jpg 200w", ["w_1,h_2/a.jpg", "w_2/a.jpg"]),
        ("a.jpg, b.jpg,, c.jpg", ["a.jpg", "b.jpg", "c.jpg"]),
        (" ,a.jpg (x, y) ,b.jpg 2x\n", ["a.jpg", "b.jpg"]),
    ],
)
def test_srcset(before: str, urls: list[str]) -> None:
    references = References("https://n.example/", "/M/")
    after = rewrite_srcset(before, references)
    assert re.findall(r"/M/https://n\.example/(\S+?)(?=,*(?:\s|$))", after) == urls
    assert after.replace("/M/https://n.example/", "") == before


@pytest.mark.parametrize(
    "html",
    [
        '<svg><title><link rel=preconnect href="https://live.example"></title>',
        "<!-- <link href=//live.example> -->",
        "<script>'<LINK HREF=//live.example>'</script>",
        "<p title='<link href=//live.example>'>",
        "<h:link href='&#104;ttps://live.example'/>",
        """<link title='<link href="//live.example">' href="//live.example">""",
        """<link href='//live.example/<link href="//live.example">'>""",
        "<svg><title><iframe src=//live.example><frame src=//live.example>",
        "<!-- <iframe srcdoc='&lt;link href=//live.example>'> -->",
        "<iframe srcdoc='<iframe srcdoc=\"&lt;iframe srcdoc=//live.example>\">'>",
        "<link " * 100_000 + "href=//live.example>",
    ],
)
def test_links_and_frames_are_seen_to_wherever_they_stand(html: str) -> None:
    assert live_links(rewritten(html)) == []


def live_links(html: str) -> list[str]:
    """Where links and frames lead that do not lead to the archive, whatever they stand in."""
    found = []
    for match in re.finditer("(?i)<(?:h:)?(link|i?frame)(?= )", html):
        attributes, _ = read_attributes(html[: match.end() + 500] + ">", match.end())
        for item in attributes:
            if item.name == "srcdoc":
                found += live_links(item.value)
            elif item.name in ("href", "src") and not item.value.startswith(PREFIX):
                found.append(item.value)
    return found


def test_style_cannot_be_closed_by_an_escaped_url() -> None:
    html = "<style>a{background:url(\\3c/style>\\3cscript>)}</style>"
    assert rewritten(html).lower().count("</style") == 1


def test_attributes_are_decoded_as_browsers_do() -> None:
    assert decode("&amp;&#47;&#x2f;&copy;&copy&notit;&section=1&lt") == "&//©©&notit;&section=1<"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.sampled_from(['"', "'", ""]))
def test_encoded_values_are_read_back(value: str, quote: str) -> None:
    source = encode(value, quote)
    (element,) = start_tags(f"<a x={source}>")
    assert [(item.name, item.value) for item in element.attributes] == [("x", value)]


MARKUP = st.lists(
    st.sampled_from(
        [*"<>/=\"'-! \n&;#", "a", "é", "href", "src", "srcset", "style", "<a ", "<!--", "-->",
         "</a>", "<style>", "</style>", "<script>", "</script>", "url(", ")", "<title>", "/x",
         "http://", "//h/p", " 2x, ", "<base href=", "<iframe srcdoc=", "<meta http-equiv=refresh",
         " content=", "0;url="]
    ),
    max_size=40,
).map("".join)  # fmt: skip


class Marked(References):
    """References that can be told apart from everything else, and taken back."""

    def __call__(self, reference: str) -> str:
        return f"\ue000{reference}\ue001" if reference.isalnum() else reference


@given(MARKUP)
@example("<a href=a><p>'a'</p>")
def test_outside_of_references_nothing_changes(html: str) -> None:
    out = rewrite_html(html, Marked(PAGE, PREFIX))
    if "target" in html or "srcdoc" in html:
        return  # a value within a value is encoded anew
    plain = re.sub("[\ue000\ue001]", "", out)
    assert plain == html or _same_but_for_escapes(html, plain)


def _same_but_for_escapes(one: str, other: str) -> bool:
    """Whether two texts differ only in how changed values are escaped and quoted."""
    return all(
        re.sub(r"""&\w+;|&#\d+;|["'&<>=`\s]""", "", text)
        == re.sub(r"""&\w+;|&#\d+;|["'&<>=`\s]""", "", one)
        for text in (one, other)
    )


@given(MARKUP)
def test_no_reference_is_rewritten_twice_or_broken(html: str) -> None:
    out = rewritten(html)
    assert len(list(start_tags(out))) == len(list(start_tags(html)))
    assert PREFIX + PREFIX not in out


NAMES = frozenset(("href", "style"))


def _told(elements: Iterable[Element]) -> list[Element]:
    wanted = [
        one._replace(attributes=[item for item in one.attributes if item.name in NAMES])
        for one in elements
    ]
    return [one for one in wanted if one.raw_end > one.raw_start or one.attributes]


@given(MARKUP)
@example('<p class="a" id=\'b\' hidden/><a\nhref=x><p a=\'>\' href="y"><p a="<b href=z>">')
@example('<STYLE a="b">p</STYLE><p style><p HREF=x><a-b c="d"\t>')
@example('<p a="b"href=c><p a/href=d><p a="b" =href=c><p a="b"c="d" href=e>')
def test_what_is_passed_over_has_none_of_the_names(html: str) -> None:
    assert _told(start_tags(html, NAMES)) == _told(start_tags(html))


REFERENCE = st.one_of(
    st.lists(
        st.sampled_from(
            [*"/.?#:;%&=-_~@\\ ", "a", "B", "0", "..", "http:", "https://", "//", "x.example"]
        ),
        max_size=8,
    ).map("".join),
    st.text(max_size=20),
)
BASES = (PAGE, "http://x.example", "https://x.example:8080/a/", "https://x.example/a?b/c", "odd")


@given(REFERENCE, st.sampled_from(BASES))
@example("/a/../b", PAGE)
@example("https://x.example?a", PAGE)
@example("https://x.example/./a", PAGE)
@example("https:/x.example", PAGE)
@example("/a;b/c", PAGE)
def test_references_are_what_they_resolve_to(reference: str, base: str) -> None:
    made, url = References(base, PREFIX), resolve(base, reference)
    for _ in range(2):  # the second one is remembered
        assert made(reference) == (reference if url is None else PREFIX + url)
    made.rebase("https://other.example/b/c")
    url = resolve(made.base, reference)
    assert made(reference) == (reference if url is None else PREFIX + url)


@given(st.binary(max_size=300), st.one_of(st.none(), st.text(max_size=30)))
def test_any_bytes_are_decoded_and_rewritten(body: bytes, content_type: str | None) -> None:
    rewritten(decode_html(body, content_type))


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("für".encode(), "text/html", "für"),
        ("für".encode("cp1252"), "text/html", "für"),
        ("“für”".encode("cp1252"), "text/html; charset=iso-8859-1", "“für”"),
        (b'<meta charset="koi8-r">' + "мир".encode("koi8-r"), None, "мир"),
        ("\ufeffżółć".encode("utf-16"), "text/html; charset=utf-8", "żółć"),
        (b"\xef\xbb\xbfok", "text/html; charset=cp1252", "ok"),
        (b"ok", "text/html; charset=no-such", "ok"),
    ],
)
def test_charsets(body: bytes, content_type: str | None, text: str) -> None:
    assert decode_html(body, content_type).endswith(text)


@pytest.mark.parametrize("name", sorted(path.name for path in HOSTILE.glob("*.html")))
def test_hostile_pages_keep_no_live_reference(name: str) -> None:
    out = re.sub(f"{PREFIX}https?://live", "", rewritten((HOSTILE / name).read_text()))
    live = [
        (element.name, item)
        for element in start_tags(out)
        for item in element.attributes
        if "//live" in item.value and not re.search("javascript:|<script>|<img", item.value)
        if not (element.get("http-equiv") or "").startswith("x-archived-")
    ]
    assert live == []


@pytest.mark.parametrize(
    "piece",
    [
        "<a href=x ", "<!--", "<title>", "<script>", "<style>", "<a b='", "<a b=\"", "&amp", "<",
        "<a\n", "=", "<!", "url(", "<img srcset='a (", "<style>/*", "<svg><title>",
        "<p style='image-set(",
    ],
)  # fmt: skip
def test_repeated_hostile_pieces_take_linear_time(piece: str) -> None:
    """A quadratic scan of these would take minutes, and the test run would be killed."""
    rewritten(piece * 100_000)
    rewritten(f"<style>{piece * 100_000}</style><img srcset='{'a (' * 100_000}'>")
