"""`archiver daemon` with a store: files arrive, wait through an outage, and nothing is lost."""

from __future__ import annotations

import json
import random
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.blobs import bucket_settings
from support.daemons import Running, Target, daemon, eventually
from support.s3_faults import Fault, FaultProxy
from support.s3_place import S3Place
from support.small_site import Answer, SmallSite, html, xml
from support.workdir import add_seed, run, working_folder

from archiver.config.storage import StorageSettings
from archiver.store.shipper import DIGEST

HOST = "small.example"
SEED = f"""
id = "small"
name = "Small"
homepage = "http://{HOST}/"
feeds = ["http://{HOST}/feed"]
"""
TABLES = """
[timetable]
every = "1d"
jitter = "0s"
[daemon]
port = 0
disk_reserve = "1MB"
stop_within = "20s"
webhooks = {hooks}
webhook_private = true
[storage]
url = "{url}"
endpoint = "{endpoint}"
region = "{region}"
ca_file = "{ca_file}"
addressing = "path"
retries = 0
timeout = "5s"
spool_max = "300kB"
[log]
format = "json"
"""


@pytest.fixture
def site() -> Iterator[SmallSite]:
    with SmallSite({"/robots.txt": Answer(body=b"User-agent: *\n", kind="text/plain")}) as site:
        publish(site, 1, size=1_000)
        yield site


def publish(site: SmallSite, number: int, *, size: int) -> None:
    """One more article; `size` bytes of it do not compress below half."""
    noise = random.Random(number).randbytes(size // 2).hex()
    page = f"<article><h1>Story {number}</h1><p>Words of a story.</p></article><!-- {noise} -->"
    site.answers[f"/a/{number}"] = html(page)
    items = "".join(
        f"<item><link>http://{HOST}/a/{n}</link><title>Story {n}</title></item>"
        for n in range(1, number + 1)
    )
    site.answers["/feed"] = xml(f"<rss version='2.0'><channel>{items}</channel></rss>")


def make(folder: Path, site: SmallSite, place: S3Place, hooks: tuple[str, ...] = ()) -> Path:
    """A working folder with one outlet and a new bucket."""
    store: StorageSettings = bucket_settings(place)
    working_folder(
        folder,
        connect_to={HOST: site.address},
        network="allow_private = true",
        crawl="delay = 0",
    )
    config = folder / "config" / "archiver.toml"
    own = TABLES.format(
        url=store.url,
        endpoint=place.endpoint,
        region=place.region,
        ca_file=place.ca_file,
        hooks=json.dumps(hooks),
    )
    config.write_text(own + config.read_text("utf-8"), "utf-8")
    add_seed(folder, "small", SEED)
    return folder


def credentials(place: S3Place) -> dict[str, str]:
    return {
        "AWS_ACCESS_KEY_ID": place.access_key,
        "AWS_SECRET_ACCESS_KEY": place.secret_key,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def in_store(folder: Path, place: S3Place) -> dict[str, bytes]:
    """What the bucket of a working folder holds, by the last part of its name."""
    line = next(
        line
        for line in (folder / "config" / "archiver.toml").read_text("utf-8").splitlines()
        if line.startswith("url = ")
    )
    bucket = line.split("/")[2]
    client = place.client()
    listed = client.list_objects_v2(Bucket=bucket).get("Contents", [])
    return {
        one["Key"].rpartition("/")[2]: client.get_object(Bucket=bucket, Key=one["Key"])[
            "Body"
        ].read()
        for one in listed
    }


def closed(folder: Path) -> dict[str, bytes]:
    """The closed WARC files of a working folder."""
    return {path.name: path.read_bytes() for path in (folder / "archive/warc").glob("*.warc.gz")}


def assert_shipped(folder: Path, place: S3Place) -> None:
    found, made = in_store(folder, place), closed(folder)
    assert made
    assert made.items() <= found.items()
    assert {name + DIGEST for name in made} <= set(found)


def ship_now(running: Running) -> None:
    running.process.send_signal(signal.SIGUSR1)


def test_files_arrive_wait_through_an_outage_and_arrive(
    tmp_path: Path, site: SmallSite, s3_moto: S3Place
) -> None:
    given = credentials(s3_moto)
    with FaultProxy(s3_moto) as proxy, Target().serving() as well:
        folder = make(tmp_path, site, proxy.place, (well.url,))
        with daemon(folder, **given, ARCHIVER_DAEMON__WEBHOOK_SECRET="s3cret") as running:
            assert running.until("run")["state"] == "done"
            ship_now(running)
            done = running.until("job-done", job="ship")
            assert (done["shipped"], done["failed"]) == (len(closed(folder)), 0)
            assert_shipped(folder, s3_moto)
            _, text = running.get("metrics")
            assert f"archiver_shipped_files_total {len(closed(folder))}.0" in text
            size = sum(map(len, closed(folder).values()))
            assert f"archiver_shipped_bytes_total {float(size)}" in text
            shown = run(folder, "archiver", "status")
            assert "spool: 0 files, 0 bytes wait for the store" in shown.stdout
            assert "last shipped" in shown.stdout
            # the store is away, and crawls go on until too much waits
            proxy.down = True
            publish(site, 2, size=2_000)
            publish(site, 3, size=900_000)
            assert run(folder, "archiver", "run-now", "small").returncode == 0
            running.until("run")
            assert running.until("paused")["why"] == "spool"
            code, text = running.get("readyz")
            assert (code, json.loads(text)["paused"]) == (503, "spool")
            waits = run(folder, "archiver", "status")
            assert waits.returncode == 5, waits.stdout
            assert "paused" in waits.stdout
            assert "spool: 1 files" in waits.stdout
            for _ in range(3):
                ship_now(running)
                running.until("job-failed", job="ship")
            assert running.until("amiss", what="not-shipped")["subject"] == "archive"
            _, text = running.get("metrics")
            assert "archiver_ship_failures_total 3.0" in text
            # it is back
            proxy.down = False
            ship_now(running)
            assert running.until("job-done", job="ship")["shipped"] == 1
            assert running.until("resumed")["why"] == "spool"
            assert_shipped(folder, s3_moto)
            eventually(lambda: ("not-shipped", "archive", "ended") in well.events)
            code, text = running.get("readyz")
            assert (code, json.loads(text)["paused"]) == (200, None)
            assert run(folder, "archiver", "status").returncode == 0
            assert running.end() == 0
    kinds = ("not-shipped", "spool-full")
    states = ("began", "ended")
    assert sorted(well.events) == [(what, "archive", state) for what in kinds for state in states]


def test_an_end_amid_an_upload_is_soon_and_the_next_start_goes_on(
    tmp_path: Path, site: SmallSite, s3_moto: S3Place
) -> None:
    given = credentials(s3_moto)
    with FaultProxy(s3_moto, kinds=(Fault.STALL,), matching="^PUT ") as proxy:
        folder = make(tmp_path, site, proxy.place)
        proxy.rate = 1.0
        with daemon(folder, **given) as running:
            running.until("run")
            ship_now(running)
            eventually(lambda: proxy.injected[Fault.STALL])
            assert running.end() == 0
        assert in_store(folder, s3_moto) == {}
        before = closed(folder)
        proxy.rate = 0.0
        with daemon(folder, **given) as running:
            running.until("job-done", job="ship")  # at its start, unasked
            assert_shipped(folder, s3_moto)
            assert closed(folder) == before
            assert running.end() == 0
