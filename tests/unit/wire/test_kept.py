"""Lists that grow on disk."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import DiskFullError
from archiver.wire import kept
from archiver.wire.kept import Kept


@given(st.lists(st.text()), st.lists(st.text()), st.integers(1, 9), st.integers(0, 200))
def test_it_is_a_list(first: list[str], then: list[str], group: int, limit: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kept, "_GROUP", group)
        patch.setattr(kept, "_LIMIT", limit)
        made = Kept(first)
        assert list(made) == first
        made.extend(then)  # after some of it was read
        assert (list(made), len(made)) == (first + then, len(first) + len(then))
        assert list(made) == first + then
        crossed = pickle.loads(pickle.dumps(made))
        made.append("here")
        crossed.append("there")
        assert list(made) == [*first, *then, "here"]
        assert list(crossed) == [*first, *then, "there"]


def test_it_can_be_gone_through_twice_at_a_time() -> None:
    made = Kept(range(5000))
    assert all(one == other for one, other in zip(made, made, strict=True))


def test_no_room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "not-there"))
    with pytest.raises(DiskFullError, match="cannot be held"):
        Kept(b"%d" % number * 100 for number in range(5000))
