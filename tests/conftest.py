"""Servers that tests of several folders share, one of each a session."""

from __future__ import annotations

from support.radosgw import s3_real
from support.s3_moto import s3_moto
from support.s3_swift import s3_swift

__all__ = ["s3_moto", "s3_real", "s3_swift"]
