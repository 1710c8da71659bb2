"""The demo's outlet over real HTTP: framing, conditions, codings, the switch of editions."""

import http.client
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from archiver.demo import outlet
from archiver.demo.server import DemoServer, main
from archiver.demo.story import Story


@pytest.fixture
def server() -> Iterator[DemoServer]:
    with DemoServer() as running:
        yield running


@pytest.fixture
def client(server: DemoServer) -> Iterator[httpx.Client]:
    headers = {"Host": "lantern.example"}
    with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", headers=headers) as made:
        yield made


def special(server: DemoServer, name: str) -> Story:
    return next(story for story in server.site.stories if story.special == name)


def test_pages_are_those_of_the_site(server: DemoServer, client: httpx.Client) -> None:
    for path, answer in server.site.pages().items():
        if not path.endswith(".png"):
            got = client.get(path)
            assert got.status_code == answer.status, path
            if answer.header("Content-Encoding") is None:
                assert got.content == answer.body, path
    assert len({request.host for request in server.log}) == 1


def test_304_with_either_validator(server: DemoServer, client: httpx.Client) -> None:
    first = client.get("/feed.xml")
    for name, field in (("If-None-Match", "ETag"), ("If-Modified-Since", "Last-Modified")):
        again = client.get("/feed.xml", headers={name: first.headers[field]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == first.headers["ETag"]
        assert "Content-Length" not in again.headers
    assert client.get("/feed.xml").content == first.content  # the connection is still in step


def test_redirect(server: DemoServer, client: httpx.Client) -> None:
    story = special(server, "redirect")
    got = client.get(story.path_of(story.old_slug or ""))
    assert (got.status_code, got.headers["Location"]) == (301, outlet.BASE + story.path)


def test_codings(server: DemoServer, client: httpx.Client) -> None:
    for coding in ("gzip", "br"):
        story = special(server, coding)
        got = client.get(story.path, headers={"Accept-Encoding": "gzip, br"})
        assert got.headers["Content-Encoding"] == coding
        assert story.title in got.text


def test_chunked_on_the_wire(server: DemoServer) -> None:
    story = special(server, "chunked")
    request = f"GET {story.path} HTTP/1.1\r\nHost: lantern.example\r\nConnection: close\r\n\r\n"
    raw = exchange(server.port, request)
    head, _, body = raw.partition(b"\r\n\r\n")
    assert b"Transfer-Encoding: chunked" in head
    assert b"Content-Length" not in head
    pieces = []
    while size := int(body[: body.index(b"\r\n")], 16):
        start = body.index(b"\r\n") + 2
        pieces.append(body[start : start + size])
        body = body[start + size + 2 :]
    assert body == b"0\r\n\r\n"
    assert tuple(pieces) == server.site.answer(story.path).chunks
    old = exchange(server.port, f"GET {story.path} HTTP/1.0\r\n\r\n")
    assert b"chunked" not in old
    assert old.endswith(b"".join(pieces))


def exchange(port: int, request: str) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as sock:
        sock.sendall(request.encode())
        return b"".join(iter(lambda: sock.recv(65536), b""))


def test_empty_failing_and_foreign_bodies(server: DemoServer, client: httpx.Client) -> None:
    paths = {one["expected"]: httpx.URL(one["url"] or "/x").path for one in server.site.truth()}
    empty = client.get(paths["empty"])
    assert (empty.status_code, empty.headers["Content-Length"]) == (200, "0")
    assert client.get(paths["http-500"]).status_code == 500
    assert client.get(paths["not-html"]).content.startswith(b"%PDF-")


def test_head_has_no_body_and_other_methods_are_refused(
    server: DemoServer, client: httpx.Client
) -> None:
    got = client.head("/")
    assert (got.status_code, got.content) == (200, b"")
    assert int(got.headers["Content-Length"]) == len(client.get("/").content)
    assert client.post("/consent", data={"choice": "accept"}).status_code == 501


def test_the_edition_switches_while_it_runs(server: DemoServer, client: httpx.Client) -> None:
    changes, gone = special(server, "changes"), special(server, "disappears")
    fails, steady = special(server, "http-500"), special(server, "gzip")
    etags = {one: client.get(one.path).headers.get("ETag", "") for one in (changes, steady)}
    assert client.get(gone.path).status_code == 200
    server.edition = 2
    assert client.get(gone.path).status_code == 410
    assert client.get(fails.path).status_code == 200
    again = {
        one: client.get(one.path, headers={"If-None-Match": etag}) for one, etag in etags.items()
    }
    assert again[steady].status_code == 304
    assert again[changes].status_code == 200
    assert "438 million" in again[changes].text


def test_the_agency_answers_under_its_own_name(server: DemoServer, client: httpx.Client) -> None:
    story = special(server, "syndicated")
    path = httpx.URL(story.original or "").path
    assert client.get(path).status_code == 404
    own = client.get(path, headers={"Host": f"{outlet.WIRE_HOST}:80"})
    assert own.status_code == 200
    assert story.title in own.text
    proxied = exchange(
        server.port, f"GET {story.original} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    )
    assert proxied.startswith(b"HTTP/1.1 200")


def test_the_log_has_every_request(server: DemoServer) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
    for path in ("/", "/no-such?x=1"):
        connection.request("GET", path, headers={"Host": "lantern.example", "X-Mark": "7"})
        connection.getresponse().read()
    connection.close()
    assert [(one.method, one.path, one.status) for one in server.log] == [
        ("GET", "/", 200),
        ("GET", "/no-such?x=1", 404),
    ]
    assert server.log[0].header("x-mark") == "7"
    assert server.log[0].host == "lantern.example"


def test_many_at_once(server: DemoServer) -> None:
    paths = [story.path for story in server.site.stories if story.special is None]

    def get(path: str) -> int:
        return httpx.get(f"http://127.0.0.1:{server.port}{path}").status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(get, paths * 3)) == {200}
    assert len(server.log) == 3 * len(paths)


def test_it_stops_with_connections_open_and_frees_its_port() -> None:
    server = DemoServer().start()
    port = server.port
    idle = socket.create_connection(("127.0.0.1", port), timeout=10)
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    kept.request("GET", "/about")
    kept.getresponse().read()
    server.stop()
    server.stop()
    assert idle.recv(1) == b""
    idle.close()
    kept.close()
    with pytest.raises(RuntimeError, match="not started"):
        _ = server.port
    with DemoServer().start(port) as again:
        assert again.port == port


def test_by_hand_it_serves_under_its_own_address() -> None:
    command = [sys.executable, "-m", "archiver.demo.server", "--port", "0", "--edition", "2"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        line = process.stderr.readline()
        url = next(word for word in line.split() if word.startswith("http://127.0.0.1:"))
        assert f"<link>{url}</link>" in httpx.get(f"{url}feed.xml").text
        process.send_signal(2)
        assert process.wait(timeout=20) == 0
        assert "Traceback" not in process.stderr.read()


def test_an_unknown_edition_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main(["--edition", "9"])
    assert error.value.code == 2
    assert "--edition" in capsys.readouterr().err
