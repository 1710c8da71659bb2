"""Shipping that is killed at random moments, and what has to be true after each of them.

As a script: a process that has imported everything and forks for each shipping. It reads lines of
JSON ({"folder"}) from stdin and writes {"pid"}, then {"code"} as of `os.waitstatus_to_exitcode`.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from support.s3_place import S3Place
from support.shelf import fill

PART = 5 * 1024**2
_CONFIG = """\
[storage]
url = "s3://{bucket}/warcs"
endpoint = "{place.endpoint}"
region = "{place.region}"
ca_file = "{place.ca_file}"
addressing = "path"
keep_local = 0
part_size = "5MiB"
parallel = 3
retries = 3
timeout = "{timeout}"
"""


@dataclass(kw_only=True)
class Shelf:
    """An archive whose files are to be shipped, and their SHA-256 as they were closed."""

    folder: Path
    place: S3Place
    bucket: str
    digests: dict[str, str] = field(default_factory=dict)

    @classmethod
    def make(
        cls,
        folder: Path,
        place: S3Place,
        *,
        small: int,
        large: int,
        through: S3Place | None = None,
        timeout: str = "60s",
    ) -> Shelf:
        """Close so many files below and above the size of one part; ship them `through` another."""
        from archiver.store.catalogue import Catalogue

        bucket = place.new_bucket()
        (folder / "config").mkdir(parents=True)
        text = _CONFIG.format(bucket=bucket, place=through or place, timeout=timeout)
        (folder / "config" / "archiver.toml").write_text(text)
        warcs = folder / "archive" / "warc"
        database = f"sqlite:///{folder / 'archive' / 'catalogue.sqlite'}"
        with Catalogue.open(database, create=True) as catalogue:
            fill(warcs, catalogue, files=small, pages=1)
            fill(warcs, catalogue, files=large, pages=3, size=2 * PART // 5)
        digests = {path.name: _sha256(path.read_bytes()) for path in warcs.glob("*.warc.gz")}
        return cls(folder=folder, place=place, bucket=bucket, digests=digests)

    def faults(self, *, ended: bool) -> list[str]:
        """What is wrong: files that are nowhere whole, or twice; at the end also what is left."""
        client = self.place.client()
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=self.bucket)
        listed = [found["Key"] for page in pages for found in page.get("Contents", [])]
        keys = [key for key in listed if key.endswith(".warc.gz")]
        wrong = []
        for name, count in Counter(key.rpartition("/")[2] for key in keys).items():
            if count > 1:
                wrong.append(f"{name} is there {count} times")
        there = {key.rpartition("/")[2]: key for key in keys}
        for name, digest in self.digests.items():
            local = self.folder / "archive" / "warc" / name
            if local.exists() and not ended:
                if _sha256(local.read_bytes()) != digest:
                    wrong.append(f"{name} changed here")
                continue
            if name not in there:
                wrong.append(f"{name} is nowhere")
                continue
            body = client.get_object(Bucket=self.bucket, Key=there[name])["Body"].read()
            if _sha256(body) != digest:
                wrong.append(f"{name} is another one in the store")
        if ended:
            wrong += self._left(client)
        client.close()
        return wrong

    def _left(self, client: Any) -> Iterator[str]:
        from archiver.store.catalogue import Catalogue

        for path in (self.folder / "archive" / "warc").iterdir():
            yield f"{path.name} was left here"
        for found in client.list_multipart_uploads(Bucket=self.bucket).get("Uploads", []):
            yield f"an upload of {found['Key']} was left in the store"
        with Catalogue.open(
            f"sqlite:///{self.folder / 'archive' / 'catalogue.sqlite'}"
        ) as catalogue:
            for file in catalogue.files():
                if not file.copy_url or not file.removed:
                    yield f"the catalogue has no copy of {file.name}"


@dataclass(kw_only=True, slots=True)
class Killed:
    """How many shippings were killed, how many ended by themselves, and what was wrong."""

    kills: int = 0
    ends: int = 0
    shelves: int = 0
    faults: list[str] = field(default_factory=list)


def killed_ships(
    folder: Path, place: S3Place, *, kills: int, seed: int, small: int = 4, large: int = 2
) -> Killed:
    """Ship one archive after another, with `kill -9` at random moments, until there were enough."""
    chance = random.Random(seed)
    made = Killed()
    with Forker(place) as forker:
        while made.kills < kills:
            made.shelves += 1
            shelf = Shelf.make(folder / str(made.shelves), place, small=small, large=large)
            whole = 1.0
            while True:
                code = forker.ship(shelf.folder, kill_after=chance.uniform(0, whole))
                if code == 0:
                    made.ends += 1
                    made.faults += shelf.faults(ended=True)
                    break
                if code != -signal.SIGKILL:
                    made.faults.append(f"a shipping ended with {code}")
                    break
                made.kills += 1
                made.faults += shelf.faults(ended=False)
    return made


class Forker:
    """The process that forks, as its user sees it."""

    def __init__(self, place: S3Place) -> None:
        self._place = place

    def __enter__(self) -> Forker:
        folders = [str(Path(__file__).parent.parent), *sys.path]
        environment = self._place.environment()
        for name in ("AWS_ENDPOINT_URL_S3", "AWS_CA_BUNDLE"):
            del environment[name]
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | environment | {"PYTHONPATH": os.pathsep.join(folders)},
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()

    def ship(self, folder: Path, *, kill_after: float | None = None) -> int:
        """Ship once, killed after so many seconds; its exit code."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps({"folder": str(folder)}) + "\n")
        self._process.stdin.flush()
        pid = json.loads(self._process.stdout.readline())["pid"]
        timer = threading.Timer(kill_after or 0, _kill, (pid,))
        if kill_after is not None:
            timer.start()
        code = int(json.loads(self._process.stdout.readline())["code"])
        timer.cancel()
        if kill_after is not None:
            timer.join()
        return code


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


def _ship(folder: Path) -> int:
    from archiver.config.load import load
    from archiver.daemon.shipping import ship
    from archiver.store.catalogue import Catalogue
    from archiver.store.shipper import Shipped

    loaded = load(start=folder, explicit=None, env={}, flags={})
    with Catalogue.open(loaded.catalogue_url) as catalogue:
        failed = [
            done
            for done in ship(loaded, catalogue)
            if isinstance(done, Shipped) and done.error is not None
        ]
    for done in failed:
        sys.stderr.write(f"{done.file}: {done.error}\n")
    return 3 if failed else 0


def _serve() -> None:
    import archiver.config.load
    import archiver.daemon.shipping
    import archiver.store.blobs.s3
    import archiver.store.blobs.s3_upload  # noqa: F401 - what each fork is to have already

    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            os.close(0)
            code = 70
            try:
                code = _ship(Path(json.loads(line)["folder"]))
            finally:
                sys.stderr.flush()
                os._exit(code)
        sys.stdout.write(json.dumps({"pid": pid}) + "\n")
        sys.stdout.flush()
        _, status = os.waitpid(pid, 0)
        sys.stdout.write(json.dumps({"code": os.waitstatus_to_exitcode(status)}) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    _serve()
