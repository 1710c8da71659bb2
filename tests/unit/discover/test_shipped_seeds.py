"""The seeds that ship: they load, and their patterns tell articles from lists."""

from pathlib import Path

import pytest

from archiver.config.seeds import load_seeds
from archiver.discover.candidates import is_candidate
from archiver.model import Outlet
from archiver.urls import canonical_url

SEEDS = Path(__file__).parents[3] / "seeds"

# Addresses in the form that each outlet gives its articles.
ARTICLES = {
    "abc-news": "https://www.abc.net.au/news/2024-05-06/some-words/103806094",
    "ap-news": "https://apnews.com/article/some-words-3cc842471fb9df42315d658d88c8403a",
    "bbc-news": "https://www.bbc.com/news/articles/clymn8zyrp9o?at_medium=RSS",
    "el-pais": "https://elpais.com/internacional/2024-05-06/unas-palabras.html",
    "le-monde": "https://www.lemonde.fr/politique/article/2023/08/30/des-mots_6187099_823448.html",
    "nhk": "http://www3.nhk.or.jp/news/html/20240506/k10014441000000.html",
    "npr": "https://www.npr.org/2024/05/06/1249000000/some-words",
    "sky-news": "https://news.sky.com/story/some-words-13256411",
    "spiegel": "https://www.spiegel.de/ausland/worte-a-60a0111a-c2d2-46c8-9e93-b16a374e6ba8#ref=rss",
    "tagesschau": "https://www.tagesschau.de/ausland/europa/worte-100.html",
    "the-guardian": "https://www.theguardian.com/world/2024/may/06/some-words",
    "ukrainska-pravda": "https://www.pravda.com.ua/news/2024/05/06/7454321/",
}
OUTLETS = load_seeds(SEEDS)


def test_every_seed_has_an_example():
    assert set(OUTLETS) == set(ARTICLES)


@pytest.mark.parametrize("outlet", OUTLETS.values(), ids=OUTLETS)
def test_patterns_admit_articles_and_no_lists(outlet: Outlet):
    assert is_candidate(canonical_url(ARTICLES[outlet.id]), outlet)
    for listed in (outlet.homepage, *(source.url for source in outlet.sources)):
        assert not is_candidate(listed, outlet)


def test_files_are_named_after_their_outlets_and_countries():
    for file in SEEDS.rglob("*.toml"):
        assert (OUTLETS[file.stem].country or "").lower() == file.parent.name
