"""A browser and the trap that it stands over: one of each for a file's tests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from support.chromium import Trap


@pytest.fixture(scope="module")
def trap() -> Iterator[Trap]:
    """Hears whoever looks for the live web."""
    from support.chromium import Trap  # not above: where playwright is absent, its files skip

    made = Trap()
    yield made
    made.close()


@pytest.fixture(scope="module")
def browser(trap: Trap) -> Iterator[Any]:
    """A Chromium for which every name but those of loopback leads into the trap."""
    from support.chromium import chromium

    with chromium(trap) as launched:
        yield launched
