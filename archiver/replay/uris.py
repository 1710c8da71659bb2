"""Addresses of mementos: what they look like, and how references become such.

A memento lives at `/{timestamp}/{url}` (a readable view) or `/{timestamp}id_/{url}` (raw),
timestamps being 14 digits in UTC, as all web archives write them.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote, unquote, urljoin, urlsplit

MAX_URL = 8_000  # characters; longer ones are refused, no server of news takes them

_STAMP = re.compile(r"\d{4}(?:\d\d){0,5}")
_EARLIEST = "00000101000000"  # what a shortened timestamp is filled up with
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.\-]*):")
_BLANK = re.compile("[\x00-\x20\x7f]")
_FOLDED = re.compile(r"^(https?):/(?=[^/])", re.IGNORECASE)
_SPECIAL = re.compile(r"(https?):(/*)(.*)", re.IGNORECASE | re.DOTALL)
# References as most are: no step to a folder above, nothing that a browser reads otherwise.
_PLAIN = re.compile(
    r"(https?://[a-z0-9.\-]++(?=[/?]|\Z))?"
    r"((?:/[A-Za-z0-9_~%][A-Za-z0-9_~%.,\-]*+)*+/?)((?:\?[A-Za-z0-9_~%.,=&/\-]++)?)"
)
_KNOWN = 10_000  # references of one document that are remembered
_EDGE = "".join(map(chr, range(0x21)))  # C0 controls and space (WHATWG URL, section 4.4)
_DROPPED = str.maketrans("", "", "\t\n\r")


class BadAddressError(ValueError):
    """An address that cannot name a capture; `status` is the HTTP status that says so."""

    def __init__(self, why: str, *, status: int = 400) -> None:
        self.status = status
        super().__init__(why)


def stamp(at: datetime) -> str:
    """The 14 digits of a moment in UTC."""
    at = at.astimezone(UTC)
    return f"{at.year:04}{at.month:02}{at.day:02}{at.hour:02}{at.minute:02}{at.second:02}"


def moment(digits: str) -> datetime:
    """The moment that 4 to 14 digits name; what is left out counts from its beginning.

    Raises:
        BadAddressError: where the digits are no date.
    """
    if not digits.isascii() or not _STAMP.fullmatch(digits):
        raise BadAddressError("a timestamp has 14 digits: YYYYMMDDhhmmss")
    full = digits + _EARLIEST[len(digits) :]
    try:
        year, month, day = int(full[:4]), int(full[4:6]), int(full[6:8])
        hour, minute, second = int(full[8:10]), int(full[10:12]), int(full[12:])
        return datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        raise BadAddressError(f"{digits} is no date and time") from None


def archived_url(text: str) -> str:
    """The http or https URL that a memento's address names.

    Raises:
        BadAddressError: 414 where it is too long; 400 where it has no host, another scheme,
            or holds a name and password.
    """
    if len(text) > MAX_URL:
        raise BadAddressError(f"the URL has more than {MAX_URL} characters", status=414)
    if _BLANK.search(text):
        raise BadAddressError("the URL holds a space or a control character")
    text = _FOLDED.sub(r"\1://", text)  # proxies fold double slashes
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname, parts.port  # .port raises on a bad one
    except ValueError:
        raise BadAddressError("this is no URL") from None
    if parts.scheme not in ("http", "https"):
        raise BadAddressError("write a whole http or https URL, scheme included")
    if parts.username is not None or parts.password is not None:
        raise BadAddressError("the URL holds a user name or password")
    if not host:
        raise BadAddressError("the URL has no host")
    # Browsers escape the letters of an international host name inside of a path.
    return parts._replace(netloc=unquote(parts.netloc), fragment="").geturl()


def ascii_url(url: str) -> str:
    """The URL for use in a header field: ASCII, nothing in it that ends a `<…>`."""
    return quote(url, safe="%/:?#[]@!$&'()*+,;=~-._|")


def resolve(base: str, reference: str) -> str | None:
    """The http or https URL of a reference as a browser reads it; None for any other kind.

    Follows the WHATWG URL standard where `urljoin` does not: outer blanks, inner line ends,
    backslashes, missing and surplus slashes. A reference to a place in the same document
    (`#top`) is None too. What cannot be parsed comes back as it is.
    """
    text = reference.strip(_EDGE).translate(_DROPPED)
    if not text or text.startswith("#"):
        return None
    head, mark, tail = _cut(text)
    text = head.replace("\\", "/") + mark + tail
    if match := _SPECIAL.match(text):
        scheme, slashes, rest = match.groups()
        if len(slashes) < 2 and scheme.lower() == base.partition(":")[0]:
            text = slashes + rest
        else:
            text = f"{scheme.lower()}://{rest}"
    elif _SCHEME.match(text):
        return None
    elif text.startswith("//"):
        text = "//" + text.lstrip("/")
    try:
        return urljoin(base, text) or None
    except ValueError:
        return text


def _cut(text: str) -> tuple[str, str, str]:
    """Text before, at and after its first `?` or `#`."""
    match = re.search(r"[?#]", text)
    if match is None:
        return text, "", ""
    return text[: match.start()], match.group(), text[match.end() :]


class References:
    """Turns the references of one archived document into addresses of mementos.

    Args:
        base: URL that the document was captured from; a `<base>` may change it.
        prefix: what stands before the URL, such as `/20260102030405/`.
    """

    def __init__(self, base: str, prefix: str) -> None:
        self.prefix = prefix
        self.base = ""
        self._known: dict[str, str] = {}
        self._origin: str | None = None
        self._stand_at(base)

    def _stand_at(self, base: str) -> None:
        self.base = base
        self._known.clear()
        match = _PLAIN.fullmatch(base)
        self._origin = match[1] if match else None

    def __call__(self, reference: str) -> str:
        """The memento's address, or the reference untouched where it is not http or https."""
        match = _PLAIN.fullmatch(reference)
        if match and match[1]:
            return self.prefix + reference
        if match and match[2] and self._origin:
            return self.prefix + self._origin + reference
        new = self._known.get(reference)
        if new is None:
            url = resolve(self.base, reference)
            new = reference if url is None else self.prefix + url
            if len(self._known) < _KNOWN:
                self._known[reference] = new
        return new

    def rebase(self, reference: str) -> None:
        """Take the document's `<base href>` into account (relative to its own URL)."""
        url = resolve(self.base, reference)
        if url is not None and _parses(url):
            self._stand_at(url)


def _parses(url: str) -> bool:
    try:
        return bool(urlsplit(url).hostname)
    except ValueError:
        return False
