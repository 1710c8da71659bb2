"""Backups are of one moment and whole, and restoring never costs a catalogue that is whole."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from alembic import command
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import (
    ArchiverError,
    CatalogueError,
    DiskFullError,
    LockedError,
    NoArchiveError,
    StorageError,
    UsageError,
)
from archiver.store import backup, snapshot
from archiver.store.backup import DIGEST, FOLDER, PACKED, REDACTIONS
from archiver.store.blobs.disk import DiskBlobs
from archiver.store.catalogue import Catalogue
from archiver.store.engine import catalogue_url, make_engine
from archiver.store.migrate import HEAD, alembic_config
from archiver.store.restore import Restored, _unpacked, choose, restore
from archiver.warc.compress import compress_pieces

NOW = datetime(2026, 11, 2, 12, 30, 15, 250_000, tzinfo=UTC)


class Trial(NamedTuple):
    """An archive's folder with a catalogue, and a store."""

    archive: Path
    catalogue: Path
    blobs: DiskBlobs

    @property
    def account(self) -> Path:
        return self.archive / "redactions.jsonl"

    def back_up(
        self, at: datetime = NOW, host: str = "vm", step: Callable[[], None] = lambda: None
    ) -> str:
        stem = FOLDER + backup.new_stem(at, host)
        with backup.work_folder(self.archive) as work:
            made = snapshot.snapshot(self.catalogue, work, redactions=self.account, step=step)
            return backup.keep(self.blobs, stem, made).blob.key

    def restore(self, key: str, *, force: bool = False) -> Restored:
        return restore(
            self.blobs,
            key,
            catalogue=self.catalogue,
            redactions=self.account,
            stamp="S",
            force=force,
        )

    def outlets(self) -> list[str]:
        """What the catalogue says, as a program would hear it."""
        with Catalogue.open(f"sqlite:///{self.catalogue}") as opened:
            return sorted(opened.turns())

    def add(self, *names: str) -> None:
        with Catalogue.open(f"sqlite:///{self.catalogue}", create=True) as opened:
            opened.set_due(dict.fromkeys(names, NOW))

    def names(self) -> list[str]:
        return sorted(path.name for path in self.archive.iterdir() if path.is_file())


@pytest.fixture
def trial(tmp_path: Path, empty_file: Path) -> Trial:
    archive = tmp_path / "archive"
    archive.mkdir()
    path = archive / "catalogue.sqlite"
    shutil.copy(empty_file, path)
    made = Trial(archive, path, DiskBlobs(tmp_path / "store"))
    made.add("old")
    return made


def test_what_was_backed_up_comes_back(trial: Trial) -> None:
    key = trial.back_up()
    assert key == "catalogue/20261102123015250-vm.sqlite.gz"
    trial.add("new")
    assert trial.outlets() == ["new", "old"]
    done = trial.restore(key, force=True)
    assert (done.verified, done.revision) == (True, HEAD)
    assert trial.outlets() == ["old"]
    assert trial.names() == ["catalogue.sqlite", "catalogue.sqlite.replaced-S"]
    aside = trial._replace(catalogue=trial.archive / "catalogue.sqlite.replaced-S")
    assert aside.outlets() == ["new", "old"]


