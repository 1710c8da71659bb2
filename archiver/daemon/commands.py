"""What the daemon has done by commands of its own: `archiver ...` in a process beside it."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from archiver.config.load import Loaded


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """How a command ended: exit code, its JSON lines, and the lines of its standard error."""

    code: int
    lines: tuple[Any, ...]
    errors: tuple[str, ...]


async def run_command(loaded: Loaded, *arguments: str) -> Said:
    """Run a command that prints JSON lines, with these very settings, to its end.

    Where this is cancelled the command is killed: what it was at is done again by the next one.
    """
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "archiver.cli.main", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        stdin=asyncio.subprocess.DEVNULL,
        cwd=loaded.folder,
        env=os.environ | loaded.child_environment | {"PYTHONDONTWRITEBYTECODE": "1"},
        start_new_session=True,
    )
    try:
        out, err = await process.communicate()
    except asyncio.CancelledError:
        with suppress(ProcessLookupError):
            process.kill()
        raise
    lines = out.decode("utf-8", "replace").splitlines()
    return Said(
        code=process.returncode or 0,
        lines=tuple(json.loads(line) for line in lines if line),
        errors=tuple(err.decode("utf-8", "replace").strip().splitlines()),
    )
