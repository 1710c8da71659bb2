"""Who may crawl an outlet, where many machines share a catalogue in PostgreSQL.

Two things together keep crawls of one outlet apart, whatever dies, stops or is cut off:

- an advisory lock, held by a session of its own. It is free at once when its holder dies, and
  after the lease at the latest when its holder is stopped or cut off, since the server ends a
  session that is silent for that long;
- a lease, which the session renews again and again. A holder that could not do so asks for nothing
  after half of it, and closes its files; before all of it has passed it is killed by a timer of
  the kernel, which reaches a stopped process too. Whoever gets the lock after a holder that did
  not give the lease back waits until it has run out by the server's clock.

A holder counts from before it asked for the renewal, the server from when it answered: so the
holder's time is up first. Its clock is CLOCK_BOOTTIME, which goes on while a machine sleeps.
"""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from archiver.errors import CatalogueError, LockedError
from archiver.store.alarm import Alarm
from archiver.store.direct import direct_address

if TYPE_CHECKING:
    import psycopg

logger = logging.getLogger(__name__)

_BEATS = 6  # renewals within a lease
_TRUSTED = 0.5  # of a lease, within which requests are made without a renewal
_LIVES = 0.9  # of a lease, after which the process is gone
_NOW = "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"
_TAKE = """
INSERT INTO lease (name, holder, until, length)
VALUES (%(name)s, %(holder)s, NOW + %(length)s, %(length)s)
ON CONFLICT (name) DO UPDATE
SET holder = excluded.holder, until = excluded.until, length = excluded.length
WHERE lease.until <= NOW OR %(anyway)s RETURNING 1
""".replace("NOW", _NOW)
_LEFT = """
SELECT holder, least(until - NOW, length) FROM lease WHERE name = %(name)s
""".replace("NOW", _NOW)
_RENEW = """
UPDATE lease SET until = NOW + length WHERE name = %(name)s AND holder = %(holder)s RETURNING 1
""".replace("NOW", _NOW)
_GIVE_BACK = "DELETE FROM lease WHERE name = %(name)s AND holder = %(holder)s"
_HOLDER = "SELECT holder FROM lease WHERE name = %(name)s"


@dataclass(frozen=True, kw_only=True, slots=True)
class Alarms:
    """The kernel's timers that ask a process to end, and kill it, if no lease is renewed."""

    ask: Alarm
    kill: Alarm

    @classmethod
    def made(cls) -> Alarms:
        """Those of this process, not set yet."""
        return cls(ask=Alarm.made(signal.SIGINT), kill=Alarm.made(signal.SIGKILL))


class Fence:
    """An outlet's fence, held. `lost` is called once, from a thread, when it is no longer.

    Where no answer comes at all, `alarms` do the same.
    """

    def __init__(
        self,
        connection: psycopg.Connection,
        name: str,
        *,
        lease: float,
        lost: Callable[[], None],
        alarms: Alarms,
    ) -> None:
        self.name = name
        self.holder = f"{socket.gethostname()} process {os.getpid()} {secrets.token_hex(4)}"
        self._connection = connection
        self._lease = lease
        self._lost = lost
        self._alarms = alarms
        self._renewed = 0.0
        self._gone = False
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="fence", daemon=True)

    def held(self) -> bool:
        """Whether a request may be made now: asked just before each."""
        return not self._gone and boottime() < self._renewed + _TRUSTED * self._lease

    def begin(self) -> None:
        """Take the lease, once nobody else can be going on any more; then keep it.

        Raises:
            psycopg.Error: the database does not answer.
        """
        values = {
            "name": self.name,
            "holder": self.holder,
            "length": round(self._lease * 1_000_000),
        }
        until: float | None = None
        while True:
            asked = boottime()
            anyway = until is not None and asked >= until
            if self._connection.execute(_TAKE, {**values, "anyway": anyway}).fetchone():
                break
            row = self._connection.execute(_LEFT, values).fetchone()
            left = max(0.0, row[1] / 1_000_000) if row else 0.0
            if until is None:
                until = asked + left
                logger.info("%s: waits %.1f s for %s", self.name, left, row[0] if row else "")
            # never silent for so long that the server would end the session
            time.sleep(max(0.01, min(left, self._lease / _BEATS)))
        self._note(asked)
        self._thread.start()

    def end(self) -> None:
        """Give the lease back, where that can still be told to anybody.

        Where it was lost the process is still killed by then: one that was told twice to end may
        hang in its last steps for ever, and whoever began it would wait for it.
        """
        self._stop.set()
        if self._thread.ident is not None:
            self._thread.join(self._lease)
        self._alarms.ask.disarm()
        if not self._gone:
            self._alarms.kill.disarm()
            with suppress(Exception):  # then it runs out by itself
                self._connection.execute(_GIVE_BACK, {"name": self.name, "holder": self.holder})

    def _note(self, asked: float) -> None:
        self._renewed = asked
        self._alarms.ask.arm(asked + _TRUSTED * self._lease)
        self._alarms.kill.arm(asked + _LIVES * self._lease)

    def _renew(self) -> None:
        values = {"name": self.name, "holder": self.holder}
        while not self._stop.wait(self._lease / _BEATS):
            asked = boottime()
            try:
                ours = self._connection.execute(_RENEW, values).fetchone() is not None
            except Exception as error:  # noqa: BLE001 - whatever it is, the lease is not renewed
                logger.error("%s: the lock is lost: %s", self.name, str(error).strip())
                ours = False
            if not ours:
                self._gone = True
                if boottime() < self._renewed + _TRUSTED * self._lease:  # else it was asked to end
                    self._alarms.ask.disarm()
                    self._lost()
                return
            self._note(asked)


