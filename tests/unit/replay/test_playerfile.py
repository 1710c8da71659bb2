from __future__ import annotations

import hashlib
import io
import stat
import tarfile
from base64 import b64encode
from pathlib import Path

import pytest

from archiver.errors import ArchiverError
from archiver.replay import playerfile

WORKER = b"self.player = 1;"


def package(path: Path, files: dict[str, bytes], link: str = "") -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
        if link:
            member = tarfile.TarInfo("package/sw.js")
            member.type, member.linkname = tarfile.SYMTYPE, link
            archive.addfile(member)
    return path


@pytest.fixture
def pinned(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A small package in the place of the real one, and a path that leads out of it."""
    files = {
        "package/sw.js": WORKER,
        "package/LICENSE": b"AGPL",
        "package/ui.js": b"x",
        "package/../../outside": b"x",
    }
    made = package(tmp_path / "p.tgz", files)
    pin(made, monkeypatch)
    return made


def pin(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()
    monkeypatch.setattr(playerfile, "INTEGRITY", f"sha512-{digest}")


def test_what_is_needed_is_installed_and_nothing_else(pinned: Path, tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "player"
    assert playerfile.worker_of(folder) is None
    playerfile.install(folder, pinned)
    found = playerfile.worker_of(folder)
    assert found is not None
    assert found.read_bytes() == WORKER
    assert sorted(path.name for path in folder.iterdir()) == ["LICENSE", "sw.js"]
    assert not list(tmp_path.rglob("outside"))
    playerfile.install(folder, pinned)  # again
    assert playerfile.remove(folder)
    assert not playerfile.remove(folder)
    assert list(folder.iterdir()) == []


def test_another_package_is_refused(pinned: Path, tmp_path: Path) -> None:
    playerfile.install(tmp_path / "player", pinned)
    data = bytearray(pinned.read_bytes())
    data[-1] ^= 1
    other = tmp_path / "other.tgz"
    other.write_bytes(data)
    with pytest.raises(ArchiverError, match="SHA-512"):
        playerfile.install(tmp_path / "player", other)
    assert playerfile.worker_of(tmp_path / "player") is not None  # the old one stays
    with pytest.raises(ArchiverError, match="cannot be read"):
        playerfile.install(tmp_path / "player", tmp_path / "none.tgz")


@pytest.mark.parametrize(
    ("files", "link"),
    [
        ({"package/LICENSE": b"AGPL"}, ""),
        ({"package/sw.js": WORKER}, ""),
        ({"package/LICENSE": b"AGPL"}, "/etc/passwd"),
        ({"package/LICENSE": b"AGPL", "package/sw.js": b"x" * 10_000_001}, ""),
    ],
)
def test_a_package_that_lacks_a_file_is_refused(
    files: dict[str, bytes], link: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = package(tmp_path / "p.tgz", files, link)
    pin(made, monkeypatch)
    with pytest.raises(ArchiverError, match="no such file"):
        playerfile.install(tmp_path / "player", made)
    assert not (tmp_path / "player").exists()


def test_npm_is_asked_for_it_in_a_folder_of_its_own(
    pinned: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    npm = programs / "npm"
    said = tmp_path / "said"
    npm.write_text(f'#!/bin/sh\necho "$@" > {said}\n/bin/cp {pinned} ./p.tgz\n')
    npm.chmod(npm.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", str(programs))
    playerfile.install(tmp_path / "player")
    assert said.read_text().startswith(f"pack {playerfile.PACKAGE} ")
    npm.write_text("#!/bin/sh\necho no network >&2\nexit 1\n")
    with pytest.raises(ArchiverError, match="no network"):
        playerfile.install(tmp_path / "player")
    npm.unlink()
    with pytest.raises(ArchiverError, match="npm is not installed"):
        playerfile.install(tmp_path / "player")
