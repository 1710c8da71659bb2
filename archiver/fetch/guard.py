"""Which addresses may be connected to: public unicast ones, and no way around through others.

The tables follow IANA's special-purpose registries (RFC 6890) and are written out, because what
`ipaddress` calls global differs between Python releases and passes addresses that a
translator or tunnel turns into private ones.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

_V4 = tuple(
    (IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "this network"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "shared by a carrier"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "a cloud platform's own"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "for protocols"),
        ("192.0.2.0/24", "documentation"),
        ("192.88.99.0/24", "6to4 relay"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "benchmarking"),
        ("198.51.100.0/24", "documentation"),
        ("203.0.113.0/24", "documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
_V6 = tuple(
    (IPv6Network(network), what)
    for network, what in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("::/96", "IPv4-compatible"),
        ("::ffff:0:0/96", "IPv4-mapped"),
        ("::ffff:0:0:0/96", "IPv4-translated"),
        ("64:ff9b::/96", "NAT64"),
        ("64:ff9b:1::/48", "local NAT64"),
        ("100::/64", "discard-only"),
        ("2001::/32", "Teredo"),
        ("2001::/23", "for protocols"),
        ("2001:db8::/32", "documentation"),
        ("2002::/16", "6to4"),
        ("3fff::/20", "documentation"),
        ("5f00::/16", "segment routing"),
        ("fc00::/7", "private"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
    )
)
# RFC 6761 section 6.3, and what hosts files call loopback: refused before any name server is asked.
_LOOPBACK_NAMES = frozenset(
    {"localhost", "localhost.localdomain", "localhost6", "ip6-localhost", "ip6-loopback"}
)
_GLOBAL_V6 = IPv6Network("2000::/3")
_ISATAP = frozenset({0x00005EFE, 0x02005EFE})  # RFC 5214 section 6.1


def refusal(ip: str | IPv4Address | IPv6Address) -> str | None:
    """Say why `ip` may not be connected to, in a few words; None where it may.

    What is no IP address at all is refused as well.
    """
    try:
        address = ip_address(ip)
    except ValueError:
        return "no IP address"
    if isinstance(address, IPv4Address):
        return next((what for network, what in _V4 if address in network), None)
    for network, what in _V6:
        if address in network:
            return what
    if address not in _GLOBAL_V6:
        return "not global unicast"
    value = int(address)
    if (value >> 32) & 0xFFFFFFFF in _ISATAP and (inner := refusal(IPv4Address(value % 2**32))):
        return f"ISATAP, {inner}"
    return None


@dataclass(frozen=True, kw_only=True, slots=True)
class Policy:
    """What an outlet may connect to: public addresses and `ranges` of others, some `ports`.

    `allow_private`: any address. `ports` None: any port.
    """

    allow_private: bool = False
    ranges: tuple[IPv4Network | IPv6Network, ...] = ()
    ports: tuple[range, ...] | None = None

    def refusal(self, ip: str) -> str | None:
        """Why `ip` may not be connected to; None where it may."""
        why = None if self.allow_private else refusal(ip)
        if why is None or not self.ranges:
            return why
        try:
            address = ip_address(ip)
        except ValueError:
            return why
        return None if any(address in network for network in self.ranges) else why

    def refuses_port(self, port: int) -> bool:
        """Whether no connection may be made to this port."""
        return self.ports is not None and not any(port in ports for ports in self.ports)

    def refuses_name(self, host: str) -> bool:
        """Whether a host is called as only loopback is, and loopback may not be connected to."""
        name = host.rstrip(".").lower()
        loopback = name in _LOOPBACK_NAMES or name.endswith(".localhost")
        return (
            loopback and self.refusal("127.0.0.1") is not None and self.refusal("::1") is not None
        )


def literal_address(host: str) -> IPv4Address | IPv6Address | None:
    """Read a host that is an address in any spelling that system resolvers take.

    Such as 127.1, 0x7f000001, 017700000001 and ::1; None where it is a name.
    """
    try:
        return ip_address(host)
    except ValueError:
        pass
    try:
        return IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError, ValueError):
        return None
