"""A catalogue for tests of the daemon's parts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from archiver.store.catalogue import Catalogue


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    """An empty catalogue in SQLite."""
    with Catalogue.open(f"sqlite:///{tmp_path}/catalogue.sqlite", create=True) as opened:
        yield opened
