"""A Ceph of the tests' own with its S3 gateway behind TLS: Debian's programs on loopback.

One monitor, one store in memory, one radosgw; up in two seconds. `PYTHONPATH=tests python -m
support.radosgw` serves until Ctrl-C or SIGTERM, and prints what a shell needs to speak to it; with
`--line` it prints what the fixture needs.
"""

from __future__ import annotations

import os
import random
import secrets
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time
from base64 import b64encode
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from uuid import uuid4

import pytest
from support.s3_place import Certificate, S3Place, UnavailableError, die_with, served_by

_PROGRAMS = ("monmaptool", "ceph-mon", "ceph-osd", "radosgw", "radosgw-admin", "ceph")
_PACKAGES = "radosgw, ceph-mon, ceph-osd and ceph-common"
_PATIENCE = 180.0  # seconds for the whole start; a guard against hanging
_LOOK = 0.05  # seconds between two looks at whether something is there

# What makes it small and quick; everything else is as Ceph ships it.
_SETTINGS = """
[global]
fsid = {fsid}
mon_host = v2:127.0.0.1:{mon_port}
public_addr = 127.0.0.1
ms_bind_ipv6 = false
auth_allow_insecure_global_id_reclaim = false
run_dir = {folder}
pid_file =
admin_socket =
crash_dir = {folder}
keyring = {folder}/keyring
log_file = {folder}/$name.log
log_to_stderr = false
err_to_stderr = true
mon_cluster_log_file = {folder}/cluster.log

paxos_propose_interval = 0.05
paxos_min_wait = 0.01
mon_allow_pool_size_one = true
mon_max_pg_per_osd = 1000
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
osd_crush_chooseleaf_type = 0
rgw_rados_pool_pg_num_min = 1

[mon.a]
mon_data = {folder}/mon
mon_data_avail_crit = 0
mon_data_avail_warn = 0

[osd.0]
osd_data = {folder}/osd
osd_objectstore = memstore
memstore_device_bytes = 17179869184
osd_class_update_on_start = false

[client.rgw]
rgw_data = {folder}/rgw
rgw_frontends = beast ssl_endpoint=127.0.0.1:{rgw_port} {certificate}
rgw_thread_pool_size = 64
rgw_num_control_oids = 1
rgw_data_log_num_shards = 1
rgw_md_log_max_shards = 1
rgw_usage_max_shards = 1
rgw_gc_max_objs = 1
rgw_lc_max_objs = 1
"""


def missing() -> str:
    """Why no gateway can be started here; empty if it can be tried."""
    absent = [name for name in _PROGRAMS if shutil.which(name) is None]
    if not absent:
        return ""
    return f"unavailable: {', '.join(absent)} not found; install Debian's {_PACKAGES}"


# Who may do what; radosgw starts with keys only.
_KEY = """
[{name}]
key = {key}
caps mon = "allow *"
caps osd = "allow *"
caps mgr = "allow *"
"""
_NAMES = ("mon.", "client.admin", "osd.0", "client.rgw")


def ceph_version() -> str:
    """What radosgw says of itself: "ceph version 16.2.15 (...) pacific (stable)"."""
    said = subprocess.run(["radosgw", "--version"], capture_output=True, text=True, check=True)
    return said.stdout.strip()


