"""URLs, hosts and peers as settings and seeds may name them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator, BeforeValidator, WithJsonSchema

from archiver.urls import host_of

_HOST = re.compile(r"(?=.{1,253}\Z)(?!.*\.[0-9]+\Z)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*", re.ASCII)


def _parts(url: str) -> SplitResult:
    if re.search(r"[\s\x00-\x1f\x7f]", url):
        raise ValueError("a URL has no spaces and no control characters in it")
    try:
        return urlsplit(url)
    except ValueError:
        raise ValueError("is no URL") from None  # the original message may repeat a password


def _parts_without_password(url: str) -> SplitResult:
    # A pattern, because a "/" or "#" in a password hides it from urlsplit.
    if re.search(r"://[^@]*:[^@]*@|[?&]password=", url):
        raise ValueError("a password does not belong into a URL")
    return _parts(url)


def check_page_url(url: str) -> str:
    """An absolute http or https URL without user and password; otherwise ValueError."""
    if _parts(url).username is not None:
        raise ValueError("user and password do not belong into this URL")
    host_of(url)
    return url


def check_host(host: str) -> str:
    """A host name in lower-case ASCII, or an IP address; otherwise ValueError."""
    try:
        return str(ip_address(host.strip("[]")))
    except ValueError:
        pass
    try:
        plain = host.encode("idna").decode("ascii").lower().removesuffix(".")
    except UnicodeError:
        plain = ""
    if not _HOST.fullmatch(plain):
        raise ValueError(f"{host!r:.80} is no host name: write it without scheme, port and path")
    return plain


def check_peer(peer: str) -> str:
    """An `ip:port` (`[ip6]:port`); otherwise ValueError."""
    match = re.fullmatch(r"\[?([0-9a-fA-F.:]+?)\]?:([0-9]{1,5})", peer)
    try:
        address = ip_address(match[1]) if match and 0 < int(match[2]) < 65536 else None
    except ValueError:
        address = None
    if match is None or address is None or (address.version == 6) != peer.startswith("["):
        raise ValueError(f"{peer!r:.80} is no address and port such as 127.0.0.1:8000")
    host = f"[{address}]" if address.version == 6 else str(address)
    return f"{host}:{int(match[2])}"


def _check_name_and_port(name: str) -> str:
    host, colon, port = name.rpartition(":")
    if colon and re.fullmatch(r"[0-9]{1,5}", port) and (":" not in host or host.endswith("]")):
        if not 0 < int(port) < 65536:
            raise ValueError(f"{name!r:.80} has no port from 1 to 65535")
        plain = check_host(host)
        return f"[{plain}]:{int(port)}" if ":" in plain else f"{plain}:{int(port)}"
    return check_host(name)


def check_contact(contact: str) -> str:
    """Empty, an http(s) URL or a mailto: URL, fit for a User-Agent; otherwise ValueError."""
    if not contact:
        return contact
    fits = re.fullmatch(r"[!-'*-;=?-\[\]-~]+", contact)  # printable ASCII without ( ) < > \
    if contact.startswith("mailto:"):
        if not fits or not re.fullmatch(r"mailto:[^@]+@[^@]+", contact):
            raise ValueError(f"{contact!r:.80} is no mailto: address")
        return contact
    if re.fullmatch(r"[^@/:\s]+@[^@/:\s]+", contact):
        raise ValueError(f"{contact!r:.80} is a bare address, write 'mailto:{contact[:60]}'")
    check_page_url(contact)
    if not fits:
        raise ValueError("a contact is written in plain ASCII, percent-encoded where need be")
    return contact


def check_proxy(url: str) -> str:
    """Empty, or the http(s) URL of a proxy without password and path; otherwise ValueError."""
    if url:
        parts = _parts_without_password(url)
        host_of(url)
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError("a proxy is scheme, host and port, such as http://proxy.example:3128")
    return url


def check_catalogue_url(url: str) -> str:
    """Empty, or an SQLAlchemy URL of an SQLite file or of PostgreSQL, without password."""
    parts = _parts_without_password(url)
    sqlite = url.startswith("sqlite:///") and parts.path not in ("/", "/:memory:")
    # without a host the server is on this machine, at a Unix socket
    place = parts.hostname or parts.path.strip("/")
    postgres = parts.scheme.partition("+")[0] == "postgresql" and place
    if url and not sqlite and not postgres:
        raise ValueError("a catalogue is at sqlite:///FILE or postgresql+psycopg://HOST/DATABASE")
    return url


def parse_ports(text: str) -> tuple[range, ...]:
    """The ports of a text such as "80, 443, 8000-8999", as ranges; otherwise ValueError."""
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = re.fullmatch(r"([0-9]{1,5})(?:\s*-\s*([0-9]{1,5}))?", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 0 < first <= last < 65536:
            raise ValueError(f"{part!r:.80} is no port from 1 to 65535, nor a range of them")
        found.append(range(first, last + 1))
    return tuple(found)


def check_ports(text: str) -> str:
    """Ports and ranges of them, in one spelling; otherwise ValueError."""
    return ", ".join(
        str(found[0]) if len(found) == 1 else f"{found[0]}-{found[-1]}"
        for found in parse_ports(text)
    )


def check_range(text: str) -> str:
    """An address range such as 10.1.0.0/16, or one address; otherwise ValueError."""
    try:
        return str(ip_network(text))
    except ValueError as error:
        raise ValueError(f"{text!r:.80} is no address range: {error}") from None


def _connect_to(value: object) -> object:
    """A mapping from a text (environment, flag) that holds it as a JSON object."""
    if isinstance(value, str):
        try:
            return json.loads(value or "{}")
        except (ValueError, RecursionError):
            raise ValueError('must be a JSON object such as {"host": "127.0.0.1:80"}') from None
    return value


PageUrl = Annotated[
    str, AfterValidator(check_page_url), WithJsonSchema({"type": "string", "format": "uri"})
]
Host = Annotated[str, AfterValidator(check_host)]
Contact = Annotated[str, AfterValidator(check_contact)]
Ports = Annotated[str, AfterValidator(check_ports)]
AddressRange = Annotated[str, AfterValidator(check_range)]
ProxyUrl = Annotated[str, AfterValidator(check_proxy)]
CatalogueUrl = Annotated[str, AfterValidator(check_catalogue_url)]
ConnectTo = Annotated[
    Mapping[
        Annotated[str, AfterValidator(_check_name_and_port)],
        Annotated[str, AfterValidator(check_peer)],
    ],
    BeforeValidator(_connect_to),
]
