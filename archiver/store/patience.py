"""What a catalogue does while its database is away: wait, and do the whole transaction again.

A server restarts, fails over, or undoes one of two transactions that wait for each other. Each
method of the catalogue is one transaction, so that it can be done again from its beginning. Where
the connection broke while the transaction was being committed, nobody was told whether it was: to
do it again might count twice, not to do it might lose it. So each one leaves a receipt, in the
same transaction, that is looked for then. See docs/decisions/0036-database-away.md.
"""

from __future__ import annotations

import logging
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from functools import wraps
from types import FunctionType
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, delete, select

from archiver.errors import CatalogueError, UndoneError
from archiver.model import utcnow
from archiver.store.engine import insert
from archiver.store.tables import receipt

logger = logging.getLogger(__name__)

LONG = 60.0  # seconds, where nothing else is said
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 2.0  # seconds; each is twice the one before
_NAME, _NUMBER = "archiver_connection", "archiver_transaction"
_OLD = timedelta(days=2)  # nobody waits for a transaction to end so long
_AT_ONCE = 1000  # old receipts that are removed

_Done = TypeVar("_Done")


def make_patient(kind: type[Any]) -> None:
    """Have each public method of a class of `Store` done again while its transaction is undone.

    They wait as long as `self.patience` has it, then raise CatalogueError.
    """
    for name, method in list(vars(kind).items()):
        if isinstance(method, FunctionType) and not name.startswith("_"):
            setattr(kind, name, _patient(method))


def _patient(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def again(self: Any, *args: Any, **named: Any) -> Any:
        # what is given as an iterator can be read once only
        given = [list(one) if isinstance(one, Iterator) else one for one in args]
        return self.patience.try_out(lambda: method(self, *given, **named), method.__name__)

    return again


class Patience:
    """How long a catalogue's methods wait, all together: `seconds` from the first that failed.

    Once that has passed, each is tried once, until one succeeds.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until: float | None = None  # while the database is away, by the monotonic clock

    def try_out(self, work: Callable[[], _Done], name: str) -> _Done:
        """What comes of some work, which is done again as often as the database undoes it.

        Raises:
            CatalogueError: it did so until patience had an end.
        """
        pause, failed = _FIRST_PAUSE, False
        while True:
            try:
                done = work()
            except UndoneError as error:
                now = time.monotonic()
                if self._until is None:
                    self._until = now + self._seconds
                if now >= self._until:
                    raise CatalogueError(error.what, thing=error.thing, todo=error.todo) from error
                if not failed:
                    logger.warning("%s is done again until it succeeds: %s", name, error.what)
                failed = True
            else:
                self._until = None
                if failed:
                    logger.warning("%s has succeeded", name)
                return done
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


@contextmanager
def receipted(engine: Engine, patience: Patience) -> Iterator[Connection]:
    """A transaction that is committed, or known to be undone, whatever breaks meanwhile.

    Raises:
        UndoneError: it is undone.
        CatalogueError: nobody could tell until patience had an end.
    """
    with engine.connect() as conn:
        transaction = conn.begin()
        try:
            yield conn
            name, number = _leave_receipt(conn)
        except BaseException:
            with suppress(UndoneError):  # of a broken connection
                transaction.rollback()
            raise
        try:
            transaction.commit()
        except UndoneError:
            if not patience.try_out(lambda: _is_there(engine, name, number), "commit"):
                raise


def _leave_receipt(conn: Connection) -> tuple[str, int]:
    """Write a receipt for the connection's present transaction; the connection's name, its number.

    Each connection has a row of its own, so that none waits for another.
    """
    name = conn.info.get(_NAME)
    if name is None:
        name = conn.info[_NAME] = uuid.uuid4().hex
        _remove_old(conn)
    number = conn.info[_NUMBER] = conn.info.get(_NUMBER, 0) + 1
    wanted = insert(conn.dialect.name, receipt).values(connection=name, number=number, at=utcnow())
    new = {"number": wanted.excluded.number, "at": wanted.excluded.at}
    conn.execute(wanted.on_conflict_do_update(index_elements=["connection"], set_=new))
    return name, number


def _remove_old(conn: Connection) -> None:
    """Remove what is left of connections that have ended; few, as connections are made seldom."""
    old = select(receipt.c.connection).where(receipt.c.at < utcnow() - _OLD).limit(_AT_ONCE)
    mine = old.with_for_update(skip_locked=True)
    conn.execute(delete(receipt).where(receipt.c.connection.in_(mine)))


def _is_there(engine: Engine, name: str, number: int) -> bool:
    """Whether a connection's transaction was committed.

    To write to the row waits for a transaction that holds it still: its end may be on its way.
    """
    with engine.begin() as conn:
        wanted = insert(conn.dialect.name, receipt).values(connection=name, number=0, at=utcnow())
        looked = wanted.on_conflict_do_update(
            index_elements=["connection"], set_={"at": wanted.excluded.at}
        )
        found: int | None = conn.scalar(looked.returning(receipt.c.number))
    return found == number
