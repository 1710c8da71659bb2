"""pywb as a process, in the environment of judges: a replayer of others over our index."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

BIN = Path(__file__).parents[2] / ".venv-judges" / "bin"
COLLECTION = "news"


def needs_judges() -> pytest.MarkDecorator:
    """Skip, with the reason, where that environment is missing."""
    missing = not (BIN / "pywb").exists()
    return pytest.mark.skipif(missing, reason="no .venv-judges here: make judges")


@contextmanager
def pywb(folder: Path, *, index: str, warcs: Path) -> Iterator[str]:
    """The address of a collection of a running pywb, which reads WARC files of a folder.

    `index` is what its configuration takes: a file, or `cdx+http://…`.
    """
    with running(folder, index=index, warcs=warcs) as (port, _):
        yield f"http://127.0.0.1:{port}/{COLLECTION}"


@contextmanager
def running(folder: Path, *, index: str, warcs: Path) -> Iterator[tuple[int, int]]:
    """The same, as its port and its process."""
    folder.mkdir(parents=True, exist_ok=True)
    collection = {"index": index, "archive_paths": f"{warcs}/"}
    config = {"collections": {COLLECTION: collection}}
    (folder / "config.yaml").write_text(json.dumps(config), "utf-8")  # JSON is YAML
    command = [str(BIN / "python"), "-u", "-c", _SERVE, str(folder)]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "no_proxy": "*"}
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        assert process.stdout
        try:
            for line in process.stdout:
                if match := re.match(r"listening (\d+)", line):
                    yield int(match[1]), process.pid
                    break
            else:
                raise AssertionError("pywb did not begin")
        finally:
            process.terminate()
            process.wait(timeout=60)


# Its own command takes no free port and does not say when it listens.
_SERVE = """
from gevent.monkey import patch_all; patch_all()
import logging, sys
from pywb.apps.frontendapp import FrontEndApp
from gevent.pywsgi import WSGIServer
app = FrontEndApp(config_file="config.yaml")
server = WSGIServer(("127.0.0.1", 0), app, log=None)
server.start()
print("listening", server.server_port, flush=True)
server.serve_forever()
"""
