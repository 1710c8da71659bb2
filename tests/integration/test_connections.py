"""Connections and their pool, against a server on real sockets."""

import asyncio
import socket
import ssl
from collections.abc import Iterator

import pytest
import trustme
from support.odd_cases import HTML, sized
from support.odd_server import Act, OddServer

from archiver.errors import FetchError
from archiver.fetch.connection import Connection, Ending
from archiver.fetch.message import Origin, Proxy
from archiver.fetch.pool import Pool
from archiver.fetch.resolver import Resolver
from archiver.fetch.tls import client_context
from archiver.wire.framer import ResponseFramer

ANSWERS = {
    "page": (sized(HTML),),
    "stall": (Act.STALL,),
    "early": (sized(b"no"), Act.DEAF),
    "junk": (sized(b"a"), Act.GAP, b"junk"),
    "close": (sized(b"a"), Act.CLOSE),
}


@pytest.fixture
def server() -> Iterator[OddServer]:
    with OddServer(ANSWERS) as server:
        yield server


class Answer:
    def __init__(self) -> None:
        self.framer = ResponseFramer()

    def feed(self, data: bytes) -> bool:
        self.framer.feed(data)
        return self.framer.complete


def pool_for(server: OddServer, context: ssl.SSLContext | None = None) -> Pool:
    resolver = Resolver({"*": f"127.0.0.1:{server.port}"})
    return Pool(resolver, context or ssl.create_default_context())


def origin(host: str = "a.test", *, tls: bool = False, proxy: Proxy | None = None) -> Origin:
    return Origin(tls=tls, host=host, port=443 if tls else 80, proxy=proxy)


async def ask(connection: Connection, name: str) -> bytes:
    answer = Answer()
    request = f"GET /{name} HTTP/1.1\r\nHost: a.test\r\n\r\n".encode()
    assert await connection.exchange(request, answer) is Ending.SATISFIED
    return answer.framer.payload()


async def gone(connection: Connection) -> None:
    async with asyncio.timeout(5):
        await connection.lost


async def test_a_released_connection_is_used_again(server: OddServer) -> None:
    pool = pool_for(server)
    first = await pool.connection(origin())
    assert not first.reused
    assert await ask(first, "page") == HTML
    pool.release(first)
    again = await pool.connection(origin())
    assert again is first
    assert again.reused
    assert await ask(again, "page") == HTML
    pool.release(again)
    await pool.close()
    assert not first.is_open


async def test_connections_are_not_shared(server: OddServer) -> None:
    pool = pool_for(server)
    first = await pool.connection(origin())
    second = await pool.connection(origin())
    assert first is not second
    pool.release(first)
    pool.release(second)
    assert await pool.connection(origin(), fresh=True) not in (first, second)
    assert await pool.connection(origin("b.test")) not in (first, second)
    assert await pool.connection(origin()) is second
    assert await pool.connection(origin()) is first
    await pool.close()


async def test_what_comes_while_nobody_asks_closes_the_connection(server: OddServer) -> None:
    pool = pool_for(server)
    connection = await pool.connection(origin())
    assert await ask(connection, "junk") == b"a"
    pool.release(connection)
    await gone(connection)
    assert await pool.connection(origin()) is not connection
    await pool.close()


async def test_a_connection_that_the_server_closed_is_not_used(server: OddServer) -> None:
    pool = pool_for(server)
    connection = await pool.connection(origin())
    assert await ask(connection, "close") == b"a"
    pool.release(connection)
    await gone(connection)
    assert await connection.exchange(b"GET / HTTP/1.1\r\n\r\n", Answer()) is Ending.CLOSED
    assert await pool.connection(origin()) is not connection
    await pool.close()


