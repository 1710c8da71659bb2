from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.replay.css import decode_css, rewrite_css
from archiver.replay.uris import References

REFERENCES = References("https://n.example/css/a.css", "/M/")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("a{b:url(i.png)}", "a{b:url(/M/https://n.example/css/i.png)}"),
        ("a{b:URL( 'i.png' )}", "a{b:URL( '/M/https://n.example/css/i.png' )}"),
        ('a{b:url("/i\\22 .png")}', 'a{b:url("/M/https://n.example/i\\22 .png")}'),
        ("a{b:url(//c.example/i)}", "a{b:url(/M/https://c.example/i)}"),
        ("a{b:url(i\\).png)}", 'a{b:url("/M/https://n.example/css/i).png")}'),
        ("a{b:url(\\68ttps://live.example/i)}", "a{b:url(/M/https://live.example/i)}"),
        ("@import 'b.css' screen;", "@import '/M/https://n.example/css/b.css' screen;"),
        ('@IMPORT/**/"b.css";', '@IMPORT/**/"/M/https://n.example/css/b.css";'),
        ("@import url(b.css);", "@import url(/M/https://n.example/css/b.css);"),
        (
            'a{b:image-set("a" 1x, url(b) 2x, "c" type("image/png"))}',
            (
                'a{b:image-set("/M/https://n.example/css/a" 1x,'
                ' url(/M/https://n.example/css/b) 2x,'
                ' "/M/https://n.example/css/c" type("image/png"))}'
            ),
        ),
        ("@font-face{src:url(f.woff2) format('woff2')}",
         "@font-face{src:url(/M/https://n.example/css/f.woff2) format('woff2')}"),
    ],
)  # fmt: skip
def test_references_lead_to_mementos(before: str, after: str) -> None:
    assert rewrite_css(before, REFERENCES) == after


@pytest.mark.parametrize(
    "text",
    [
        "/* url(i.png) */",
        "/* unclosed url(i.png)",
        'a{content:"url(i.png)"}',
        "a{b:url(data:image/png;base64,AA==)}",
        "a{b:url(#clip)}",
        "a{b:url()}",
        "@namespace svg url(http://www.w3.org/2000/svg);",
        "a{b:curl(i.png)}",
        "a{b:url(i .png)}",
        '@import "unclosed\nb{c:d}',
        "a{b:url(i",
    ],
)
def test_everything_else_stays(text: str) -> None:
    assert rewrite_css(text, REFERENCES) == text


PIECES = st.lists(
    st.sampled_from([*"\"'()\\/*;{} \n<", "url(", "@import ", "image-set(", "a", "\\61 ", "é"]),
    max_size=40,
).map("".join)


@given(PIECES)
def test_without_references_to_replace_nothing_changes(text: str) -> None:
    assert rewrite_css(text, lambda reference: reference) == text


@given(PIECES)
def test_what_is_put_in_is_found_again(text: str) -> None:
    """Replaced references are read back as exactly what was put there."""
    put: list[str] = []
    seen: list[str] = []

    def replace(reference: str) -> str:
        put.append(f"/{reference}\"'()\\ <é")
        return put[-1]

    def see(reference: str) -> str:
        seen.append(reference)
        return reference

    rewrite_css(rewrite_css(text, replace), see)
    assert seen == put


@pytest.mark.parametrize(
    ("body", "content_type", "text"),
    [
        ("é".encode(), "text/css", "é"),
        ("é".encode("cp1252"), "text/css", "é"),
        ("é".encode("cp1252"), "text/css; charset=windows-1252", "é"),
        (b'@charset "koi8-r";' + "я".encode("koi8-r"), "text/css", "я"),
        (b'@charset "none";' + "я".encode(), None, "я"),
        ("\ufeffя".encode(), "text/css; charset=koi8-r", "я"),
    ],
)
def test_charsets(body: bytes, content_type: str | None, text: str) -> None:
    assert re.sub('@charset "[^"]*";', "", decode_css(body, content_type)) == text


@given(st.binary(max_size=100))
def test_any_bytes_are_decoded(body: bytes) -> None:
    rewrite_css(decode_css(body, None), REFERENCES)
