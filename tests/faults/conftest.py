"""What all tests of faults share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from support.faults_crawls import Zygote


@pytest.fixture(scope="session")
def zygote() -> Iterator[Zygote]:
    with Zygote() as forking:
        yield forking
