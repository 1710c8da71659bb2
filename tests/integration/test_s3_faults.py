"""The proxy that injects faults: each is what it says, for boto3 and for the server."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import nullcontext, suppress
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import BotoCoreError, ClientError, ConnectionClosedError, ReadTimeoutError
from support.s3_faults import Fault, FaultProxy
from support.s3_place import S3Place


@pytest.fixture
def proxy(s3_moto: S3Place) -> Iterator[FaultProxy]:
    with FaultProxy(s3_moto) as running:
        yield running


@pytest.fixture
def bucket(s3_moto: S3Place) -> str:
    return s3_moto.new_bucket()


@pytest.fixture
def client(proxy: FaultProxy) -> Iterator[Any]:
    found = proxy.place.client(read_timeout=1)
    yield found
    found.close()


@pytest.fixture
def direct(s3_moto: S3Place) -> Iterator[Any]:
    found = s3_moto.client()
    yield found
    found.close()


def keys(client: Any, bucket: str) -> list[str]:
    return [one["Key"] for one in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.mark.parametrize(
    ("fault", "error", "said", "statuses"),
    [
        (Fault.RESET_BEFORE, ConnectionClosedError, "closed", ()),
        (Fault.RESET_AFTER, ConnectionClosedError, "closed", (200,)),
        (Fault.CUT, ConnectionClosedError, "closed", (200,)),
        (Fault.STALL, ReadTimeoutError, "timeout", ()),
        (Fault.STALL_AFTER, ReadTimeoutError, "timeout", (200,)),
        (Fault.ERROR, ClientError, "InternalError", ()),
        (Fault.ERROR_AFTER, ClientError, "InternalError", (200,)),
        (Fault.SLOW_DOWN, ClientError, "SlowDown", ()),
    ],
)
def test_a_put_fails_and_the_server_has_done_it_or_not(
    proxy: FaultProxy,
    bucket: str,
    client: Any,
    direct: Any,
    fault: Fault,
    error: type[Exception],
    said: str,
    statuses: tuple[int, ...],
) -> None:
    proxy.inject(fault)
    with pytest.raises(error, match=said):
        client.put_object(Bucket=bucket, Key="a", Body=b"body")

    assert keys(direct, bucket) == ["a"] * len(statuses)
    assert [(one.method, one.fault, one.statuses) for one in proxy.log] == [
        ("PUT", fault, statuses)
    ]
    assert proxy.injected == {fault: 1}
    client.put_object(Bucket=bucket, Key="b", Body=b"body")  # none was asked for
    assert "b" in keys(direct, bucket)


@pytest.mark.parametrize(
    ("fault", "reset"),
    [(Fault.RESET_BEFORE, True), (Fault.RESET_AFTER, True), (Fault.CUT, False)],
)
def test_a_reset_is_one_on_the_wire(proxy: FaultProxy, fault: Fault, reset: bool) -> None:
    """Seen beneath TLS, since Python's ssl calls either an end."""
    proxy.inject(fault)
    trust = ssl.create_default_context(cafile=proxy.place.ca_file)
    address = urlsplit(proxy.place.endpoint)
    with (
        socket.create_connection((address.hostname or "", address.port or 0)) as raw,
        trust.wrap_socket(raw, server_hostname=address.hostname) as client,
    ):
        client.sendall(b"HEAD / HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(ConnectionResetError) if reset else nullcontext():
            while socket.socket.recv(client, 65536):
                pass


def test_a_body_is_cut_in_its_midst(
    proxy: FaultProxy, bucket: str, client: Any, direct: Any
) -> None:
    direct.put_object(Bucket=bucket, Key="a", Body=b"0123456789" * 100_000)
    proxy.inject(Fault.CUT)
    got = client.get_object(Bucket=bucket, Key="a")
    assert got["ContentLength"] == 1_000_000
    with pytest.raises(BotoCoreError):
        got["Body"].read()


def test_a_repeated_put_is_done_twice_and_seen_once(
    proxy: FaultProxy, bucket: str, client: Any
) -> None:
    proxy.inject(Fault.REPEAT, Fault.REPEAT)
    client.put_object(Bucket=bucket, Key="a", Body=b"body")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(Bucket=bucket, Key="b", Body=b"body", IfNoneMatch="*")
    assert [one.statuses for one in proxy.log] == [(200, 200), (200, 412)]


def test_nothing_comes_through_while_it_is_down(
    proxy: FaultProxy, bucket: str, client: Any, direct: Any
) -> None:
    client.put_object(Bucket=bucket, Key="a", Body=b"body")
    proxy.down = True
    for _ in range(2):  # on the open connection, then on a new one
        with pytest.raises(BotoCoreError):
            client.put_object(Bucket=bucket, Key="b", Body=b"body")
    proxy.down = False
    assert keys(client, bucket) == keys(direct, bucket) == ["a"]


def test_one_seed_is_one_plan(s3_moto: S3Place, bucket: str) -> None:
    def met(seed: int, rate: float) -> list[Fault | None]:
        kinds = (Fault.ERROR, Fault.SLOW_DOWN, Fault.ERROR_AFTER)
        with FaultProxy(s3_moto, rate=rate, seed=seed, kinds=kinds, matching=r"^PUT .*/b") as proxy:
            client = proxy.place.client()
            client.put_object(Bucket=bucket, Key="a", Body=b"")
            for number in range(24):
                with suppress(ClientError):
                    client.put_object(Bucket=bucket, Key=f"b{number}", Body=b"")
            client.close()
            assert sum(proxy.injected.values()) == sum(one.fault is not None for one in proxy.log)
            return [one.fault for one in proxy.log if "/b" in one.target]

    often = met(1, 0.5)
    assert often == met(1, 0.5) != met(2, 0.5)
    assert 4 < sum(fault is not None for fault in often) < 20
    assert set(often) == {None, Fault.ERROR, Fault.SLOW_DOWN, Fault.ERROR_AFTER}
    rarely = met(1, 0.1)
    assert all(rare in (None, fault) for rare, fault in zip(rarely, often, strict=True))


def test_all_goes_through_where_no_fault_is(proxy: FaultProxy, s3_real: S3Place) -> None:
    """A real server checks signatures, and so that nothing signed was changed."""
    with FaultProxy(s3_real) as real:
        for running in (proxy, real):
            client = running.place.client(s3={"addressing_style": "path"})
            bucket = running.place.new_bucket(lock=True)
            body = bytes(range(256)) * 40_000  # 10 MB: boto3 expects 100 Continue
            client.put_object(Bucket=bucket, Key="a b/ü.gz", Body=body, IfNoneMatch="*")
            got = client.get_object(Bucket=bucket, Key="a b/ü.gz")["Body"].read()
            assert sha256(got).digest() == sha256(body).digest()
            assert client.head_object(Bucket=bucket, Key="a b/ü.gz")["ContentLength"] == len(body)
            assert keys(client, bucket) == ["a b/ü.gz"]
            with pytest.raises(ClientError, match="404"):
                client.head_object(Bucket=bucket, Key="absent")
            client.close()
            assert not running.injected
