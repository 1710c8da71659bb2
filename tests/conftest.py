"""What all tests share: servers, one of each a session, and how Hypothesis works."""

from __future__ import annotations

from hypothesis import settings
from support.radosgw import s3_real
from support.s3_moto import s3_moto
from support.s3_swift import s3_swift

__all__ = ["s3_moto", "s3_real", "s3_swift"]

# How long an example takes says nothing of it on a machine that does other things, too.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
