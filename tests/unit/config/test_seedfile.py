"""Seed files that are written can be read."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from archiver.config.seedfile import Noted, SeedFile
from archiver.config.seeds import load_seeds
from archiver.errors import ConfigError


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip),
    st.text(st.characters(exclude_categories=["Cs"])),
)
def test_what_is_written_is_read_back(tmp_path: Path, name: str, note: str) -> None:
    seed = SeedFile(
        id="post", name=name, homepage="https://post.example/", country="GB", language="en",
        timezone="Europe/London", feeds=[Noted(url="https://post.example/feed", note=note)],
        hosts=["post.example.net"], notes=[note],
    )  # fmt: skip
    place = seed.place(tmp_path)
    assert place == tmp_path / "gb" / "post.toml"
    place.parent.mkdir(exist_ok=True)
    try:
        text = seed.text()
    except ConfigError:  # a name that is no line of text
        return
    place.write_text(text, encoding="utf-8", newline="")
    outlet = load_seeds(tmp_path)["post"]
    assert outlet.name.strip() == name.strip()
    assert [source.url for source in outlet.sources] == ["https://post.example/feed"]


def test_what_would_be_no_seed_is_not_written() -> None:
    with pytest.raises(ConfigError, match="id"):
        SeedFile(id="No id", name="x", homepage="https://x.example/").text()
