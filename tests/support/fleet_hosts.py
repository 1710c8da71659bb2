"""Hosts of a fleet: network namespaces with a cable each to this machine, which can be pulled out.

See ip-netns(8). Needs the right to make them.
"""

from __future__ import annotations

import itertools
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_NUMBERS = itertools.count(os.getpid() % 200)


def ip(*words: str) -> None:
    """Run ip(8).

    Raises:
        OSError, subprocess.CalledProcessError: it is not there, or may not do that.
    """
    subprocess.run(["ip", *words], check=True, capture_output=True, timeout=30)


@dataclass(frozen=True, kw_only=True, slots=True)
class Host:
    """A host: `gate` is this machine's address for it, `keeper` a process that stays in it."""

    name: str
    cable: str
    gate: str
    address: str
    keeper: int

    @property
    def command(self) -> list[str]:
        """What runs a program there."""
        return ["ip", "netns", "exec", self.name]

    def pull(self) -> None:
        """Let no packet pass, without a word to anybody."""
        ip("link", "set", self.cable, "down")

    def plug(self) -> None:
        """Let packets pass again."""
        ip("link", "set", self.cable, "up")


@contextmanager
def new_host() -> Iterator[Host]:
    """A host until the block ends.

    Raises:
        OSError, subprocess.CalledProcessError: none can be made here.
    """
    number = next(_NUMBERS) % 250
    name, cable = f"arc-{os.getpid()}-{number}", f"arc{os.getpid() % 10**6}x{number}"
    gate, address = f"10.213.{number}.1", f"10.213.{number}.2"
    ip("netns", "add", name)
    keeper = None
    try:
        ip("link", "add", cable, "type", "veth", "peer", "name", "eth0", "netns", name)
        ip("addr", "add", f"{gate}/30", "dev", cable)
        ip("link", "set", cable, "up")
        ip("-n", name, "addr", "add", f"{address}/30", "dev", "eth0")
        ip("-n", name, "link", "set", "eth0", "up")
        ip("-n", name, "link", "set", "lo", "up")
        keeper = subprocess.Popen(["ip", "netns", "exec", name, "sleep", "infinity"])
        yield Host(name=name, cable=cable, gate=gate, address=address, keeper=keeper.pid)
    finally:
        if keeper is not None:
            keeper.kill()
            keeper.wait()
        subprocess.run(["ip", "link", "del", cable], check=False, capture_output=True, timeout=30)
        ip("netns", "del", name)
