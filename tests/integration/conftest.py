from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

try:
    import uvloop
except ImportError:  # on other systems, or without the extra
    uvloop = None


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the tests of connections on each event loop that there is."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if uvloop is not None and item.path.stem == "test_connections":
        loops["uvloop"] = uvloop.new_event_loop
    return loops