class Gateway:
    """The daemons, all children of this process, in a folder; a context manager."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}
        self._until = time.monotonic() + _PATIENCE

    def __enter__(self) -> S3Place:
        try:
            return self._start()
        except BaseException:
            self.__exit__()
            raise

    def __exit__(self, *_: object) -> None:
        for daemon in self._daemons.values():  # killed: a store in memory would save itself
            daemon.kill()
        for daemon in self._daemons.values():
            daemon.wait()

    def _start(self) -> S3Place:
        if reason := missing():
            raise UnavailableError(reason)
        folder, certificate = self._folder, Certificate.in_folder(self._folder)
        fsid, store = str(uuid4()), str(uuid4())
        mon_port, rgw_port = free_port(), free_port()
        text = _SETTINGS.format(
            fsid=fsid,
            folder=folder,
            mon_port=mon_port,
            rgw_port=rgw_port,
            certificate=f"ssl_certificate={certificate.chain} ssl_private_key={certificate.key}",
        )
        (folder / "ceph.conf").write_text(text, encoding="utf-8")
        keys = "".join(_KEY.format(name=name, key=_new_key()) for name in _NAMES)
        (folder / "keyring").write_text(keys, encoding="utf-8")
        for name in ("mon", "osd", "rgw"):
            (folder / name).mkdir()
        place = S3Place(
            endpoint=f"https://127.0.0.1:{rgw_port}",
            ca_file=str(certificate.ca),
            access_key=secrets.token_hex(10).upper(),
            secret_key=secrets.token_hex(20),
        )
        monitors, address = str(folder / "monmap"), f"[v2:127.0.0.1:{mon_port}]"
        self._run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", address, monitors)
        self._run(
            "ceph-mon", "--mkfs", "-i", "a", "--monmap", monitors, "--keyring", f"{folder}/keyring"
        )
        self._serve("ceph-mon", "-i", "a")
        self._run("ceph", "osd", "new", store)
        self._run("ceph-osd", "--mkfs", "-i", "0", "--osd-uuid", store)
        self._serve("ceph-osd", "-i", "0")
        user = ("--uid=tests", "--display-name=tests")
        pair = (f"--access-key={place.access_key}", f"--secret-key={place.secret_key}")
        self._run("radosgw-admin", "-n", "client.rgw", "user", "create", *user, *pair)
        self._serve("radosgw", "-n", "client.rgw")
        self._listening("radosgw", rgw_port)
        return place

    def _call(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        with (self._folder / f"{program}.said").open("ab") as said:
            return subprocess.Popen(
                [program, "-c", str(self._folder / "ceph.conf"), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self._folder,
                start_new_session=True,  # Ctrl-C is for this process, which ends them
                preexec_fn=partial(die_with, os.getpid(), signal.SIGKILL),
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8", "TZ": "UTC"},
            )

    def _serve(self, program: str, *arguments: str) -> None:
        self._daemons[program] = self._call(program, "-f", *arguments)

    def _run(self, program: str, *arguments: str) -> None:
        called = self._call(program, *arguments)
        try:
            while called.poll() is None:
                self._look(program)
        finally:
            called.kill()
            called.wait()
        if called.returncode:
            self._give_up(program, f"ended with {called.returncode}")

    def _listening(self, program: str, port: int) -> None:
        while True:
            self._look(program)
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return

    def _look(self, program: str) -> None:
        """Wait a little; raise where waiting for `program` is in vain."""
        time.sleep(_LOOK)
        for name, daemon in self._daemons.items():
            if daemon.poll() is not None:
                self._give_up(name, f"ended with {daemon.returncode}")
        if time.monotonic() > self._until:
            self._give_up(program, f"not done within {_PATIENCE:.0f} seconds")

    def _give_up(self, program: str, what: str) -> None:
        said = (self._folder / f"{program}.said").read_text(errors="replace").strip().splitlines()
        raise UnavailableError(f"{program} {what}: {' | '.join(said[-3:])}")


def _new_key() -> str:
    """A secret of Ceph's: its kind (AES), when it was made, its length, 16 bytes; in base64."""
    return b64encode(struct.pack("<HIIH", 1, int(time.time()), 0, 16) + os.urandom(16)).decode()


def free_port() -> int:
    """A port that nobody listens on, and that no outgoing connection is given by the system."""
    while True:
        port = random.randrange(10_000, 30_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@pytest.fixture(scope="session")
def s3_real() -> Iterator[S3Place]:
    """Ceph's gateway; one a session. Where none can be had, the test is skipped and says why."""
    if reason := missing():
        pytest.skip(f"radosgw {reason}")
    try:
        running = served_by(Path(__file__), "--line")
        place = running.__enter__()
    except UnavailableError as error:
        pytest.skip(f"radosgw unavailable: {error}")
    try:
        yield place
    finally:
        running.__exit__(None, None, None)


def _main() -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: sys.exit(0))
    # in /tmp, whatever TMPDIR says: a socket's path may have 107 bytes
    with tempfile.TemporaryDirectory(prefix="s3-rgw-", dir="/tmp") as name:
        try:
            with Gateway(Path(name)) as place:
                if "--line" in sys.argv:
                    sys.stdout.write(place.line())
                else:
                    for variable, value in place.environment().items():
                        sys.stdout.write(f"export {variable}={value}\n")
                sys.stdout.flush()
                threading.Event().wait()
        except UnavailableError as error:
            sys.exit(str(error))


if __name__ == "__main__":
    _main()