async def test_old_connections_are_not_used(
    server: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.fetch.pool._MAX_IDLE_SECONDS", 0.0)
    pool = pool_for(server)
    connection = await pool.connection(origin())
    pool.release(connection)
    assert await pool.connection(origin()) is not connection
    await gone(connection)
    await pool.close()


async def test_not_too_many_are_kept(server: OddServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archiver.fetch.pool._MAX_IDLE", 2)
    pool = pool_for(server)
    connections = [await pool.connection(origin(f"{name}.test")) for name in "abc"]
    for connection in connections:
        pool.release(connection)
    await gone(connections[0])
    assert [connection.is_open for connection in connections] == [False, True, True]
    await pool.close()


async def test_a_connection_with_unsent_bytes_is_not_kept(server: OddServer) -> None:
    """The server answers before it has read the request, which still waits to be sent."""
    pool = pool_for(server)
    connection = await pool.connection(origin())
    answer = Answer()
    request = b"GET /early HTTP/1.1\r\nHost: a\r\n\r\n" + b"x" * 20_000_000
    assert await connection.exchange(request, answer) is Ending.SATISFIED
    assert not connection.is_quiet
    pool.release(connection)
    assert not connection.is_open
    await pool.close()


async def test_silence_has_a_limit(server: OddServer) -> None:
    pool = pool_for(server)
    connection = await pool.connection(origin())
    with pytest.raises(TimeoutError, match="silent"):
        await connection.exchange(b"GET /stall HTTP/1.1\r\n\r\n", Answer(), idle_limit=0.05)
    await pool.close()


async def test_errors_of_the_receiver_reach_whoever_waits(server: OddServer) -> None:
    class Faulty:
        def feed(self, data: bytes) -> bool:
            raise LookupError("faulty")

    pool = pool_for(server)
    connection = await pool.connection(origin())
    with pytest.raises(LookupError, match="faulty"):
        await connection.exchange(b"GET /page HTTP/1.1\r\n\r\n", Faulty())
    await pool.close()


async def test_a_cancelled_exchange_takes_nothing_more(server: OddServer) -> None:
    pool = pool_for(server)
    connection = await pool.connection(origin())
    task = asyncio.create_task(connection.exchange(b"GET /stall HTTP/1.1\r\n\r\n", Answer()))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await pool.close()


async def test_the_next_address_is_tried(
    server: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pool = pool_for(server)
    with socket.create_server(("127.0.0.1", 0)) as closed:
        dead = closed.getsockname()
    stream = (socket.AF_INET, socket.SOCK_STREAM, 6, "")

    async def two(host: str, port: int) -> list[object]:
        return [(*stream, dead), (*stream, ("127.0.0.1", server.port))]

    monkeypatch.setattr(pool._resolver, "locate", two)
    connection = await pool.connection(origin())
    assert await ask(connection, "page") == HTML
    await pool.close()


async def test_an_address_that_is_dead_costs_a_moment(
    server: OddServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An IPv6 address that never answers stands first: the connection is made all the same."""
    pool = pool_for(server)
    with socket.socket(socket.AF_INET6) as dead, socket.socket(socket.AF_INET6) as filler:
        try:
            dead.bind(("::1", 0))
        except OSError:
            pytest.skip("no IPv6 here")
        dead.listen(0)
        filler.connect(dead.getsockname())  # the queue is full: the next one hears nothing
        v6 = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", dead.getsockname())
        v4 = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", server.port))

        async def both(host: str, port: int) -> list[object]:
            return [v6, v4]

        monkeypatch.setattr(pool._resolver, "locate", both)
        async with asyncio.timeout(20):
            connection = await pool.connection(origin())
        assert str(connection.ip) == "127.0.0.1"
        assert await ask(connection, "page") == HTML
        await pool.close()


def der_of(authority: trustme.CA) -> bytes:
    return ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())


async def test_facts_of_tls() -> None:
    authority = trustme.CA()
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    between = authority.create_child_ca()
    between.issue_cert("a.test").configure_cert(serving)
    serving.set_alpn_protocols(["h2", "http/1.1"])
    trusting = client_context()
    authority.configure_trust(trusting)
    with OddServer(ANSWERS, tls=serving) as server:
        pool = pool_for(server, trusting)
        connection = await pool.connection(origin(tls=True))
        assert connection.tls_version == "tls/1.3"
        assert connection.cipher is not None
        assert connection.cipher.startswith("TLS_")
        assert connection.tls is not None
        assert connection.tls.verified
        ours = [der_of(one) for one in (between, authority)]
        assert list(connection.tls.certificates[1:]) == ours  # the root, which nobody sent, too
        assert str(connection.ip) == "127.0.0.1"
        assert connection._transport is not None
        tls = connection._transport.get_extra_info("ssl_object")
        assert tls.selected_alpn_protocol() == "http/1.1"
        assert await ask(connection, "page") == HTML
        strange = pool_for(server)
        with pytest.raises(FetchError) as caught:
            await strange.connection(origin(tls=True))
        assert caught.value.reason == "tls"
        unverified = pool_for(server, client_context(verify=False))
        careless = (await unverified.connection(origin(tls=True))).tls
        assert careless is not None
        assert not careless.verified
        assert careless.certificates == connection.tls.certificates[:2]  # as the server sent them
        for opened in (pool, strange, unverified):
            await opened.close()


def test_a_ca_file_that_is_none(tmp_path) -> None:
    wrong = tmp_path / "ca.pem"
    wrong.write_text("no certificate")
    with pytest.raises(OSError, match=r"(?i)certificate|pem|ssl"):
        client_context(ca_file=str(wrong))
