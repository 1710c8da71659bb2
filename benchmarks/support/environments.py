"""Virtual environments of peers that need other versions than we do."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import venv
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

from support.measure import BenchmarkError


class Environment:
    """A virtual environment in a cache folder, made when it is first asked for.

    It is made anew where its requirements or this Python are others than last time.
    """

    def __init__(self, cache: Path, name: str, requirements: Sequence[str]) -> None:
        marked = repr((sys.version, sys.executable, sorted(requirements))).encode()
        self._folder = cache / f"{name}-{hashlib.sha256(marked).hexdigest()[:12]}"
        self._requirements = list(requirements)

    def program(self, name: str) -> str:
        """The path of a program of this environment.

        Raises:
            BenchmarkError: the requirements cannot be installed here.
        """
        ready = self._folder / "ready"
        if not ready.exists():
            venv.create(self._folder, with_pip=True, clear=True)
            pip = [self._path("python"), "-m", "pip", "install", "--quiet"]
            done = subprocess.run(
                [*pip, "--disable-pip-version-check", *self._requirements],
                capture_output=True,
                text=True,
                check=False,
            )
            if done.returncode:
                raise BenchmarkError(f"cannot install {self._requirements}: {done.stderr[-500:]}")
            ready.touch()
        return self._path(name)

    def version(self, distribution: str) -> str:
        """The version of a distribution installed in it; "?" where it is not."""
        found = metadata.distributions(
            name=distribution, path=[str(p) for p in self._folder.glob("lib/python*/site-packages")]
        )
        return next((each.version for each in found), "?")

    def _path(self, name: str) -> str:
        return str(self._folder / "bin" / name)
