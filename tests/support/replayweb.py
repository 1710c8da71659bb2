"""ReplayWeb.page on loopback, with the WACZ that it is to open: another's eyes on our exports.

It is AGPL and no part of this project: its package is had from npm into a cache when a test needs
it, or by `make judges`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType

PACKAGE = "replaywebpage@2.4.6"
_HOME = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
CACHE = Path(_HOME) / "news-archiver-tests" / PACKAGE
_PAGE = """<!doctype html><meta charset=utf-8><script src="/ui.js"></script>
<style>html, body, replay-web-page {{ height: 100%; margin: 0; display: block }}</style>
<replay-web-page source="{wacz}" url="{url}" ts="{ts}" replaybase="/replay/" embed="{embed}">
</replay-web-page>"""


def fetched() -> str | None:
    """Have it in the cache; why it cannot be had, or None."""
    if all((CACHE / name).is_file() for name in ("ui.js", "sw.js")):
        return None
    npm = shutil.which("npm")
    if npm is None:
        return "npm is not installed: ReplayWeb.page cannot be had"
    CACHE.mkdir(parents=True, exist_ok=True)
    done = subprocess.run(
        [npm, "pack", PACKAGE, "--silent", "--fetch-retries=0", "--fetch-timeout=30000"],
        cwd=CACHE,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    packed = next(CACHE.glob("*.tgz"), None)
    if done.returncode or packed is None:
        return f"npm could not get ReplayWeb.page: {done.stderr.strip()[-200:]}"
    with tarfile.open(packed) as files:
        for name in ("ui.js", "sw.js"):
            member = files.extractfile(f"package/{name}")
            assert member
            (CACHE / name).write_bytes(member.read())
    packed.unlink()
    return None


class ReplayWeb:
    """Serves ReplayWeb.page and one WACZ, by ranges, at `address`."""

    def __init__(self, wacz: Path) -> None:
        files = {"/ui.js": CACHE / "ui.js", "/replay/sw.js": CACHE / "sw.js", "/all.wacz": wacz}
        self.pages: dict[str, str] = {}
        site = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                path = self.path.partition("?")[0]
                if path in files:
                    kind = "text/javascript" if path.endswith(".js") else "application/wacz"
                    self._send(files[path].read_bytes(), kind)
                elif path in site.pages or path == "/replay/":
                    self._send(site.pages.get(path, "").encode(), "text/html")
                else:
                    self.send_error(404)

            do_HEAD = do_GET  # noqa: N815 - its name in the base

            def _send(self, data: bytes, kind: str) -> None:
                found = re.fullmatch(r"bytes=(\d*)-(\d*)", self.headers.get("Range", ""))
                size, status = len(data), 200
                if found:
                    start = int(found[1]) if found[1] else size - int(found[2])
                    end = min(int(found[2]) if found[1] and found[2] else size - 1, size - 1)
                    data, status = data[start : end + 1], 206
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Accept-Ranges", "bytes")
                self.send_header("Content-Length", str(len(data)))
                if found:
                    self.send_header("Content-Range", f"bytes {start}-{end}/{size}")
                self.end_headers()
                if self.command == "GET":
                    self.wfile.write(data)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True).start()

    def page(self, url: str, ts: str, *, embed: str = "default") -> str:
        """The address of a page that shows an archived one."""
        path = f"/{len(self.pages)}.html"
        self.pages[path] = _PAGE.format(
            wacz=f"{self.address}/all.wacz", url=url, ts=ts, embed=embed
        )
        return self.address + path

    def __enter__(self) -> ReplayWeb:
        """Serve until the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End."""
        self._server.shutdown()
        self._server.server_close()
