"""Seed files: what a good one becomes, and what is said of bad ones."""

from __future__ import annotations

import re
import shutil
import warnings
from pathlib import Path

import pytest

from archiver.config.data import packaged
from archiver.config.seeds import load_seeds, read_seeds
from archiver.config.tomlfile import TomlFile
from archiver.errors import ConfigError
from archiver.model import Outlet, Source, SourceKind

HOSTILE = Path(__file__).parents[2] / "hostile" / "config" / "seeds"

GOOD = """\
id = "example-times"
name = " The Example Times "
homepage = "https://www.example.com/"
country = "gb"
language = "en-GB"
timezone = "Europe/London"
feeds = ["https://www.example.com/rss.xml", "https://www.example.com/rss.xml"]
sitemaps = ["https://www.example.com/sitemap.xml"]
sections = ["https://www.example.com/world"]
hosts = ["News.Example.com", "münchen.example"]

[articles]
include = ['/news/\\d+']
exclude = ['/video/']

[fetch]
delay = "2s"
concurrency = 1
proxy = "http://me@proxy.example:3128"
proxy_password_variable = "EXAMPLE_PROXY"
verify_tls = false
ports = "8080, 9000-9009"
addresses = ["10.1.0.0/16", "fd00::1"]
"""


def seed(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def faults_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load_seeds(folder)
    return caught.value.faults


def only(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / "seeds"
    folder.mkdir()
    shutil.copy(HOSTILE / name, folder)
    return folder


def test_a_full_seed(tmp_path: Path) -> None:
    seed(tmp_path, "gb/times.toml", GOOD)
    assert load_seeds(tmp_path) == {
        "example-times": Outlet(
            id="example-times",
            name="The Example Times",
            homepage="https://www.example.com/",
            sources=(
                Source(kind=SourceKind.FEED, url="https://www.example.com/rss.xml"),
                Source(kind=SourceKind.SITEMAP, url="https://www.example.com/sitemap.xml"),
                Source(kind=SourceKind.SECTION, url="https://www.example.com/world"),
            ),
            country="GB",
            language="en-GB",
            timezone="Europe/London",
            article_include=(r"/news/\d+",),
            article_exclude=("/video/",),
            hosts=("news.example.com", "xn--mnchen-3ya.example"),
            delay=2.0,
            concurrency=1,
            proxy="http://me@proxy.example:3128",
            proxy_password_variable="EXAMPLE_PROXY",
            verify_tls=False,
            ports="8080, 9000-9009",
            addresses=("10.1.0.0/16", "fd00::1/128"),
        )
    }


def test_nothing_to_read_is_no_outlet(tmp_path: Path) -> None:
    seed(tmp_path, ".hidden.toml", "no TOML at all")
    seed(tmp_path, ".git/x.toml", "no TOML at all")
    seed(tmp_path, "notes.txt", "no TOML at all")
    (tmp_path / "folder.toml").mkdir()
    assert load_seeds(tmp_path) == {}
    assert load_seeds(tmp_path / "nowhere") == {}


def test_every_fault_of_a_file_with_its_line(tmp_path: Path) -> None:
    faults = faults_of(only(tmp_path, "every-kind-of-fault.toml"))
    assert all(fault.startswith("seeds/every-kind-of-fault.toml:") for fault in faults)
    lines = [int(re.findall(r":(\d+): ", fault)[0]) for fault in faults]
    assert lines == [2, 4, 5, 6, 7, 9, 12, 13, 16, 17, 20, 21, 22]
    text = "\n".join(faults)
    assert "sitemap: unknown key. Did you mean sitemaps?" in text
    assert "articles.inclde: unknown key. Did you mean articles.include" in text
    assert "hunter2" not in text


@pytest.mark.parametrize(
    ("name", "count", "words"),
    [
        ("no-source.toml", 1, "needs at least one of feeds, sitemaps or sections"),
        ("empty.toml", 4, "id: is missing"),
        ("regexes.toml", 3, "is no regular expression"),
    ],
)
def test_bad_seeds(tmp_path: Path, name: str, count: int, words: str) -> None:
    faults = faults_of(only(tmp_path, name))
    assert len(faults) == count
    assert any(words in fault for fault in faults)


def test_a_regex_that_will_change_its_meaning_is_refused_without_pytest_too(
    tmp_path: Path,
) -> None:
    seed(tmp_path, "a.toml", GOOD.replace(r"/news/\d+", "[[a]"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        (fault,) = faults_of(tmp_path)
    assert "Possible nested set" in fault


def test_an_id_that_two_take_names_both() -> None:
    seeds = read_seeds(HOSTILE)
    wanted = "seeds/twice-1.toml:2 and seeds/twice-2.toml:3: id: 'twice' is taken more than once"
    assert wanted in seeds.faults
    assert seeds.outlets == {}


def test_a_bad_file_costs_only_itself(tmp_path: Path) -> None:
    folder = only(tmp_path, "no-source.toml")
    seed(folder, "gb/times.toml", GOOD)
    seed(folder, "gb/latin.toml", "").write_bytes(b'id = "\xeb"')
    seeds = read_seeds(folder)
    assert list(seeds.outlets) == ["example-times"]
    assert len(seeds.faults) == 2


def test_ten_thousand_good_seeds_need_no_look_at_lines(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What makes this fast is that lines are sought only for faults.
    def never(_: TomlFile, place: object) -> int:
        raise AssertionError(f"sought the line of {place}")

    monkeypatch.setattr(TomlFile, "line", never)
    for number in range(50):
        seed(tmp_path, f"{number}.toml", GOOD.replace("example-times", f"outlet-{number:02}"))
    assert len(load_seeds(tmp_path)) == 50


def test_the_seeds_that_come_along_are_good() -> None:
    load_seeds(packaged("seeds"))
