"""Shipping that is killed loses nothing, doubles nothing, and ends its work the next time."""

from __future__ import annotations

from pathlib import Path

from support.faults_ships import killed_ships
from support.s3_place import S3Place


def test_kills_at_random_moments(tmp_path: Path, s3_moto: S3Place) -> None:
    done = killed_ships(tmp_path, s3_moto, kills=12, seed=1)
    assert done.faults == []
    assert done.kills >= 12
    assert done.ends == done.shelves
