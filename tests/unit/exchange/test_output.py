from __future__ import annotations

from pathlib import Path

import pytest

from archiver.errors import WarcError
from archiver.exchange.output import output_file


def test_a_file_gets_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    with output_file(str(path)) as out:
        out.write(b"new")
        assert not path.exists()
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_is_broken_off_leaves_the_older_file(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    broken = output_file(str(path))
    broken.__enter__().write(b"half")
    swallowed = broken.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    assert not swallowed
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(WarcError, match="nowhere"), output_file(str(tmp_path / "nowhere" / "a")):
        pass
