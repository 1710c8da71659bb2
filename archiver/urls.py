"""Canonical URLs and urlkeys. Pure functions on text.

A canonical URL is what the archive calls a page; it can still be fetched. A urlkey (SURT
form, as CDXJ files are sorted by) is for looking up: it forgets scheme, `www.` and case.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import SplitResult, urlsplit

# Parameters that say how a reader came, never what is read. Names are matched whole.
_TRACKING = re.compile(
    r"utm_\w+|at_(?:medium|campaign|custom\d|link\w*|ptr_name|format|bbc_team)|mc_[ce]id|mtm_\w+"
    r"|pk_(?:campaign|kwd|source|medium)|fbclid|gclid|gclsrc|dclid|gbraid|wbraid|msclkid|yclid"
    r"|twclid|ttclid|igshid|igsh|li_fat_id|_hs(?:enc|mi)|vero_id|oly_(?:enc|anon)_id|cmpid|cmp"
    r"|ito|ns_(?:mchannel|source|campaign|linkname|fee)|xtor|wt_mc|wt\.mc_id|smid|srnd|ncid"
    r"|icid|ocid|sr_share|ref_src|ref_url|guccounter|guce_referrer(?:_sig)?|__twitter_impression"
    r"|_g[al]|gad_\w+|mkt_tok|fb_(?:ref|source|action_ids|action_types)|intcmp|s_cid|sc_c(?:id|hannel)"
    r"|soc_(?:src|trk)|spref|share_id|_branch_match_id|hss_channel|elq(?:trackid)?|matomo_\w+"
    r"|piwik_\w+|itid|wprss|maca|gepc|feedtype|feedname|dcmp",
    re.IGNORECASE,
)
_SESSION = re.compile(r"(?i);(?:jsessionid|phpsessid|sid)=[^/?#]*|/\(S\([0-9a-z]{20,}\)\)(?=/)")
_SESSION_QUERY = re.compile(r"(?i)(?:jsessionid|phpsessid|aspsessionid\w*|cftoken)")
# Names that others use for their articles' numbers: a session's value is long and random.
_SESSION_PAIR = re.compile(
    r"(?:sid|s_?id|sess|session|session_?id|phpsid|zenid|oscsid|osid)=(?=[a-z]*\d)(?=\d*[a-z])[0-9a-z]{20,}",
    re.IGNORECASE,
)
_REMEMBERED = 8192  # URLs: each is asked for several times between its mention and its capture
# What w3lib leaves as it is, as it does nearly every URL of a news site.
_PLAIN = re.compile(
    r"https?://[a-z0-9.-]+(?::[1-9][0-9]{0,3})?/[A-Za-z0-9/._~-]*(?:\?[A-Za-z0-9=&._~-]*)?"
)
# What a urlkey has as it is: no escapes, no capitals, no empty segments.
_PLAIN_PATH = re.compile(r"(?:/[a-z0-9._~-]+)*/?")
_PLAIN_QUERY = re.compile(r"[a-z0-9=&._~+-]*")
_SLASHES = re.compile(r"//+")
_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})")
_NESTED = 8  # times that a URL may be escaped
# A `?` in a path and `&` or `+` in a query divide nothing as long as they are escaped.
_KEPT_IN_PATH, _KEPT_IN_QUERY = frozenset((b"3f",)), frozenset((b"26", b"2b"))
_ODD_IN_PATH = re.compile(rb"[\x00-\x20#?\x7f-\xff]|%(?!3f)")
_ODD_IN_QUERY = re.compile(rb"[\x00-\x20#\x7f-\xff]|%(?!26|2b)")
_SPACE = re.compile(r"\s")
_WWW = re.compile(r"^www\d*\.(?=[^.]+\.)")
_DEFAULT_PORT = {"http": 80, "https": 443}


@lru_cache(maxsize=64)  # a page's canonical URL and its urlkey are asked for one after the other
def _split(url: str) -> tuple[SplitResult, str, int | None]:
    """Parts, host in lower-case ASCII, and port where it is not the scheme's own."""
    text = url.strip()
    if not _PLAIN.fullmatch(text):
        from w3lib.url import safe_url_string  # which takes as long as much of a command's begin

        text = safe_url_string(re.sub(r"[\t\n\r]", "", text))  # as browsers do (WHATWG URL, 4.4)
    parts = urlsplit(text)  # ValueError on a bad port or a broken IPv6 host
    scheme = parts.scheme.lower()
    if scheme not in _DEFAULT_PORT:
        raise ValueError(f"not an http or https URL: {url[:200]!r}")
    host = (parts.hostname or "").rstrip(".")
    if not host or _SPACE.search(host):
        raise ValueError(f"a URL without a host: {url[:200]!r}")
    if ":" in host:
        host = f"[{host}]"
    port = parts.port
    return parts, host, None if port in (None, _DEFAULT_PORT[scheme]) else port


