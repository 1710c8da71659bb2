"""An outlet behind a proxy that asks for a password, which stands in no file."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.odd_server import Proxy
from support.workdir import add_seed, run, working_folder

from archiver.warc.reader import StoredRecord, iter_records

PASSWORD = "hunter2:/@ü"
SAID = b"Proxy-Authorization: Basic " + base64.b64encode(f"me:{PASSWORD}".encode())


@pytest.fixture
def proxy() -> Iterator[Proxy]:
    with Proxy({}) as proxy:
        yield proxy


@pytest.fixture
def folder(tmp_path: Path, proxy: Proxy) -> Path:
    folder = working_folder(tmp_path, connect_to={}, crawl="retries = 0")
    add_seed(
        folder,
        "far",
        'id = "far"\nname = "Far"\nhomepage = "http://far.example/"\n'
        'feeds = ["http://far.example/feed", "https://far.example/feed"]\n'
        f'[fetch]\nproxy = "http://me@127.0.0.1:{proxy.port}"\n'
        'proxy_password_variable = "FAR_PROXY"\n',
    )
    return folder


def test_the_password_goes_to_the_proxy_and_nowhere_else(folder: Path, proxy: Proxy) -> None:
    done = run(folder, "archiver", "crawl", "far", FAR_PROXY=PASSWORD)
    assert {request.split(b" ")[0] for request in proxy.requests} == {b"GET", b"CONNECT"}
    for request in proxy.requests:
        assert b"\r\n%s\r\n" % SAID in request
    secrets = (PASSWORD.encode(), SAID.rpartition(b" ")[2])
    assert not any(secret in (done.stdout + done.stderr).encode() for secret in secrets)
    (path,) = (folder / "archive").rglob("*.warc.gz")
    blocks = [record.block for record in iter_records(path) if isinstance(record, StoredRecord)]
    assert not any(secret in block for block in blocks for secret in secrets)
    assert any(b"redacted: proxy-authorization" in block for block in blocks)
    assert any(b"error-detail: the proxy opens no tunnel" in block for block in blocks)


def test_a_password_that_is_not_there(folder: Path, proxy: Proxy) -> None:
    done = run(folder, "archiver", "crawl", "far")
    assert done.returncode != 0
    assert "fetch.proxy_password_variable: no FAR_PROXY is set" in done.stderr
    assert proxy.requests == []
