"""Backup and restore that are killed, or whose disk fails, at every single call."""

from __future__ import annotations

import errno
import json
import os
import shutil
import sqlite3
import sys
import traceback
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.faults_layer import Layer, Plan

from archiver.errors import ArchiverError
from archiver.store import tombstones
from archiver.store.backup import backups_in, keep, new_stem, work_folder
from archiver.store.blobs.disk import DiskBlobs
from archiver.store.catalogue import Catalogue
from archiver.store.restore import restore
from archiver.store.snapshot import check_file, snapshot

NOW = datetime(2026, 11, 2, 12, tzinfo=UTC)
KILL = Plan(kill="within")  # in the middle of a write, before any other call
FAULTS = [Plan(code=errno.ENOSPC, lasting=True), Plan(code=errno.EIO)]
KEY = "catalogue/20261102120000000-vm.sqlite.gz"


def taken_down(*names: str) -> str:
    """An account of what was taken down."""
    event = {"event": "redact", "at": NOW.isoformat(), "by": "Ada", "reason": "order"}
    rest = {"scope": "url", "moment": None, "payloads": []}
    return "".join(
        json.dumps({**event, "id": name, "url": name, "urls": [f"http://x/{name}"], **rest}) + "\n"
        for name in names
    )


def back_up(folder: Path) -> None:
    with work_folder(folder / "archive") as work:
        archive = folder / "archive"
        made = snapshot(archive / "catalogue.sqlite", work, redactions=archive / "redactions.jsonl")
        keep(DiskBlobs(folder / "store"), "catalogue/" + new_stem(NOW, "vm"), made)


def bring_back(folder: Path) -> None:
    archive = folder / "archive"
    restore(
        DiskBlobs(folder / "store"),
        KEY,
        catalogue=archive / "catalogue.sqlite",
        redactions=archive / "redactions.jsonl",
        stamp="S",
        force=True,
    )


def outlets(catalogue: Path) -> list[str]:
    with Catalogue.open(f"sqlite:///{catalogue}") as opened:
        return sorted(opened.turns())


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """A folder with an archive whose catalogue is newer than its one backup."""
    folder = tmp_path / "whole"
    path = folder / "archive" / "catalogue.sqlite"
    with Catalogue.open(f"sqlite:///{path}", create=True) as opened:
        opened.set_due({"old": NOW})
    (folder / "archive" / "redactions.jsonl").write_text(taken_down("1", "2"))
    back_up(folder)
    with Catalogue.open(f"sqlite:///{path}") as opened:
        opened.set_due({"new": NOW})
    (folder / "archive" / "redactions.jsonl").write_text(taken_down("1", "3"))
    return folder


def ended(folder: Path, plan: Plan, work: Callable[[Path], None]) -> int:
    """Do the work in a process of its own: 0 done, 1 an error of ours, 2 another, -9 killed."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    code = 2
    try:
        Layer(folder, plan).install()
        work(folder)
        code = 0
    except ArchiverError:
        code = 1
    except BaseException:  # noqa: BLE001 - whatever it is, it ends this process
        traceback.print_exc(file=sys.__stderr__)
    finally:
        os._exit(code)


def calls(archive: Path, folder: Path, work: Callable[[Path], None]) -> int:
    """How many calls the work makes."""
    shutil.copytree(archive, folder)
    layer = Layer(folder, Plan())
    said, saying = os.pipe()
    child = os.fork()
    if not child:
        try:
            layer.install()
            work(folder)
            os.write(saying, str(layer.count).encode())
        except BaseException:  # noqa: BLE001 - as above
            traceback.print_exc(file=sys.__stderr__)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    os.close(saying)
    with os.fdopen(said) as file:
        return int(file.read())


@pytest.mark.parametrize("fault", [KILL, *FAULTS], ids=["killed", "full", "broken"])
@pytest.mark.parametrize("work", [back_up, bring_back])
def test_a_whole_catalogue_stands_there_whatever_happens(
    archive: Path, tmp_path: Path, fault: Plan, work: Callable[[Path], None]
) -> None:
    if work is back_up:
        shutil.rmtree(archive / "store")
    count = calls(archive, tmp_path / "probe", work)
    assert count > 10
    seen = set()
    for at in range(1, count + 1, 1 if fault.kill else 2):
        trial = tmp_path / "trial"
        shutil.copytree(archive, trial)
        plan = Plan(at=at, kill=fault.kill, code=fault.code, lasting=fault.lasting)
        code = ended(trial, plan, work)
        # what fails by the way, such as closing a file that was synced, is no failure
        assert code == -9 if fault.kill else code in (0, 1), f"{code} at call {at}"
        catalogue = trial / "archive" / "catalogue.sqlite"
        found = outlets(catalogue)
        seen.add(tuple(found))
        assert found in (["new", "old"], ["old"]), f"at call {at}"
        aside = trial / "archive" / "catalogue.sqlite.replaced-S"
        if found == ["old"]:
            assert outlets(aside) == ["new", "old"], f"at call {at}"
        told = {event["id"] for event in tombstones.read(trial / "archive" / "redactions.jsonl")}
        assert {"1", "3"} <= told, f"at call {at}"
        with Catalogue.open(f"sqlite:///{catalogue}") as opened:
            hidden = {one.id for one in opened.redactions()}
        assert found == ["new", "old"] or hidden == told == {"1", "2", "3"}, f"at call {at}"
        for kept in backups_in(DiskBlobs(trial / "store")):
            assert kept.size > 1000
        after(trial, work)
        shutil.rmtree(trial)
    assert len(seen) == (1 if work is back_up else 2)


def after(trial: Path, work: Callable[[Path], None]) -> None:
    """The same again succeeds, and cleans up."""
    aside = trial / "archive" / "catalogue.sqlite.replaced-S"
    aside.unlink(missing_ok=True)
    if work is back_up:
        shutil.rmtree(trial / "store", ignore_errors=True)  # the clock stands still here
    work(trial)
    names = {path.name for path in (trial / "archive").iterdir()}
    wanted = {"catalogue.sqlite", "redactions.jsonl"}
    assert names - {aside.name} == wanted
    check_file(trial / "archive" / "catalogue.sqlite", thing="x")
    with closing(sqlite3.connect(trial / "archive" / "catalogue.sqlite")) as found:
        assert found.execute("SELECT count(*) FROM outlet").fetchone()[0] in (1, 2)
