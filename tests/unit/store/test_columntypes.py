from __future__ import annotations

import uuid
from base64 import b32encode
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from archiver.model import CaptureKind, ExtractionState, SourceKind
from archiver.revise.removals import State
from archiver.store import tables
from archiver.store.columntypes import clean, from_micros, pack, to_micros, unpack

SHA1 = "sha1:B2LTWWPUOYAH7UIPQ7ZUPQ4VMBSVC36A"
SHA256 = "sha256:" + "0f" * 32


@given(st.datetimes(timezones=st.just(UTC)))
@example(datetime.max.replace(tzinfo=UTC))
@example(datetime.min.replace(tzinfo=UTC))
def test_times_come_back_to_the_microsecond(at: datetime) -> None:
    assert from_micros(to_micros(at)) == at
    assert from_micros(to_micros(at)).tzinfo is UTC


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    east = datetime(2026, 3, 1, 14, tzinfo=timezone(timedelta(hours=2)))
    assert from_micros(to_micros(east)) == datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="without a time zone"):
        to_micros(datetime(2026, 3, 1))


texts = st.text(st.characters(codec=None), max_size=60)  # lone surrogates too
digests = st.one_of(
    st.binary(min_size=20, max_size=20).map(lambda raw: f"sha1:{b32encode(raw).decode()}"),
    st.binary(max_size=40).map(lambda raw: f"sha256:{raw.hex()}"),
    st.uuids().map(lambda number: f"<urn:uuid:{number}>"),
)


@given(
    st.one_of(
        texts,
        digests,
        st.sampled_from(("sha1:", "sha256:", "<urn:", "<urn:uuid:>")).flatmap(
            lambda head: texts.map(head.__add__)
        ),
    )
)
@example(SHA1.lower())
@example(SHA256.upper())
@example(f"<urn:uuid:{str(uuid.UUID(int=5)).upper()}>")
@example(f"urn:uuid:{uuid.UUID(int=5)}")
@example(f"<urn:uuid:{{{uuid.UUID(int=5)}}}>")
@example("sha1:é")
@example("")
@example("\0" * 20)
def test_packing_loses_nothing(text: str) -> None:
    assert unpack(pack(text)) == text


def test_packing_is_small() -> None:
    assert len(pack(SHA1)) == 21
    assert len(pack(SHA256)) == 33
    assert len(pack(f"<urn:uuid:{uuid.uuid4()}>")) == 17


@given(texts)
def test_clean_text_is_what_both_databases_take(text: str) -> None:
    cleaned = clean(text)
    assert "\0" not in cleaned
    cleaned.encode("utf-8")
    assert clean(cleaned) == cleaned


def test_every_word_of_the_model_has_its_place_for_ever() -> None:
    """A new word goes to the end: what is stored is its place."""
    kinds = ("page", "feed", "sitemap", "section", "robots", "other", "requisite")
    assert kinds == tables.KINDS.words
    assert set(tables.KINDS.words) == set(CaptureKind)
    assert tables.EXTRACTION.words == ("none", "pending", "done", "failed")
    assert set(tables.EXTRACTION.words) == set(ExtractionState)
    assert tables.EXTRACTION.words[1] == ExtractionState.PENDING  # PENDING says 1
    assert tables.SOURCES.words == ("feed", "sitemap", "section")
    assert set(tables.SOURCES.words) == set(SourceKind)
    assert tables.RECORD_TYPES.words == ("response", "revisit", "resource")
    states = ("live", "missing", "removed", "paywalled", "blocked", "moved")
    assert states == tables.ARTICLE_STATES.words
    assert set(tables.ARTICLE_STATES.words) == set(State)
