"""Servers that tests of several folders share, one of each a session."""

from __future__ import annotations

from support.s3_moto import s3_moto

__all__ = ["s3_moto"]
