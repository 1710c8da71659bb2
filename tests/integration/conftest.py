from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import pytest
from support.catalogues import catalogues_on
from support.postgres import postgres

try:
    import uvloop
except ImportError:  # on other systems, or without the extra
    uvloop = None


__all__ = ["postgres"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def each_database(request: pytest.FixtureRequest) -> Iterator[str]:
    """Have the working folders of a module's tests on each database in turn."""
    name = str(request.param)
    server = request.getfixturevalue("postgres") if name == "postgresql" else None
    with catalogues_on(server):
        yield name


def pytest_asyncio_loop_factories(
    item: pytest.Item,
) -> dict[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Run the tests of connections on each event loop that there is."""
    loops: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {"asyncio": asyncio.new_event_loop}
    if uvloop is not None and item.path.stem == "test_connections":
        loops["uvloop"] = uvloop.new_event_loop
    return loops
