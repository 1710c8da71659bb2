import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.fetch.guard import Policy, literal_address, refusal

REFUSED = {
    "0.0.0.0": "this network",
    "0.1.2.3": "this network",
    "10.0.0.1": "private",
    "10.255.255.255": "private",
    "100.64.0.1": "carrier",
    "100.100.100.200": "carrier",  # a cloud's metadata
    "100.127.255.255": "carrier",
    "127.0.0.1": "loopback",
    "127.1.2.3": "loopback",
    "127.255.255.255": "loopback",
    "168.63.129.16": "cloud",
    "169.254.0.1": "link-local",
    "169.254.169.254": "link-local",  # clouds' metadata
    "172.16.0.1": "private",
    "172.31.255.255": "private",
    "192.0.0.1": "protocols",
    "192.0.0.170": "protocols",  # NAT64 discovery
    "192.0.0.192": "protocols",  # a cloud's metadata
    "192.0.2.1": "documentation",
    "192.88.99.1": "6to4",
    "192.168.0.1": "private",
    "192.168.255.255": "private",
    "198.18.0.1": "benchmarking",
    "198.19.255.255": "benchmarking",
    "198.51.100.1": "documentation",
    "203.0.113.1": "documentation",
    "224.0.0.1": "multicast",
    "239.255.255.250": "multicast",
    "240.0.0.1": "reserved",
    "255.255.255.255": "reserved",
    "::": "unspecified",
    "::1": "loopback",
    "::2": "IPv4-compatible",
    "::7f00:1": "IPv4-compatible",
    "::127.0.0.1": "IPv4-compatible",
    "::8.8.8.8": "IPv4-compatible",
    "::ffff:127.0.0.1": "IPv4-mapped",
    "::ffff:10.0.0.1": "IPv4-mapped",
    "::ffff:8.8.8.8": "IPv4-mapped",
    "::ffff:0:127.0.0.1": "IPv4-translated",
    "64:ff9b::127.0.0.1": "NAT64",
    "64:ff9b::a9fe:a9fe": "NAT64",
    "64:ff9b::8.8.8.8": "NAT64",
    "64:ff9b:1::1": "NAT64",
    "64:ff9b:1:fffe::10.0.0.1": "NAT64",
    "100::1": "discard",
    "100:0:0:1::1": "global",
    "200::1": "global",
    "400::1": "global",
    "2001::1": "Teredo",
    "2001:0:53aa:64c:0:fbff:80ff:fffe": "Teredo",  # holds 127.0.0.1
    "2001:2::1": "protocols",
    "2001:10::1": "protocols",
    "2001:20::1": "protocols",
    "2001:db8::1": "documentation",
    "2002:7f00:1::1": "6to4",
    "2002:a00:1::": "6to4",
    "2002:808:808::1": "6to4",
    "3fff::1": "documentation",
    "4000::1": "global",
    "5f00::1": "segment routing",
    "fc00::1": "private",
    "fd00:ec2::254": "private",  # a cloud's metadata
    "fe80::1": "link-local",
    "fe80::1%eth0": "link-local",
    "febf::1": "link-local",
    "fec0::1": "site-local",
    "fe00::1": "global",
    "ff02::1": "multicast",
    "ff0e::1": "multicast",
    "ffff::1": "multicast",
    "2a00:1450::5efe:127.0.0.1": "ISATAP",
    "2a00:1450::200:5efe:10.0.0.1": "ISATAP",
    "": "no IP address",
    "localhost": "no IP address",
    "127.1": "no IP address",
    "1.2.3.4.5": "no IP address",
    "::g": "no IP address",
}

ALLOWED = [
    "1.1.1.1",
    "8.8.8.8",
    "9.255.255.255",
    "11.0.0.0",
    "100.63.255.255",
    "100.128.0.0",
    "126.255.255.255",
    "128.0.0.0",
    "168.63.129.15",
    "172.15.255.255",
    "172.32.0.0",
    "192.0.1.0",
    "192.167.255.255",
    "198.20.0.0",
    "223.255.255.255",
    "2000::1",
    "2001:200::1",
    "2001:4860:4860::8888",
    "2003::1",
    "2606:4700:4700::1111",
    "2a00:1450:4001:80e::200e",
    "2a00:1450::5efe:8.8.8.8",
    "3ffe::1",
]


@pytest.mark.parametrize("ip", REFUSED)
def test_refused(ip: str) -> None:
    reason = refusal(ip)
    assert reason is not None
    assert REFUSED[ip] in reason
    if reason != "no IP address":
        assert refusal(ipaddress.ip_address(ip)) == reason


@pytest.mark.parametrize("ip", ALLOWED)
def test_allowed(ip: str) -> None:
    assert refusal(ip) is None


@given(st.ip_addresses())
def test_never_laxer_than_the_standard_library(ip) -> None:
    if not ip.is_global or ip.is_multicast or ip.is_reserved:
        assert refusal(ip) is not None


@given(st.ip_addresses(v=4))
def test_no_translation_of_an_address_gets_through(ip) -> None:
    number = int(ip)
    for prefix, shift in (
        ("::ffff:0:0", 0),
        ("::", 0),
        ("64:ff9b::", 0),
        ("2002::", 80),
    ):
        inner = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) | number << shift)
        assert refusal(inner) is not None


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "127.0.0.1"),
        ("127.1", "127.0.0.1"),
        ("2130706433", "127.0.0.1"),
        ("0x7f000001", "127.0.0.1"),
        ("0x7f.1", "127.0.0.1"),
        ("017700000001", "127.0.0.1"),
        ("0177.0.0.1", "127.0.0.1"),
        ("0", "0.0.0.0"),
        ("::1", "::1"),
        ("::ffff:7f00:1", "::ffff:7f00:1"),
    ],
)
def test_addresses_in_every_spelling(host: str, address: str) -> None:
    assert literal_address(host) == ipaddress.ip_address(address)


@pytest.mark.parametrize("host", ["example.com", "localhost", "", "1.2.3.4.com", "a" * 300, "ä"])
def test_names_are_no_addresses(host: str) -> None:
    assert literal_address(host) is None


def test_a_policy_opens_ranges_ports_and_nothing_else() -> None:
    policy = Policy(
        ranges=(ipaddress.ip_network("10.1.0.0/16"), ipaddress.ip_network("fd00::/16")),
        ports=(range(80, 81), range(8000, 8010)),
    )
    assert [policy.refusal(ip) for ip in ("10.1.2.3", "fd00::1", "1.1.1.1")] == [None] * 3
    for ip in ("10.2.0.1", "::ffff:10.1.2.3", "127.0.0.1", "fd01::1", "no address"):
        assert policy.refusal(ip)
    assert [port for port in range(65536) if not policy.refuses_port(port)] == [
        80, *range(8000, 8010),
    ]  # fmt: skip
    assert not Policy().refuses_port(22)
    assert Policy(allow_private=True).refusal("127.0.0.1") is None


@pytest.mark.parametrize(
    "host", ["localhost", "LocalHost.", "a.b.localhost", "localhost.localdomain", "ip6-localhost"]
)
def test_names_of_loopback(host: str) -> None:
    assert Policy().refuses_name(host)
    assert not Policy().refuses_name(f"{host}.example")
    assert not Policy(ranges=(ipaddress.ip_network("127.0.0.0/8"),)).refuses_name(host)
