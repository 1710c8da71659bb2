"""The queue's tests run on a PostgreSQL of their own."""

from __future__ import annotations

import pytest
from support.postgres import Server, postgres

__all__ = ["postgres"]

pytest.importorskip("procrastinate", reason="the extra fleet is not installed")


@pytest.fixture
def database(postgres: Server) -> str:
    """The URL of a database without tables."""
    return postgres.new_database()
