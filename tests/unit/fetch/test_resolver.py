"""No name leaves the machine: addresses, localhost and connect-to targets only."""

import socket

import pytest

from archiver.errors import FetchError
from archiver.fetch.guard import Policy
from archiver.fetch.resolver import Resolver


async def addresses(resolver: Resolver, host: str, port: int = 80) -> list[tuple[object, ...]]:
    return [info[4][:2] for info in await resolver.locate(host, port)]


async def test_public_addresses_pass() -> None:
    assert await addresses(Resolver(), "1.1.1.1") == [("1.1.1.1", 80)]


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.1", "2130706433", "0x7f.1", "10.0.0.1", "localhost", "0.0.0.0"]
)
async def test_the_guard_stands_behind_resolution(host: str) -> None:
    with pytest.raises(FetchError) as caught:
        await Resolver().locate(host, 80)
    assert caught.value.reason == "blocked-address"
    assert host in str(caught.value)
    assert await addresses(Resolver({}, policy=Policy(allow_private=True)), host)


async def test_of_several_addresses_only_the_allowed_are_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What a hostile name server answers with cannot be had from a real one here."""
    resolver = Resolver()

    async def mixed(host: str, port: int) -> list[object]:
        stream = (socket.SOCK_STREAM, 6, "")
        return [
            (socket.AF_INET, *stream, ("127.0.0.1", port)),
            (socket.AF_INET, *stream, ("1.1.1.1", port)),
            (socket.AF_INET6, *stream, ("64:ff9b::7f00:1", port, 0, 0)),
        ]

    monkeypatch.setattr(resolver, "locate_trusted", mixed)
    assert await addresses(resolver, "rebinding.test") == [("1.1.1.1", 80)]


@pytest.mark.parametrize(
    ("host", "port", "target"),
    [
        ("a.test", 80, ("127.0.0.1", 1001)),
        ("a.test", 443, ("127.0.0.1", 1002)),
        ("b.test", 80, ("::1", 1003)),
        ("b.test", 443, ("::1", 1003)),
        ("c.test", 443, ("127.0.0.1", 1004)),
        ("c.test", 8080, ("127.0.0.2", 8080)),
        ("::1", 80, ("127.0.0.3", 80)),
    ],
)
async def test_connect_to(host: str, port: int, target: tuple[str, int]) -> None:
    resolver = Resolver(
        {
            "A.test:80": "127.0.0.1:1001",
            "a.test": "127.0.0.1:1002",
            "b.test": "[::1]:1003",
            "*:443": "127.0.0.1:1004",
            "*": "127.0.0.2",
            "::1:80": "127.0.0.3",
        }
    )
    assert await addresses(resolver, host, port) == [target]


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 64 + ".test", "a..test", "\ud800"])
async def test_names_that_do_not_resolve(host: str) -> None:
    with pytest.raises(FetchError) as caught:
        await Resolver().locate(host, 80)
    assert caught.value.reason == "dns"


async def test_answers_are_remembered_for_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    resolver = Resolver({}, policy=Policy(allow_private=True))
    first = await resolver.locate_trusted("localhost", 80)
    assert await resolver.locate_trusted("localhost", 80) is first
    monkeypatch.setattr("archiver.fetch.resolver._TTL", -1.0)
    other = await resolver.locate_trusted("localhost", 81)
    assert await resolver.locate_trusted("localhost", 81) is not other


async def test_the_memory_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.fetch.resolver._MAX_CACHED", 3)
    resolver = Resolver({}, policy=Policy(allow_private=True))
    for port in range(1, 20):
        await resolver.locate("127.0.0.1", port)
        assert len(resolver._known) <= 3


@pytest.mark.parametrize(
    "host",
    ["localhost", "LOCALHOST.".lower(), "a.localhost", "127.0.0.1", "127.0.0.1.", "0x7f.1", "::1"],
)
def test_what_a_proxy_is_not_asked_for(host: str) -> None:
    with pytest.raises(FetchError) as caught:
        Resolver().check_unresolved(host, 80)
    assert caught.value.reason == "blocked-address"
    Resolver({}, policy=Policy(allow_private=True)).check_unresolved(host, 80)
    Resolver().check_unresolved("a.test", 80)
    Resolver().check_unresolved("1.1.1.1", 80)
