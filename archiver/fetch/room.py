"""Back-pressure in bytes."""

from __future__ import annotations

import asyncio
from collections import deque


class Room:
    """Bounds how many bytes are held at once; first come, first served. For one event loop."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._taken = 0
        self._outside: deque[tuple[int, asyncio.Future[None]]] = deque()

    async def enter(self, size: int) -> None:
        """Wait until there is room; what is larger than all of it has it alone."""
        if not self._outside and self._fits(size):
            self._taken += size
            return
        turn = asyncio.get_running_loop().create_future()
        self._outside.append((size, turn))
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # let in and cancelled at once
                self.leave(size)
            raise

    def leave(self, size: int) -> None:
        """Give the room back, and let in who fits."""
        self._taken -= size
        while self._outside and (
            self._outside[0][1].cancelled() or self._fits(self._outside[0][0])
        ):
            size, turn = self._outside.popleft()
            if not turn.cancelled():
                self._taken += size
                turn.set_result(None)

    def _fits(self, size: int) -> bool:
        return not self._taken or self._taken + size <= self._size
