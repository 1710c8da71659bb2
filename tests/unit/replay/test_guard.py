from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from archiver.replay.guard import Keys

TOKEN = "a token of this archive"


class Clock:
    def __init__(self, now: float) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def test_a_signed_value_ends_in_time() -> None:
    clock = Clock(1000.5)
    keys = Keys(TOKEN, clock)
    signed = keys.sign("session", seconds=10)
    assert keys.holds(signed, "session")
    clock.now = 1009.9
    assert keys.holds(signed, "session")
    clock.now = 1010
    assert not keys.holds(signed, "session")


def test_a_signed_value_is_for_one_purpose_and_one_token() -> None:
    keys = Keys(TOKEN, Clock(1000))
    signed = keys.sign("session", seconds=10)
    assert not keys.holds(signed, "archived")
    assert not Keys(f"{TOKEN}!", Clock(1000)).holds(signed, "session")
    later = "f" + signed  # an end that was put off
    assert not keys.holds(later, "session")


def test_passes_are_the_same_for_an_hour() -> None:
    clock = Clock(7200 * 1000)
    keys = Keys(TOKEN, clock)
    first = keys.passing()
    clock.now += 3600
    second = keys.passing()
    clock.now += 1
    assert keys.passing() != second
    assert second != first
    assert keys.holds(first.removeprefix("/~"), "archived")


@given(st.text(max_size=80))
def test_nothing_else_opens(text: str) -> None:
    keys = Keys(TOKEN, Clock(1000))
    assert keys.opens(text) == (text == TOKEN)
    assert not keys.holds(text, "session")
    signed = keys.sign("session", seconds=10)
    assert keys.holds(signed + text, "session") == (not text)
