from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.captures import START

from archiver.fetch.imported import Imported, hosts_of, kind_of
from archiver.model import CaptureKind, Outlet
from archiver.warc.compress import compress_member
from archiver.warc.fields import warc_date, warc_fields
from archiver.warc.reader import read_record
from archiver.warc.record import FIELDS, Record, new_record_id, record_head

HOSTS = {"news.example": "daily", "sport.news.example": "sport"}


def stored(path: Path, about: Imported) -> Imported | None:
    block = warc_fields(about.fields())
    headers = [("WARC-Record-ID", new_record_id()), ("WARC-Date", warc_date(START))]
    head = record_head("warcinfo", FIELDS, block, headers)
    record = Record(type="warcinfo", record_id="x", head=head, block=block, date=START)
    path.write_bytes(compress_member(record.data))
    return Imported.said(read_record(path, 0))


@given(name=st.text(st.characters(categories=["L", "N"]), min_size=1), size=st.integers(0, 2**50))
def test_what_is_written_is_read(
    tmp_path_factory: pytest.TempPathFactory, name: str, size: int
) -> None:
    path = tmp_path_factory.mktemp("x") / "x.warc.gz"
    for about in (
        Imported(name=name, sha256="ab", size=size, hosts=HOSTS),
        Imported(name=name, sha256="ab", size=size, outlet="daily"),
    ):
        assert stored(path, about) == about


def test_a_url_is_that_outlets_whose_host_is_nearest() -> None:
    about = Imported(name="x", sha256="", size=0, hosts=HOSTS)
    found = {
        url: about.outlet_of(f"https://{url}")
        for url in (
            "www.news.example/a",
            "m.news.example/a",
            "a.sport.news.example/",
            "badnews.example/",
            "example/",
        )
    }
    assert list(found.values()) == ["daily", "daily", "sport", None, None]
    assert about.outlet_of("dns:news.example") is None


def test_the_hosts_of_seeds() -> None:
    outlets = [
        Outlet(id=name, name=name, homepage=f"https://www.{host}/", sources=(), hosts=more)
        for name, host, more in (("a", "a.example", ("b.example",)), ("b", "b.example", ()))
    ]
    assert hosts_of(outlets) == {"a.example": "a", "b.example": "a"}


def test_kinds_by_media_type() -> None:
    assert kind_of("text/html") is CaptureKind.PAGE
    assert kind_of("image/png") is CaptureKind.REQUISITE
    assert kind_of("application/javascript") is CaptureKind.REQUISITE
    assert kind_of("application/pdf") is CaptureKind.OTHER
    assert kind_of(None) is CaptureKind.OTHER
