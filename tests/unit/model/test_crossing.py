"""Facts that cross between processes come out as they went in."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.model import WarcRef
from archiver.model.crossing import crosses_quickly


@crosses_quickly
@dataclass(frozen=True, kw_only=True, slots=True)
class _Inner:
    text: str
    number: int | None = None


@crosses_quickly
@dataclass(frozen=True, kw_only=True, slots=True)
class _Outer:
    inner: _Inner
    more: tuple[_Inner, ...] = ()


inners = st.builds(_Inner, text=st.text(), number=st.none() | st.integers())


@given(st.builds(_Outer, inner=inners, more=st.lists(inners).map(tuple)))
def test_what_crosses_is_the_same(fact: _Outer) -> None:
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert pickle.loads(pickle.dumps(fact, protocol)) == fact
    assert copy.deepcopy(fact) == fact


def test_who_knows_only_pickle_makes_one_too() -> None:
    """The type's own module tells how, wherever it is imported."""
    fact = WarcRef(file="x.warc.gz", offset=1, length=2, record_id="<urn:x:y>")
    script = "import pickle, sys; print(pickle.load(sys.stdin.buffer))"
    found = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(fact), capture_output=True, check=True
    )
    assert found.stdout.decode().strip() == repr(fact)


def test_values_alone_cross() -> None:
    fact = _Inner(text="x" * 20)
    assert b"number" not in pickle.dumps(fact)


def test_it_stays_frozen() -> None:
    came = pickle.loads(pickle.dumps(_Inner(text="x")))
    with pytest.raises(FrozenInstanceError):
        came.text = "y"
    assert not hasattr(came, "__dict__")
