"""`archiver daemon` as a process: crawls by its timetable, is watched, told, killed, stopped."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest
from support.daemons import daemon
from support.judges import judge
from support.workdir import add_seed, run, status, working_folder

from archiver.demo.server import DemoServer
from archiver.fetch.parent import PARENT

TABLES = """
[timetable]
every = "10s"
jitter = "0s"
[daemon]
port = 0
disk_reserve = "1MB"
stop_within = "20s"
[log]
format = "json"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    with DemoServer(edition=1) as server:
        names = ("lantern.example", "www.farwire.example")
        working_folder(tmp_path, connect_to=dict.fromkeys(names, f"127.0.0.1:{server.port}"))
        config = tmp_path / "config" / "archiver.toml"
        config.write_text(TABLES + config.read_text("utf-8"), "utf-8")
        add_seed(tmp_path, "lantern", (files("archiver.demo") / "seed.toml").read_text("utf-8"))
        yield tmp_path


def test_a_daemon_from_its_start_to_its_end(folder: Path) -> None:
    with daemon(folder) as running:
        first = running.until("run")
        assert (first["outlet"], first["state"]) == ("lantern", "done")
        assert first["counts"]["articles/new"] > 30
        # what watches it
        assert running.get("healthz") == (200, "alive\n")
        code, text = running.get("readyz")
        assert (code, json.loads(text)["ready"]) == (200, True)
        _, text = running.get("metrics")
        assert 'archiver_runs_total{outlet="lantern",state="done"} 1.0' in text
        assert "archiver_disk_free_bytes" in text
        assert "http" not in text.replace("http_500", "").replace("http-500", "")  # no URL
        # another one, and what it is asked for
        other = run(folder, "archiver", "daemon")
        assert other.returncode == 11
        assert f"process {running.process.pid}" in other.stderr
        # a broken file changes nothing; a good one counts
        config = folder / "config" / "archiver.toml"
        good = config.read_text("utf-8")
        config.write_text(good.replace('"10s"', '"fast"'), "utf-8")
        running.process.send_signal(signal.SIGHUP)
        assert "timetable.every" in running.until("configuration-kept")["faults"][0]
        config.write_text(good.replace('"10s"', '"1h"'), "utf-8")
        seed = folder / "seeds" / "lantern.toml"
        whole = seed.read_text("utf-8")
        seed.write_text(whole + "\nbroken =", "utf-8")
        add_seed(
            folder, "second", whole.replace('id = "lantern"', 'id = "second"\nenabled = false')
        )
        running.process.send_signal(signal.SIGHUP)
        assert "seeds/lantern.toml" in running.until("seed-not-read")["fault"]
        assert running.until("configuration-read")["outlets"] == 1  # the rule that it had
        seed.write_text(whole, "utf-8")
        asked = run(folder, "archiver", "run-now", "lantern")
        assert asked.returncode == 0, asked.stderr
        second = running.until("run")
        assert second["counts"].get("articles/new", 0) == 0
        # by hand beside it
        assert run(folder, "archiver", "crawl", "lantern").returncode == 0
        assert running.end() == 0
    assert not list((folder / "archive" / "warc").glob("*.open"))
    assert run(folder, "archiver", "run-now", "lantern").returncode == 1  # nobody is there


def test_a_daemon_that_is_killed_leaves_nothing_that_the_next_does_not_mend(
    folder: Path,
) -> None:
    with daemon(folder) as running:
        # Its first crawl has begun as soon as there is a file.
        warcs = folder / "archive" / "warc"
        while not list(warcs.glob("*.open")):
            assert running.process.poll() is None
        running.process.kill()
    with daemon(folder) as running:
        done = running.until("run")
        while done["state"] != "done":  # the killed one may have asked all sources already
            done = running.until("run")
        assert running.end(signal.SIGINT) == 0
    assert not list(warcs.glob("*.open"))
    assert [fault for path in warcs.glob("*.warc.gz") for fault in judge(path)] == []
    assert run(folder, "archiver", "check").returncode == 0
    assert status(folder)["outlets"]["lantern"]["pending"] == 0


def test_a_crawl_whose_daemon_has_ended_meanwhile_does_not_begin(folder: Path) -> None:
    more = {"SCRAPY_SETTINGS_MODULE": "spiders.settings", PARENT: "1"}
    done = run(folder, "scrapy", "crawl", "lantern", **more)
    assert done.returncode == 130, done.stderr
    assert not (folder / "archive" / "warc").exists()


def test_a_plan_is_printed_and_nothing_is_crawled(folder: Path) -> None:
    planned = run(folder, "archiver", "daemon", "--dry-run", "--next", "1m", "--json")
    assert planned.returncode == 0, planned.stderr
    rows = [json.loads(line) for line in planned.stdout.splitlines()]
    assert [row["outlet"] for row in rows] == ["lantern"] * 7
    assert not (folder / "archive" / "warc").exists()
    assert run(folder, "archiver", "daemon", "--dry-run", "--next", "soon").returncode == 2
