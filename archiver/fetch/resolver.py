"""From host names to addresses that may be connected to."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Mapping

from archiver.errors import FetchError
from archiver.fetch.guard import Policy, literal_address

# As getaddrinfo gives them: family, type, protocol, canonical name, socket address.
AddressInfo = tuple[int, int, int, str, tuple[object, ...]]

_TTL = 60.0  # seconds; getaddrinfo does not tell the records' own
_MAX_CACHED = 1000  # hosts


class Resolver:
    """Resolves hosts, refuses addresses that the guard refuses, keeps answers for a minute.

    `connect_to` sends connections elsewhere, as curl's --connect-to does: its keys are
    "host:port", "host", "*:port" or "*", looked up in this order; its values "host:port" or
    "host". Such targets are the operator's own, so the guard does not apply to them.
    """

    def __init__(
        self, connect_to: Mapping[str, str] | None = None, *, policy: Policy | None = None
    ) -> None:
        self._connect_to = {key.lower(): value for key, value in (connect_to or {}).items()}
        self._policy = policy or Policy()
        self._known: dict[tuple[str, int], tuple[float, list[AddressInfo]]] = {}

    async def locate(self, host: str, port: int) -> list[AddressInfo]:
        """Find where to connect for `host`, best address first.

        Raises:
            FetchError: reason "dns"; "blocked-port"; "blocked-address" where the guard leaves no
                address.
        """
        for key in (f"{host}:{port}", host, f"*:{port}", "*"):
            if key in self._connect_to:
                return await self.locate_trusted(*_host_and_port(self._connect_to[key], port))
        self.check_unresolved(host, port)
        found = await self.locate_trusted(host, port)
        refusals = [self._policy.refusal(str(info[4][0])) for info in found]
        allowed = [info for info, why in zip(found, refusals, strict=True) if why is None]
        if not allowed:
            tried = tuple(str(info[4][0]) for info in found)
            raise _blocked(host, f"{tried[0]} is {refusals[0]}", *tried)
        return allowed

    async def locate_trusted(self, host: str, port: int) -> list[AddressInfo]:
        """Find the addresses of a host that the operator named: a proxy, a connect-to target.

        Raises:
            FetchError: reason "dns".
        """
        loop = asyncio.get_running_loop()
        expires, found = self._known.get((host, port), (0.0, []))
        if expires < loop.time():
            try:
                found = list(await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM))
            except (OSError, UnicodeError) as error:  # UnicodeError: a label that IDNA refuses
                raise FetchError(
                    f"the name cannot be resolved ({error})", reason="dns", thing=host
                ) from error
            if len(self._known) >= _MAX_CACHED:
                self._known.clear()
            self._known[host, port] = (loop.time() + _TTL, found)
        return found

    def check_unresolved(self, host: str, port: int) -> None:
        """Refuse what needs no name server, or is resolved by a proxy.

        Ports, loopback's names, and addresses in any spelling.

        Raises:
            FetchError: reason "blocked-address" or "blocked-port".
        """
        if self._policy.refuses_name(host):
            raise _blocked(host, "it is loopback")
        address = literal_address(host.rstrip("."))
        if address is not None and (why := self._policy.refusal(str(address))):
            raise _blocked(host, f"{address} is {why}", str(address))
        if self._policy.refuses_port(port):
            raise FetchError(
                f"refused to connect: port {port} is not one of those allowed",
                reason="blocked-port",
                thing=host,
                todo="Name it in network.ports, or in fetch.ports of the outlet's seed.",
            )


def _blocked(host: str, why: str, *tried: str) -> FetchError:
    return FetchError(
        f"refused to connect: {why}",
        reason="blocked-address",
        thing=host,
        todo="Name its range in fetch.addresses of the outlet's seed, where it is the outlet's.",
        tried=tried,
    )


def _host_and_port(target: str, port: int) -> tuple[str, int]:
    """Split "host:port", "host", "[v6]:port" or "[v6]"."""
    host, colon, digits = target.rpartition(":")
    if not colon or not digits.isdigit():
        host, digits = target, str(port)
    return host.strip("[]"), int(digits)
