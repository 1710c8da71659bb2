"""OpenStack Swift of the tests' own, spoken to by its S3 interface: Debian's programs on loopback.

A proxy server and one server each for accounts, containers and objects; one copy, on disk. As a
script it serves plain HTTP until SIGTERM; the fixture puts TLS before it.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest
from support.radosgw import free_port
from support.s3_faults import FaultProxy
from support.s3_place import S3Place, UnavailableError, die_with, served_by

_PROGRAM = ("swift-ring-builder", *(f"swift-{kind}-server" for kind in ("proxy", "object")))
_PACKAGES = "swift-proxy, swift-account, swift-container and swift-object"
_PYTHON = "/usr/bin/python3"  # Debian's, which the packages are for
_PATIENCE = 120.0  # seconds for the start; a guard against hanging
_LOOK = 0.05  # seconds between two looks at whether something is there
_BEHIND = ("account", "container", "object")

_SWIFT = (
    "[swift-hash]\nswift_hash_path_suffix = tests\n[storage-policy:0]\nname = only\ndefault = yes\n"
)
_COMMON = """
[DEFAULT]
bind_ip = 127.0.0.1
bind_port = {port}
workers = 0
user = {user}
swift_dir = {folder}
devices = {folder}/devices
mount_check = false
disable_fallocate = true
"""
_SERVER = """
[pipeline:main]
pipeline = {kind}-server
[app:{kind}-server]
use = egg:swift#{kind}
recon_cache_path = {folder}
"""
_FILTERS = (
    "catch_errors gatekeeper cache listing_formats bulk "
    "s3api tempauth slo dlo versioned_writes symlink"  # s3api before whom it asks
)
# nobody keeps the cache, but s3api fails without its filter
_PROXY = f"""
[pipeline:main]
pipeline = {_FILTERS} proxy-server
[app:proxy-server]
use = egg:swift#proxy
allow_account_management = true
account_autocreate = true
[filter:versioned_writes]
use = egg:swift#versioned_writes
allow_object_versioning = true
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:1
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
"""
# the path of swift.conf is no option
_RUN = """
import sys
from swift.common import utils
utils.SWIFT_CONF_FILE = sys.argv[1] + "/swift.conf"
from swift.common.wsgi import run_wsgi
sys.exit(run_wsgi(sys.argv[1] + "/" + sys.argv[2] + ".conf", sys.argv[2] + "-server"))
"""


def missing() -> str:
    """Why no Swift can be started here; empty if it can be tried."""
    absent = [name for name in _PROGRAM if shutil.which(name) is None]
    return f"{', '.join(absent)} not found; install Debian's {_PACKAGES}" if absent else ""


@pytest.fixture(scope="session")
def s3_swift() -> Iterator[S3Place]:
    """Swift's S3 interface; one a session. Where none can be had, skips and says why."""
    if reason := missing():
        pytest.skip(f"Swift unavailable: {reason}")
    with ExitStack() as stack:
        try:
            plain = stack.enter_context(served_by(Path(__file__)))
        except UnavailableError as error:
            pytest.skip(f"Swift unavailable: {error}")
        yield stack.enter_context(FaultProxy(plain)).place


def _start(folder: Path, stack: ExitStack) -> S3Place:
    if reason := missing():
        raise UnavailableError(reason)
    (folder / "devices" / "d1").mkdir(parents=True)
    try:
        os.setxattr(folder, "user.test", b"")
    except OSError as error:
        raise UnavailableError(f"{folder} keeps no extended attributes: {error}") from error
    (folder / "swift.conf").write_text(_SWIFT, encoding="utf-8")
    ports = {kind: free_port() for kind in (*_BEHIND, "proxy")}
    user = subprocess.run(["id", "-un"], capture_output=True, text=True, check=True).stdout.strip()
    filters = "".join(
        f"[filter:{name}]\nuse = egg:swift#{name}\n"
        for name in _FILTERS.split()
        if f"[filter:{name}]" not in _PROXY
    )
    for kind, port in ports.items():
        text = _COMMON.format(port=port, user=user, folder=folder)
        own = _PROXY + filters if kind == "proxy" else _SERVER.format(kind=kind, folder=folder)
        (folder / f"{kind}.conf").write_text(text + own, encoding="utf-8")
    for kind in _BEHIND:
        _build_ring(folder, kind, ports[kind])
    servers = [_serve(folder, kind, stack) for kind in ports]
    until = time.monotonic() + _PATIENCE
    for port in ports.values():
        while not _listens(port):
            ended = [one.returncode for one in servers if one.poll() is not None]
            if ended or time.monotonic() > until:
                said = (folder / "said").read_text(errors="replace").strip().splitlines()
                raise UnavailableError(f"a server ended {ended}: {' | '.join(said[-3:])}")
            time.sleep(_LOOK)
    return S3Place(
        endpoint=f"http://127.0.0.1:{ports['proxy']}",
        ca_file="",
        access_key="test:tester",
        secret_key="testing",
    )


def _build_ring(folder: Path, kind: str, port: int) -> None:
    for step in (
        ("create", "4", "1", "0"),  # 16 partitions, one copy
        ("add", f"r1z1-127.0.0.1:{port}/d1", "1"),
        ("rebalance",),
    ):
        command = ["swift-ring-builder", f"{folder}/{kind}.builder", *step]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode > 1:  # 1 is a warning
            raise UnavailableError(f"swift-ring-builder: {done.stdout.strip()}")


def _serve(folder: Path, kind: str, stack: ExitStack) -> subprocess.Popen[bytes]:
    with (folder / "said").open("ab") as said:
        server = subprocess.Popen(
            [_PYTHON, "-c", _RUN, str(folder), kind],
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=said,
            cwd=folder,
            start_new_session=True,
            preexec_fn=partial(die_with, os.getpid(), signal.SIGKILL),
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
        )
    stack.callback(server.wait)
    stack.callback(server.kill)
    return server


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with tempfile.TemporaryDirectory(prefix="s3-swift-") as name, ExitStack() as stack:
        try:
            sys.stdout.write(_start(Path(name), stack).line())
        except UnavailableError as error:
            sys.exit(str(error))
        sys.stdout.flush()
        threading.Event().wait()


if __name__ == "__main__":
    _main()
