"""Where an S3 server of the tests listens, how it is spoken to, and its certificate."""

from __future__ import annotations

import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self
from uuid import uuid4

import boto3
import trustme
from botocore.config import Config

REGION = "us-east-1"
_PR_SET_PDEATHSIG = 1  # <linux/prctl.h>
_LIBC = ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None


class UnavailableError(RuntimeError):
    """The server cannot be had on this machine; the text says why."""


@dataclass(frozen=True, kw_only=True)
class S3Place:
    """A running S3 server behind TLS on loopback."""

    endpoint: str  # https://127.0.0.1:PORT
    ca_file: str  # whom its certificate is to be trusted by, PEM
    access_key: str
    secret_key: str
    region: str = REGION

    def client(self, **config: Any) -> Any:
        """A boto3 client that tries once; `config` goes to botocore's Config.

        Checksums are sent when required only, unless `config` says otherwise: what many servers
        make of the others is a matter of test_s3_server.py.
        """
        plain = {
            "retries": {"total_max_attempts": 1},
            "request_checksum_calculation": "when_required",
            "response_checksum_validation": "when_required",
            "s3": {"addressing_style": "path"},
            "connect_timeout": 10,
            "read_timeout": 60,
        }
        return boto3.session.Session(
            aws_access_key_id=self.access_key,
            aws_secret_access_key=self.secret_key,
            region_name=self.region,
        ).client(
            "s3", endpoint_url=self.endpoint, verify=self.ca_file, config=Config(**plain | config)
        )

    def new_bucket(self, *, lock: bool = False, **config: Any) -> str:
        """The name of a new empty bucket; `lock` enables object lock, and with it versions."""
        name = f"test-{uuid4()}"
        client = self.client(**config)
        try:
            client.create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock)
        finally:
            client.close()
        return name

    def environment(self) -> dict[str, str]:
        """The variables by which boto3 and other programs find the server by themselves."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_ENDPOINT_URL_S3": self.endpoint,
            "AWS_CA_BUNDLE": self.ca_file,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def line(self) -> str:
        """The place as a line of JSON, as `served_by` reads it."""
        return json.dumps(asdict(self)) + "\n"


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A server's certificate for loopback, its key and who vouches for it, as PEM files."""

    chain: Path
    key: Path
    ca: Path

    @classmethod
    def in_folder(cls, folder: Path) -> Self:
        """Make one; the files stand in `folder`."""
        authority = trustme.CA()
        issued = authority.issue_cert("127.0.0.1", "localhost")
        files = cls(chain=folder / "chain.pem", key=folder / "key.pem", ca=folder / "ca.pem")
        for number, pem in enumerate(issued.cert_chain_pems):
            pem.write_to_path(str(files.chain), append=number > 0)
        issued.private_key_pem.write_to_path(str(files.key))
        authority.cert_pem.write_to_path(str(files.ca))
        return files


def die_with(parent: int, by: signal.Signals) -> None:
    """Have this process be sent `by` when its parent `parent` is gone. For `preexec_fn`."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, by)
    if os.getppid() != parent:  # it died before we asked
        os._exit(1)


@contextmanager
def served_by(script: Path, *arguments: str) -> Iterator[S3Place]:
    """Run a script of this folder that prints its place as a line and ends at SIGTERM.

    It is told to end too when this process dies, however it does. What it wrote to stderr is the
    reason where it ends instead of serving.

    Raises:
        UnavailableError: It ended before it served.
    """
    folder = str(Path(__file__).parent.parent)
    with tempfile.TemporaryFile() as errors:
        server = subprocess.Popen(
            [sys.executable, str(script), *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
            start_new_session=True,  # Ctrl-C at the tests is theirs to handle
            preexec_fn=partial(die_with, os.getpid(), signal.SIGTERM),
            env={**os.environ, "PYTHONPATH": folder},
        )
        try:
            line = server.stdout.readline() if server.stdout else ""
            if not line:
                server.wait(60)
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip().splitlines()
                raise UnavailableError(
                    said[-1] if said else f"{script.name}: ended {server.returncode}"
                )
            yield S3Place(**json.loads(line))
        finally:
            server.terminate()
            with suppress(subprocess.TimeoutExpired):
                server.wait(60)
            server.kill()
            server.wait()
            if server.stdout:
                server.stdout.close()
