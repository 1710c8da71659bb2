"""Webhooks against real servers on loopback: well, slow, failing, and leading elsewhere."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest
from structlog.testing import capture_logs
from support.daemons import Target

from archiver.daemon.webhooks import Webhooks, send
from archiver.errors import FetchError

AT = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.fixture
def target() -> Iterator[Target]:
    with Target().serving() as server:
        yield server


async def posted(hooks: Webhooks) -> None:
    hooks.post({"event": "silent", "subject": "a"}, AT)
    while hooks._lines.tasks:
        await asyncio.wait(set(hooks._lines.tasks))


async def test_an_event_is_posted_and_signed(target: Target) -> None:
    await posted(Webhooks(urls=(target.url,), secret="s3cret", private=True))
    [(path, headers, body)] = target.got
    assert path == "/hook?key=1"
    assert json.loads(body) == {"event": "silent", "subject": "a"}
    signed = headers["Archiver-Timestamp"].encode() + b"." + body
    wanted = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
    assert headers["Archiver-Signature"] == f"sha256={wanted}"
    assert "s3cret" not in str(headers)


async def test_what_fails_is_posted_again(target: Target) -> None:
    target.statuses = [500, 503, 200]
    await posted(Webhooks(urls=(target.url,), private=True, waits=(0.01, 0.01, 0.01)))
    assert len(target.got) == 3
    assert len({body for _, _, body in target.got}) == 1


async def test_what_fails_for_good_is_given_up(target: Target) -> None:
    target.statuses = [500]
    await posted(Webhooks(urls=(target.url,), private=True, waits=(0.01, 0.01)))
    assert len(target.got) == 3


async def test_redirects_are_not_followed(target: Target) -> None:
    target.statuses, target.location = [302, 200], target.url
    await posted(Webhooks(urls=(target.url,), private=True, waits=()))
    assert len(target.got) == 1


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "0x7f.1", "169.254.169.254"])
async def test_private_addresses_are_refused_unless_told(target: Target, host: str) -> None:
    url = target.url.replace("127.0.0.1", host)
    with pytest.raises(FetchError, match="may not be connected to"):
        send(url, b"{}", {})
    await posted(Webhooks(urls=(url,), waits=(0.01,)))
    assert target.got == []


async def test_what_cannot_wait_any_more_is_dropped_and_said(
    target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("archiver.daemon.webhooks._MOST_WAITING", 2)
    hooks = Webhooks(urls=(target.url,) * 3, private=True, waits=())
    with capture_logs() as log:
        await posted(hooks)
    assert len(target.got) == 2
    assert [line["event"] for line in log] == ["webhook-dropped"]


async def test_a_target_that_hangs_holds_up_nobody(target: Target) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        hooks = Webhooks(urls=(url, target.url), private=True, waits=())
        hooks.post({"event": "silent"}, AT)
        async with asyncio.timeout(5):  # the other one answers at once
            await asyncio.wait(set(hooks._lines.tasks), return_when=asyncio.FIRST_COMPLETED)
        assert len(target.got) == 1
        await hooks.close(within=0)
        assert await asyncio.to_thread(_threads_end)


async def test_what_has_yet_to_connect_is_broken_off_too(monkeypatch: pytest.MonkeyPatch) -> None:
    looking, go_on = threading.Event(), threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as silent:

        def slowly(host: str, port: int, *, private: bool) -> tuple[socket.AddressFamily, str]:
            looking.set()
            assert go_on.wait(30)
            return socket.AF_INET, host

        monkeypatch.setattr("archiver.daemon.webhooks.checked_address", slowly)
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        hooks = Webhooks(urls=(url,), private=True, waits=())
        hooks.post({"event": "silent"}, AT)
        assert await asyncio.to_thread(looking.wait, 30)
        await hooks.close(within=0)
        go_on.set()
        assert await asyncio.to_thread(_threads_end)


def _threads_end() -> bool:
    """Wait until no thread posts any more."""
    for thread in threading.enumerate():
        if thread.name.startswith("webhook"):
            thread.join(5)  # much less than an exchange may take
            if thread.is_alive():
                return False
    return True


class Dripping:
    """Answers with a first line that has no end, a byte at a time."""

    def __enter__(self) -> str:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._drip)
        self._thread.start()
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/"

    def __exit__(self, *exc: object) -> None:
        self._end.set()
        self._thread.join()
        self._listener.close()

    def _drip(self) -> None:
        connection, _ = self._listener.accept()
        with connection, suppress(OSError):
            connection.sendall(b"HTTP/1.1 ")
            while not self._end.wait(0.02):
                connection.sendall(b"x")


async def test_an_answer_without_an_end_is_broken_off() -> None:
    with Dripping() as url:
        async with asyncio.timeout(10):
            with pytest.raises((OSError, http.client.HTTPException)):
                await asyncio.to_thread(send, url, b"{}", {}, private=True, within=0.3)


async def test_hanging_targets_leave_the_loops_own_threads_and_other_targets_alone(
    target: Target,
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=200) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        hooks = Webhooks(urls=(url,), private=True, waits=())
        for _ in range(100):
            hooks.post({"event": "silent"}, AT)
        hooks = hooks.replaced(urls=(target.url,), secret=None, private=True)
        hooks.post({"event": "silent"}, AT)
        async with asyncio.timeout(5):  # less than those that hang take
            await asyncio.to_thread(lambda: None)
            await asyncio.wait(set(hooks._lines.tasks), return_when=asyncio.FIRST_COMPLETED)
        assert len(target.got) == 1
        await hooks.close(within=0)
        assert await asyncio.to_thread(_threads_end)
