"""Runs one command and writes down what it and all its descendants cost.

A script of its own, so that RUSAGE_CHILDREN holds nothing but that command: its process is
small, and adopts what the command leaves behind (a worker of a pool, a server in the
background) until that has ended too.

Usage: tree.py REPORT.json COMMAND [ARGUMENT ...]
"""

from __future__ import annotations

import ctypes
import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path

_PR_SET_CHILD_SUBREAPER = 36  # <linux/prctl.h>


def main() -> int:
    """Run the command; its exit code."""
    report, *command = sys.argv[1:]
    ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    begun = time.monotonic()
    code = subprocess.call(command)
    wall = time.monotonic() - begun
    while True:
        try:
            os.wait()
        except ChildProcessError:
            break
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    facts = {
        "cpu": used.ru_utime + used.ru_stime,
        "wall": wall,
        "rss": used.ru_maxrss * 1024,
        "code": code,
    }
    Path(report).write_text(json.dumps(facts), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main())
