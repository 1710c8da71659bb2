"""What a homepage says of its outlet."""

from __future__ import annotations

import pytest

from archiver.discover.html import html_tree
from archiver.discover.masthead import Masthead, id_of, masthead


def of(head: str, homepage: str, lang: str = "", **more: list[str]) -> Masthead:
    tree = html_tree(f"<html {lang}><head>{head}</head><body><p>x</p></body></html>")
    return masthead(tree, homepage=homepage, **more)


@pytest.mark.parametrize(
    ("homepage", "name"),
    [
        ("https://www.bbc.co.uk/news", "bbc"),
        ("https://news.sky.com/", "sky-news"),
        ("https://feeds.post.example/rss", "post"),
        ("https://lanacion.com.ar/", "lanacion"),
        ("https://m.übergröße.de/", "xn-bergrsse-r4a8c"),
        ("http://127.0.0.1:8000/", "127-0-0-1"),
        ("http://localhost/", "localhost"),
        ("https://www.com/", "com"),
    ],
)
def test_id(homepage: str, name: str) -> None:
    assert id_of(homepage) == name


def test_names_languages_and_places() -> None:
    found = of(
        '<meta property="og:site_name" content=" Le  Journal "><title>Le Journal - une</title>',
        "https://journal.fr/", "lang=fr-FR",
    )  # fmt: skip
    assert (found.name, found.language, found.country, found.timezone) == (
        "Le Journal", "fr", "FR", "Europe/Paris"
    )  # fmt: skip
    found = of("<title>News, sport and more | Sky News</title>", "https://news.sky.com/", "lang=en")
    assert (found.name, found.country) == ("Sky News", None)
    found = of('<meta property="og:locale" content="pt_BR">', "https://jornal.example/")
    assert (found.name, found.language, found.country) == ("jornal.example", "pt", "BR")
    assert found.timezone is None  # there are several
    found = of("", "https://post.co.uk/", languages=["en-gb", "cy", "en"])
    assert (found.language, found.country, found.timezone) == ("en", "GB", "Europe/London")
    assert of("", "https://post.tv/").country is None
    assert of("", "https://post.zz/").country is None  # no country of the table
    assert masthead(None, homepage="https://post.example/").name == "post.example"
