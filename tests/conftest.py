"""What all tests share: servers, one of each a session, and how Hypothesis works."""

from __future__ import annotations

import signal

from hypothesis import settings
from support.radosgw import s3_real
from support.s3_moto import s3_moto
from support.s3_swift import s3_swift

__all__ = ["s3_moto", "s3_real", "s3_swift"]

# How long an example takes says nothing of it on a machine that does other things, too.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

# What a script starts in the background ignores SIGINT, and so would all that the tests interrupt:
# it is inherited. A signal that is handled here is back at its default in what is started.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
