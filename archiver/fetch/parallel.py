"""Work on many files, side by side in as many processes as there are processor cores."""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import signal
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection, wait
from multiprocessing.context import ForkContext, ForkServerContext
from multiprocessing.process import BaseProcess
from multiprocessing.synchronize import Lock
from typing import Generic, Self, TypeVar

from archiver.errors import ArchiverError
from archiver.wire.spool import Spool

_Place = TypeVar("_Place")
_Piece = TypeVar("_Piece")
_LIMIT = 1024 * 1024  # bytes of a file's pieces that wait in memory
_WIDE = 1024 * 1024  # bytes that wait in a pipe
_END = b""  # what comes after the last piece of a file


def side_by_side(work: Callable[[_Place], _Piece], places: Sequence[_Place]) -> Iterator[_Piece]:
    """Give what `work`, a function of a module, makes of each place, in their order.

    What it takes, gives and raises has to cross between processes.

    Raises:
        ArchiverError: a process ended by itself; whatever else `work` raises.
    """
    with Streams(partial(_once, work), places, module=work.__module__) as streams:
        for made in streams:
            yield from made


class Streams(Generic[_Place, _Piece]):
    """Gives, of each place in order, what `work` yields of it, while it yields it.

    An iterator for each place, which counts until the next one is asked for. Places are read
    ahead of that, the first ones at once; what comes of them waits, much of it in an unnamed
    file, so that memory is flat. Is to be used as a context manager, and gone through once.

    Args:
        work: a function of `module`; what it takes, gives and raises crosses between processes.
        forked: have this process's children, which have all that it has, and begin at once. Only
            for a process that has no threads, nor anything open that must not be shared.
    """

    def __init__(
        self,
        work: Callable[[_Place], Iterator[_Piece]],
        places: Sequence[_Place],
        *,
        module: str,
        forked: bool = False,
    ) -> None:
        self.places = places
        self._work = work
        self._given = 0  # places that processes were told of
        self._came: dict[int, _Came] = {}
        self._at: dict[Connection, int | None] = {}  # which place each process tells of
        self._processes: list[BaseProcess] = []
        workers = min(os.cpu_count() or 1, len(places))
        self._ahead = 2 * workers  # places: bounds what waits on disk
        if workers > 1:
            context: ForkContext | ForkServerContext = get_context("fork")
            if not forked:
                context = get_context("forkserver")
                context.set_forkserver_preload([module])  # once, and not in each process
            asked, self._tell = context.Pipe(duplex=False)
            _widen(self._tell)
            self._turn = context.Lock()  # whose name has to last while processes begin
            for _ in range(workers):
                told, answer = context.Pipe(duplex=False)
                _widen(told)
                self._at[told] = None
                inherited = (self._tell, *self._at) if forked else ()
                given = (work, self._turn, asked, answer, inherited)
                process = context.Process(target=_serve, args=given, daemon=True)
                process.start()
                self._processes.append(process)
                answer.close()  # so that the process's end is noticed
            asked.close()
            self._hand_out(0)

    def __enter__(self) -> Self:
        """Use as a context manager."""
        return self

    def __exit__(self, *_: object) -> None:
        """End the processes, whatever they are at."""
        for process in self._processes:
            process.terminate()
        for process in self._processes:
            process.join()
            process.close()
        for told in self._at:
            told.close()
        if self._processes:
            self._tell.close()

    def __iter__(self) -> Iterator[Iterator[_Piece]]:
        """Give the pieces of each place.

        Raises:
            ArchiverError: a process ended by itself; whatever else `work` raises.
        """
        if not self._processes:
            yield from map(self._work, self.places)
            return
        for number in range(len(self.places)):
            self._hand_out(number)
            yield self._pieces(number)
            del self._came[number]

    def _pieces(self, number: int) -> Iterator[_Piece]:
        came = self._came[number]
        while (data := came.take()) != _END:
            if data is None:
                self._receive()
                continue
            piece = pickle.loads(data)  # noqa: S301 - of our own process, by a pipe of our own
            if isinstance(piece, _Raised):
                raise piece.error
            yield piece

    def _hand_out(self, number: int) -> None:
        """Tell of places up to so many beyond the one that is asked for: whoever is free has one.

        While this process is busy with what came, they go on.
        """
        upto = min(number + self._ahead, len(self.places))
        for next_one in range(self._given, upto):
            self._came[next_one] = _Came()
            self._tell.send((next_one, self.places[next_one]))
        self._given = upto

    def _receive(self) -> None:
        """Wait for pieces of any place."""
        ready = wait(list(self._at))
        for told in [one for one in self._at if one in ready]:
            try:
                data = told.recv_bytes()
            except (EOFError, OSError) as error:
                raise ArchiverError(
                    "a process that reads files ended by itself",
                    todo="Look whether memory ran out, and do it again.",
                ) from error
            number = self._at[told]
            if number is None:
                self._at[told] = int(data)
                continue
            if number in self._came:  # else nobody wants the rest of it
                self._came[number].put(data)
            if data == _END:
                self._at[told] = None


@dataclass(frozen=True, slots=True)
class _Raised:
    """What `work` raised, beside what it gives, which may be an error too."""

    error: Exception


class _Came:
    """What has come of one place and was not asked for yet, as it came."""

    def __init__(self) -> None:
        self._held = Spool(limit=_LIMIT)
        self._ends: deque[int] = deque()
        self._start = 0

    def put(self, data: bytes) -> None:
        self._held.add(data)
        self._ends.append(len(self._held))

    def take(self) -> bytes | None:
        if not self._ends:
            return None
        start, self._start = self._start, self._ends.popleft()
        data = bytes(self._held.content(start, self._start))
        if not self._ends:  # nothing of it is needed any more
            self._held, self._start = Spool(limit=_LIMIT), 0
        return data


def _once(work: Callable[[_Place], _Piece], place: _Place) -> Iterator[_Piece]:
    yield work(place)


def _serve(
    work: Callable[[_Place], Iterator[_Piece]],
    turn: Lock,
    asked: Connection,
    answer: Connection,
    inherited: Sequence[Connection],
) -> None:
    """Work on the places that come, until there is nobody to tell what came of them."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # is for the parent, which ends this one so:
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for end in inherited:  # the parent's: held here, they would hide its end
        end.close()
    gc.freeze()  # collections would copy the memory that all these processes share
    with suppress(EOFError, ConnectionError):
        while True:
            with turn:
                number, place = asked.recv()
            answer.send_bytes(b"%d" % number)
            try:
                for piece in work(place):
                    answer.send(piece)
            except Exception as error:  # noqa: BLE001 - for who asked, whatever it is
                answer.send(_Raised(error))
            answer.send_bytes(_END)


def _widen(pipe: Connection) -> None:
    """Let as much wait in a pipe as the system allows: who tells need not wait for who listens."""
    if hasattr(fcntl, "F_SETPIPE_SZ"):  # Linux
        with suppress(OSError):
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _WIDE)
