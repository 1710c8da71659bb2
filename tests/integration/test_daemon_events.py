"""What a running daemon tells of: to webhooks good and bad, and on a disk that is full."""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import signal
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
from support.daemons import Target, daemon, eventually
from support.judges import judge
from support.small_site import Answer, SmallSite, html, xml
from support.workdir import add_seed, run, working_folder

from archiver.model import utcnow
from archiver.store.catalogue import Catalogue
from archiver.store.schedule import Rhythm

TABLES = """
[timetable]
every = "1d"
jitter = "0s"
[daemon]
port = 0
disk_reserve = "0"
webhooks = {hooks}
webhook_private = {private}
[log]
format = "json"
"""
SEED = """
id = "{name}"
name = "X"
homepage = "http://{name}.example/"
feeds = ["http://{name}.example/{name}/feed"]
"""
ROBOTS = {"/robots.txt": Answer(body=b"User-agent: *\n", kind="text/plain")}


def feed(name: str, articles: int) -> dict[str, Answer]:
    """A feed of an outlet; its articles are not there."""
    links = "".join(
        f"<item><link>http://{name}.example/{name}/{n}</link><title>{n}</title></item>"
        for n in range(articles)
    )
    return {f"/{name}/feed": xml(f"<rss version='2.0'><channel>{links}</channel></rss>")}


def make(
    folder: Path,
    site: SmallSite,
    names: tuple[str, ...],
    *,
    hooks: tuple[str, ...] = (),
    private: bool = True,
) -> Path:
    hosts = {f"{name}.example": site.address for name in names}
    working_folder(folder, connect_to=hosts, crawl="delay = 0")
    config = folder / "config" / "archiver.toml"
    own = TABLES.format(hooks=json.dumps(hooks), private=json.dumps(private))
    config.write_text(own + config.read_text("utf-8"), "utf-8")
    for name in names:
        add_seed(folder, name, SEED.format(name=name))
    return folder


def make_silent(folder: Path, outlet: str) -> None:
    """As if an outlet had brought twenty articles a day, and none for three days."""
    now = utcnow()
    with Catalogue.open(f"sqlite:///{folder}/archive/catalogue.sqlite", create=True) as catalogue:
        catalogue.set_due({outlet: now})
        catalogue.save_rhythm(
            outlet,
            Rhythm(
                since=now - timedelta(days=30),
                updated=now - timedelta(hours=1),
                last_new=now - timedelta(days=3),
                a_day=20.0,
            ),
        )


def test_webhooks_are_told_whatever_others_do(tmp_path: Path) -> None:
    answers = {**ROBOTS, **feed("quiet", 0), **feed("shut", 6)}
    answers |= {f"/shut/{n}": Answer(status=403, body=b"no") for n in range(6)}
    with (
        SmallSite(answers) as site,
        Target().serving() as well,
        Target(500).serving() as failing,
        Target().serving() as inner,
        Target(302, location=inner.url).serving() as leading,
        socket.create_server(("127.0.0.1", 0)) as hanging,
    ):
        hangs = f"http://127.0.0.1:{hanging.getsockname()[1]}/"
        hooks = (hangs, failing.url, leading.url, well.url)
        folder = make(tmp_path, site, ("quiet", "shut"), hooks=hooks)
        (folder / "archive").mkdir(exist_ok=True)
        make_silent(folder, "quiet")
        with daemon(folder, ARCHIVER_DAEMON__WEBHOOK_SECRET="s3cret") as running:
            wanted = {("silent", "quiet", "began"), ("blocked", "shut", "began")}
            eventually(lambda: wanted <= set(well.events))
            config = folder / "config" / "archiver.toml"
            text = config.read_text("utf-8")
            config.write_text(text.replace('disk_reserve = "0"', 'disk_reserve = "1000TB"'))
            running.process.send_signal(signal.SIGHUP)
            assert running.until("paused")["why"] == "disk"
            eventually(lambda: ("disk-low", "archive", "began") in well.events)
            config.write_text(text)
            running.process.send_signal(signal.SIGHUP)
            assert running.until("resumed")["why"] == "disk"
            eventually(lambda: ("disk-low", "archive", "ended") in well.events)
            assert running.get("healthz") == (200, "alive\n")
            assert running.end() == 0  # though one of them still hangs
    for _, headers, body in well.got:
        signed = headers["Archiver-Timestamp"].encode() + b"." + body
        digest = hmac.new(b"s3cret", signed, hashlib.sha256).hexdigest()
        assert headers["Archiver-Signature"] == f"sha256={digest}"
    assert len(well.events) == len(set(well.events))  # each told once
    assert failing.got
    assert leading.got
    assert inner.got == []


def test_loopback_is_refused_where_nobody_allowed_it(tmp_path: Path) -> None:
    with SmallSite({**ROBOTS, **feed("quiet", 0)}) as site, Target().serving() as inner:
        folder = make(tmp_path, site, ("quiet",), hooks=(inner.url,), private=False)
        (folder / "archive").mkdir(exist_ok=True)
        make_silent(folder, "quiet")
        with daemon(folder) as running:
            assert "guard" in running.until("webhook-failed")["reason"]
            assert running.end() == 0
        assert inner.got == []


@contextmanager
def small_disk(place: Path, *, size: str) -> Iterator[Path]:
    """A file system of its own in memory; needs the right to mount."""
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(place)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this user may not mount a file system")
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def fill(place: Path) -> Path:
    """Take all room that there is, to the last byte."""
    filler = place / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    return filler


def test_a_full_disk_ends_no_daemon_and_room_lets_it_go_on(tmp_path: Path) -> None:
    page = html("<article><h1>A story</h1><p>Words of a story, and more of them.</p></article>")
    answers = {**ROBOTS, **feed("small", 3), **{f"/small/{n}": page for n in range(9)}}
    with SmallSite(answers) as site, small_disk(tmp_path / "disk", size="8m") as disk:
        folder = make(tmp_path / "folder", site, ("small",))
        (folder / "archive").rmdir()
        (folder / "archive").symlink_to(disk / "archive")
        (disk / "archive").mkdir()
        with daemon(folder) as running:
            assert running.until("run")["state"] == "done"
            filler = fill(disk)
            site.answers |= feed("small", 6)
            asked = run(folder, "archiver", "run-now", "small")
            assert asked.returncode in (0, 5), asked.stderr
            assert "Traceback" not in asked.stderr
            if asked.returncode == 0:  # an empty file needs no room on some file systems
                said = running.until_any("run", "run-not-kept", "asked-not-taken", "tick-failed")
                assert said.get("state") != "done"
            assert running.get("healthz")[0] == 200
            filler.unlink()
            assert run(folder, "archiver", "run-now", "small").returncode == 0
            while running.until("run")["state"] != "done":
                assert run(folder, "archiver", "run-now", "small").returncode == 0
            assert running.end() == 0
        assert {f"/small/{n}" for n in range(6)} <= set(site.asked)
        assert not list((disk / "archive" / "warc").glob("*.open"))
        assert [f for w in (disk / "archive/warc").glob("*.warc.gz") for f in judge(w)] == []