def boottime() -> float:
    """Seconds of the machine's own clock, which nobody sets and which no sleep stops."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def interrupt() -> None:
    """Have this process close its files and end, as one Ctrl-C does."""
    os.kill(os.getpid(), signal.SIGINT)


@contextmanager
def outlet_fence(
    catalogue_url: str,
    outlet: str,
    *,
    lease: float,
    lost: Callable[[], None] = interrupt,
    alarms: Alarms | None = None,
) -> Iterator[Fence | None]:
    """Hold an outlet's fence until the block ends; None where the catalogue is SQLite's file.

    `lease`: seconds, see above. After a holder that died it takes up to the lease to be had.
    `alarms`: None: those of this process.

    Raises:
        LockedError: at once, where another session has the lock; names its holder.
        CatalogueError: the database does not answer.
    """
    if catalogue_url.startswith("sqlite"):
        yield None
        return
    import psycopg

    address = direct_address(catalogue_url, cut_within=lease / 3)
    try:
        with psycopg.connect(address, autocommit=True) as connection:
            _prepare(connection, lease)
            _lock(connection, outlet)
            timers = alarms or Alarms.made()
            fence = Fence(connection, outlet, lease=lease, lost=lost, alarms=timers)
            fence.begin()
            try:
                yield fence
            finally:
                fence.end()
    except psycopg.Error as error:
        raise CatalogueError(
            f"the outlet cannot be locked: {str(error).strip()}",
            thing=outlet,
            todo="See that the catalogue's database is there.",
        ) from error


def _prepare(connection: psycopg.Connection, lease: float) -> None:
    """Have the server notice in time that this end is gone, and end what hangs."""
    seconds = max(1, int(lease / 4))
    wanted = {
        "idle_session_timeout": round(lease * 1000),  # PostgreSQL 14 and later
        "statement_timeout": round(lease * 1000 / 3),
        "tcp_keepalives_idle": seconds,
        "tcp_keepalives_interval": seconds,
        "tcp_keepalives_count": 2,
        "tcp_user_timeout": round(lease * 1000),
    }
    for name, value in wanted.items():
        connection.execute(
            "SELECT set_config(name, %s, false) FROM pg_settings WHERE name = %s",
            (str(value), name),
        )


def _lock(connection: psycopg.Connection, outlet: str) -> None:
    row = connection.execute("SELECT pg_try_advisory_lock(%s)", (lock_key(outlet),)).fetchone()
    if row is None or not row[0]:
        holder = connection.execute(_HOLDER, {"name": outlet}).fetchone()
        raise LockedError(
            f"locked by {holder[0] if holder else 'somebody who has just come'}",
            thing=outlet,
            todo="Wait until it has ended, or end it there.",
        )


def lock_key(outlet: str) -> int:
    """The number of an outlet's advisory lock, of 64 bits and a space of its own among them."""
    words = hashlib.blake2b(outlet.encode(), digest_size=8, person=b"archiver outlet").digest()
    return int.from_bytes(words, signed=True)