def test_it_ends_though_somebody_writes_between_all_steps(
    trial: Trial, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(snapshot, "_PAGES", 4)
    steps = 0
    with closing(sqlite3.connect(trial.catalogue, isolation_level=None)) as other:
        other.execute("CREATE TABLE pair (a, b)")
        other.execute("INSERT INTO pair VALUES (0, 0)")
        other.execute("CREATE TABLE bulk AS SELECT zeroblob(1000000) AS x")

        def step() -> None:
            nonlocal steps
            steps += 1
            assert steps < 1000, "it begins anew each time"
            other.execute("BEGIN IMMEDIATE")
            other.execute("UPDATE pair SET a = a + 1")
            other.execute("UPDATE pair SET b = b + 1")
            other.execute("COMMIT")

        key = trial.back_up(step=step)
    assert steps > 50
    trial.restore(key, force=True)
    with closing(sqlite3.connect(trial.catalogue)) as found:
        assert found.execute("SELECT a, b FROM pair").fetchone() == (0, 0)


def spoil(path: Path) -> None:
    """Overwrite inner pages, as a bad disk does; the first one, which opening reads, stays."""
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xa5" * 6 * 4096)


@pytest.mark.parametrize("how", ["pages", "other tables", "no database", "empty", "gone"])
def test_what_is_no_whole_catalogue_is_not_backed_up(trial: Trial, how: str) -> None:
    if how == "pages":
        spoil(trial.catalogue)
    elif how == "gone":
        trial.catalogue.unlink()
    else:
        trial.catalogue.write_bytes(b"" if how != "no database" else b"no" * 5000)
    if how == "other tables":
        with closing(sqlite3.connect(trial.catalogue)) as other:
            other.execute("CREATE TABLE x (y)")
    with pytest.raises(NoArchiveError if how == "gone" else CatalogueError) as caught:
        trial.back_up()
    assert caught.value.thing == str(trial.catalogue)
    assert ("is damaged" in caught.value.what) == (how == "pages")
    assert list(trial.blobs.list()) == []
    assert not (trial.archive / ".backup").exists()


def test_without_room_nothing_is_begun(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    size = trial.catalogue.stat().st_size
    usage = shutil.disk_usage(trial.archive)
    for free, code in ((size * 3 // 2 - 1, 5), (2 * size, None)):
        monkeypatch.setattr(shutil, "disk_usage", lambda _, n=free: usage._replace(free=n))
        if code is None:
            trial.back_up()
        else:
            with pytest.raises(DiskFullError):
                trial.back_up()


def test_old_ones_go_but_never_the_newest_nor_others(trial: Trial) -> None:
    other = trial.back_up(NOW - timedelta(days=99), host="other-vm")
    trial.account.write_text(taken_down("1"))
    keys = [trial.back_up(NOW + timedelta(hours=hour)) for hour in range(4)]
    # the clock was set back: what was just made looks like the oldest
    newest = trial.back_up(NOW - timedelta(days=1))
    removed, left = backup.remove_old(trial.blobs, but=newest, host="vm", most=3)
    assert (removed, left) == (keys[:2], [])
    there = {kept.key for kept in backup.backups_in(trial.blobs)}
    assert there == {other, newest, *keys[2:]}
    stems = {key.removesuffix(PACKED) for key in (newest, *keys[2:])}
    kept = {stem + side for stem in stems for side in (PACKED, PACKED + DIGEST, REDACTIONS)}
    assert {blob.key for blob in trial.blobs.list()} == {*kept, other, other + DIGEST}
    assert backup.remove_old(trial.blobs, but=newest, host="vm", most=1)[0] == keys[2:]


class Locking(DiskBlobs):
    """A folder that behaves as a store whose packed catalogues are locked."""

    def delete(self, key: str) -> None:
        if key.endswith(PACKED):
            raise StorageError("locked", reason="refused", thing=key)
        super().delete(key)


def test_locked_ones_stay_with_all_that_is_beside_them(trial: Trial, tmp_path: Path) -> None:
    locking = trial._replace(blobs=Locking(tmp_path / "store"))
    keys = [locking.back_up(NOW + timedelta(hours=hour)) for hour in range(3)]
    before = [blob.key for blob in locking.blobs.list()]
    assert backup.remove_old(locking.blobs, but=keys[-1], host="vm", most=1) == ([], keys[:2])
    assert [blob.key for blob in locking.blobs.list()] == before


def test_the_list_passes_over_what_is_no_backup(trial: Trial) -> None:
    key = trial.back_up()
    for name in ("99999999999999999-vm.sqlite.gz", "x.sqlite.gz", "20261102123015250-vm.sqlite"):
        trial.blobs.put(FOLDER + name, b"x")
    (found,) = backup.backups_in(trial.blobs)
    assert (found.key, found.host) == (key, "vm")
    assert found.at == NOW


def test_ones_own_are_chosen_before_others(trial: Trial) -> None:
    with pytest.raises(NoArchiveError):
        choose(trial.blobs, at=None, host="vm")
    keys = {host: trial.back_up(NOW + timedelta(days=n), host) for n, host in enumerate("abc")}
    assert choose(trial.blobs, at=None, host="a").key == keys["a"]
    with pytest.raises(UsageError, match="a, b, c"):
        choose(trial.blobs, at=None, host="vm")
    assert choose(trial.blobs, at="20261104", host="vm").key == keys["c"]
    with pytest.raises(NoArchiveError, match="20260101"):
        choose(trial.blobs, at="20260101", host="vm")


def _cut(packed: bytes) -> bytes:
    return packed[:-9]


def _longer(packed: bytes) -> bytes:
    return packed + b"x"


def _flipped(packed: bytes) -> bytes:
    return packed[:-6] + bytes([packed[-6] ^ 1]) + packed[-5:]


@pytest.mark.parametrize("digest", [True, False])
@pytest.mark.parametrize("damage", [_cut, _longer, _flipped, lambda _: b"", lambda _: b"\x1f\x8b"])
def test_a_damaged_backup_is_not_restored(
    trial: Trial, damage: Callable[[bytes], bytes], digest: bool
) -> None:
    key = trial.back_up()
    path = trial.blobs._root / key
    path.write_bytes(damage(path.read_bytes()))
    if not digest:
        trial.blobs.delete(key + DIGEST)
    with pytest.raises((StorageError, CatalogueError)) as caught:
        trial.restore(key, force=True)
    assert key in str(caught.value.thing)
    assert trial.outlets() == ["old"]
    assert trial.names() == ["catalogue.sqlite"]


def test_a_wrong_digest_alone_is_enough(trial: Trial) -> None:
    key = trial.back_up()
    trial.blobs.put(key + DIGEST, f"{'0' * 64}  x\n".encode())
    with pytest.raises(StorageError, match="SHA-256"):
        trial.restore(key, force=True)


def _revision(path: Path, number: str) -> None:
    with closing(sqlite3.connect(path, isolation_level=None)) as made:
        made.execute("UPDATE alembic_version SET version_num = ?", (number,))


def test_a_newer_versions_backup_is_refused_before_anything_is_replaced(trial: Trial) -> None:
    _revision(trial.catalogue, "9999")
    key = trial.back_up()
    _revision(trial.catalogue, HEAD)
    with pytest.raises(CatalogueError, match="9999"):
        trial.restore(key, force=True)
    assert trial.names() == ["catalogue.sqlite"]


def test_an_older_versions_backup_is_brought_up_to_date(trial: Trial) -> None:
    trial.catalogue.unlink()
    engine = make_engine(catalogue_url(f"sqlite:///{trial.catalogue}"))
    config = alembic_config()
    with engine.begin() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, "0004")
    engine.dispose()
    key = trial.back_up()
    trial.catalogue.unlink()
    assert trial.restore(key).revision == "0004"
    with closing(sqlite3.connect(trial.catalogue)) as found:
        assert found.execute("SELECT version_num FROM alembic_version").fetchone() == (HEAD,)
    assert trial.names() == ["catalogue.sqlite"]


def test_a_catalogue_that_stands_there_stays_unless_forced(trial: Trial) -> None:
    key = trial.back_up()
    with pytest.raises(CatalogueError, match="stands there"):
        trial.restore(key)


def test_nobody_may_have_it_open(trial: Trial) -> None:
    key = trial.back_up()
    with Catalogue.open(f"sqlite:///{trial.catalogue}") as opened:
        opened.turns()
        with pytest.raises(LockedError):
            trial.restore(key, force=True)
    assert trial.names() == ["catalogue.sqlite"]
    trial.restore(key, force=True)


def test_nobody_slips_in_at_the_last_moment(trial: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    key = trial.back_up()
    plain, others = sqlite3.connect, []

    class Interrupted(sqlite3.Connection):
        """Before it takes the catalogue for itself, another process opens that."""

        def execute(self, sql: str, *more: Any) -> sqlite3.Cursor:
            if sql == "BEGIN EXCLUSIVE":
                others.append(plain(trial.catalogue))
                others[-1].execute("PRAGMA journal_mode=WAL")
                others[-1].execute("SELECT count(*) FROM outlet").fetchone()
            return super().execute(sql, *more)

    monkeypatch.setattr(sqlite3, "connect", partial(plain, factory=Interrupted))
    with pytest.raises(LockedError):
        trial.restore(key, force=True)
    monkeypatch.undo()
    (other,) = others
    other.close()
    assert trial.names() == ["catalogue.sqlite"]


@pytest.mark.parametrize("stands", ["damaged", "gone"])
def test_a_log_of_another_catalogue_is_not_taken_for_its_own(trial: Trial, stands: str) -> None:
    key = trial.back_up()
    log = trial.archive / "catalogue.sqlite-wal"
    with Catalogue.open(f"sqlite:///{trial.catalogue}") as opened:
        opened.set_due({"from the log": NOW})
        left = log.read_bytes()
    assert left
    if stands == "gone":
        trial.catalogue.unlink()
    else:
        trial.catalogue.write_bytes(b"\0" * 8192)
    log.write_bytes(left)
    trial.restore(key, force=True)
    assert (trial.archive / "catalogue.sqlite.replaced-S-wal").read_bytes() == left
    assert trial.outlets() == ["old"]


def test_a_plain_copy_made_by_other_means_is_taken_too(trial: Trial) -> None:
    with (
        closing(sqlite3.connect(trial.catalogue)) as found,
        closing(sqlite3.connect(trial.archive.parent / "plain.sqlite")) as made,
    ):
        found.backup(made)
    trial.add("new")
    own = trial._replace(blobs=DiskBlobs(trial.archive.parent))
    assert not own.restore("plain.sqlite", force=True).verified
    assert trial.outlets() == ["old"]


def taken_down(name: str) -> str:
    """A line of the account, as it stands in the file."""
    facts = {"by": "Ada", "reason": "order", "scope": "url", "urls": [f"http://x/{name}"]}
    at = NOW.isoformat()
    event = {"event": "redact", "id": name, "at": at, "url": f"http://x/{name}", **facts}
    return json.dumps({**event, "moment": None, "payloads": []}) + "\n"


def hidden(trial: Trial) -> list[str]:
    with Catalogue.open(f"sqlite:///{trial.catalogue}") as opened:
        return sorted(one.id for one in opened.redactions())


def test_what_was_taken_down_goes_along_and_stays_so(trial: Trial) -> None:
    one, two, three = map(taken_down, ("1", "2", "3"))
    trial.account.write_text(one + two + three[:20])
    key = trial.back_up()
    kept = trial.blobs.read(key.removesuffix(PACKED) + REDACTIONS, 0, 9999)
    assert kept.decode() == one + two
    trial.account.unlink()
    assert trial.restore(key, force=True).redactions
    assert trial.account.read_text() == one + two
    assert hidden(trial) == ["1", "2"]
    # what was taken down since the backup holds in the older catalogue at once
    trial.account.write_text(one + two + three)
    trial.catalogue.unlink()
    assert not trial.restore(key).redactions
    assert hidden(trial) == ["1", "2", "3"]
    trial.account.write_text(three)
    trial.catalogue.unlink()
    assert trial.restore(key).redactions
    assert trial.account.read_text() == three + one + two


def test_an_account_that_cannot_be_read_stops_it(trial: Trial) -> None:
    trial.account.write_text("what?\n")
    key = trial.back_up()
    trial.add("new")
    with pytest.raises(CatalogueError, match="no redaction"):
        trial.restore(key, force=True)
    assert trial.outlets() == ["new", "old"]
    assert trial.names() == ["catalogue.sqlite", "redactions.jsonl"]


def _pieces(data: bytes, sizes: list[int]) -> Iterator[bytes]:
    for size in sizes:
        yield data[:size]
        data = data[size:]
    yield data


@given(
    plain=st.binary(max_size=5000),
    sizes=st.lists(st.integers(1, 400), max_size=20),
    cut=st.integers(0, 100),
    at=st.integers(0, 5000),
    flip=st.integers(0, 255),
)
def test_unpacking_gives_the_bytes_or_an_error_of_ours(
    plain: bytes, sizes: list[int], cut: int, at: int, flip: int
) -> None:
    packed = bytearray(b"".join(compress_pieces([plain])))
    if at < len(packed) and at > 2:
        packed[at] ^= flip
    data = bytes(packed[: len(packed) - cut])
    try:
        found = b"".join(_unpacked(_pieces(data, sizes), "x"))
    except ArchiverError:
        assert cut or flip
    else:
        assert found == (plain if len(data) > 1 else data)  # what is no gzip comes as it is