@lru_cache(maxsize=_REMEMBERED)
def host_of(url: str) -> str:
    """The host in lower case, IDNA form, without port.

    Raises:
        ValueError: where the URL is not a usable http or https URL.
    """
    return _split(url)[1]


def _path(path: str) -> str:
    """The path with its dot segments resolved (RFC 3986 section 5.2.4), never empty."""
    if "/." not in path:
        return path or "/"
    kept: list[str] = []
    segments = path.split("/")
    for place, segment in enumerate(segments):
        last = place == len(segments) - 1
        if segment == "..":
            if len(kept) > 1:
                kept.pop()
            if last:
                kept.append("")
        elif segment == ".":
            if last:
                kept.append("")
        else:
            kept.append(segment)
    return "/".join(kept) or "/"


def _is_tracking(piece: str) -> bool:
    return _TRACKING.fullmatch(piece.partition("=")[0]) is not None


def _is_session(piece: str) -> bool:
    name = piece.partition("=")[0]
    return bool(_SESSION_QUERY.fullmatch(name) or _SESSION_PAIR.fullmatch(piece))


def left_out(url: str) -> Iterator[str]:
    """What `canonical_url` leaves out of a URL: "fragment", "tracking", "session"."""
    rest, _, fragment = url.strip().partition("#")
    path, _, query = rest.partition("?")
    pieces = query.split("&")
    if fragment:
        yield "fragment"
    if any(map(_is_tracking, pieces)):
        yield "tracking"
    if _SESSION.search(path) or any(map(_is_session, pieces)):
        yield "session"


@lru_cache(maxsize=_REMEMBERED)
def canonical_url(url: str) -> str:
    """The URL under which a page is known: without fragment, tracking and session parameters.

    Scheme, host, path case and the order of other parameters stay, since servers may mean
    something by them; escapes are made uniform by w3lib.

    Raises:
        ValueError: where the URL is not a usable http or https URL.
    """
    parts, host, port = _split(url)
    netloc = host if port is None else f"{host}:{port}"
    query = "&".join(
        piece
        for piece in parts.query.split("&")
        if piece and not _is_tracking(piece) and not _is_session(piece)
    )
    path = _SESSION.sub("", _path(parts.path))
    return f"{parts.scheme.lower()}://{netloc}{path}{'?' + query if query else ''}"


@lru_cache(maxsize=_REMEMBERED)
def urlkey(url: str) -> str:
    """The sort-friendly look-up key of a URL: `com,example)/path?a=1&b=2`.

    Host labels reversed, leading `www` and numbered `www2` dropped, path and query in lower
    case with as few escapes as can be, query parameters sorted, session ids dropped: the form that
    CDXJ indexes share. tests/unit/test_urlkey_pywb.py lists where pywb's differ.

    Raises:
        ValueError: where the URL is not a usable http or https URL.
    """
    parts, host, port = _split(url)
    bare = _WWW.sub("", host)
    if bare.startswith("[") or re.fullmatch(r"[\d.]+", bare):
        labels = bare
    else:
        labels = ",".join(reversed(bare.split(".")))
    path = _SESSION.sub("", parts.path)
    if not _PLAIN_PATH.fullmatch(path):
        path = _SLASHES.sub("/", _loosely(path, _KEPT_IN_PATH, _ODD_IN_PATH))
    path = _path(path).rstrip("/") or "/"
    query = parts.query
    if query:
        pieces = [piece for piece in query.split("&") if piece and not _is_session(piece)]
        if not _PLAIN_QUERY.fullmatch(query):
            pieces = [_loosely(piece, _KEPT_IN_QUERY, _ODD_IN_QUERY) for piece in pieces]
        query = "&".join(sorted(pieces, key=_by_name))
    return f"{labels}{'' if port is None else f':{port}'}){path}{'?' + query if query else ''}"


def _by_name(piece: str) -> tuple[str, str, str]:
    return piece.partition("=")


def _loosely(text: str, kept: frozenset[bytes], odd: re.Pattern[bytes]) -> str:
    """In lower case, escaped only where it has to be: what is escaped again and again, once.

    `kept` are escapes that mean something else than their characters, `odd` is what is escaped.
    """

    def plain(match: re.Match[bytes]) -> bytes:
        digits = match[1].lower()
        return b"%" + digits if digits in kept else bytes.fromhex(digits.decode())

    data = text.encode()
    for _ in range(_NESTED):
        bare = _ESCAPE.sub(plain, data)
        if bare == data:
            break
        data = bare
    return odd.sub(lambda match: b"%%%02x" % match[0][0], data.lower()).decode()
