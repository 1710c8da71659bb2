"""Style sheets with their references replaced; every other character stays as it is.

Finds `url(…)`, the strings of `@import` and those of `image-set(…)` (CSS Syntax Level 3),
passing over comments, other strings and `@namespace`, whose URL is only a name.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from w3lib.encoding import http_content_type_encoding, read_bom, resolve_encoding, to_unicode

_STRING = r"""(?:"(?:[^"\\\n\r\f]|\\.)*+"|'(?:[^'\\\n\r\f]|\\.)*+')"""
_COMMENT = r"/\*(?:[^*]|\*(?!/))*+(?:\*/|\Z)"
_TOKEN = re.compile(
    rf"""(?P<skip>{_COMMENT}|@namespace\b[^;{{]*+)
    |(?P<import>@import(?:\s|{_COMMENT})*+)(?P<imported>{_STRING})
    |(?P<set>(?<![\w-])(?:-webkit-)?image-set\((?:[^()]|\([^()]*+\))*+\))
    |(?P<open>(?<![\w-])url\(\s*+)(?:(?P<quoted>{_STRING})|(?P<bare>(?:[^\s"'()\\]|\\.)*+))
     (?P<close>\s*+\))
    |"(?:[^"\\\n\r\f]|\\.)*+"?|'(?:[^'\\\n\r\f]|\\.)*+'?""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
_IN_SET = re.compile(
    rf"(?P<skip>type\([^)]*\))|(?P<url>url\([^)]*\))|(?P<string>{_STRING})",
    re.IGNORECASE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:([0-9a-fA-F]{1,6})(?:\r\n|\s)?|(\r\n|.))", re.DOTALL)
_CHARSET = re.compile(rb'@charset "([\x20-\x7e]{1,40})";')


def decode_css(body: bytes, content_type: str | None) -> str:
    """The text of a style sheet (CSS Syntax Level 3, section 3.2). Never fails."""
    encoding, mark = read_bom(body)
    if encoding is not None and mark is not None:
        return to_unicode(body[len(mark) :], encoding)
    named = http_content_type_encoding(content_type)
    if named is None and (match := _CHARSET.match(body)):
        named = resolve_encoding(match[1].decode("ascii"))
    return to_unicode(body, named or utf8_or_1252(body))


def utf8_or_1252(body: bytes) -> str:
    """The name of the encoding that unlabelled bytes are most likely in."""
    try:
        _, used = codecs.utf_8_decode(body, "strict", False)
    except UnicodeDecodeError:
        return "cp1252"
    # A cut within the last character speaks for UTF-8 only beside others that are whole.
    return "cp1252" if used < len(body) and body[:used].isascii() else "utf-8"


def rewrite_css(text: str, reference: Callable[[str], str]) -> str:
    """The style sheet with each reference replaced by what `reference` makes of it."""

    def replace(match: re.Match[str]) -> str:
        if match["imported"]:
            return match["import"] + _string(match["imported"], reference)
        if match["set"]:
            return _IN_SET.sub(replace_in_set, match["set"])
        if match["open"]:
            if match["quoted"]:
                return match["open"] + _string(match["quoted"], reference) + match["close"]
            return match["open"] + _bare(match["bare"], reference) + match["close"]
        return match[0]

    def replace_in_set(match: re.Match[str]) -> str:
        if match["url"]:
            return _TOKEN.sub(replace, match["url"])
        return match["skip"] or _string(match["string"], reference)

    return _TOKEN.sub(replace, text)


def _string(token: str, reference: Callable[[str], str]) -> str:
    old = _unescape(token[1:-1])
    new = reference(old)
    return token if new == old else token[0] + _escape(new) + token[0]


def _bare(token: str, reference: Callable[[str], str]) -> str:
    old = _unescape(token)
    new = reference(old)
    if new == old:
        return token
    return new if re.fullmatch(r"""[^\s"'()\\<\x00-\x1f]*""", new) else f'"{_escape(new)}"'


def _unescape(text: str) -> str:
    def char(match: re.Match[str]) -> str:
        if match[1]:
            code = int(match[1], 16)
            return chr(code) if 0 < code <= 0x10FFFF and not 0xD800 <= code < 0xE000 else "\ufffd"
        return "" if match[2] in "\r\n\f" else match[2]

    return _ESCAPE.sub(char, text) if "\\" in text else text


def _escape(text: str) -> str:
    # "<" too: inside of a style element "</style" would end it.
    return re.sub(r"""["'\\<\x00-\x1f]""", lambda match: f"\\{ord(match[0]):x} ", text)
