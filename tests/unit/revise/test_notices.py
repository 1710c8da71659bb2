from __future__ import annotations

import pytest

from archiver.revise.corrections import is_notice
from archiver.revise.trivial import is_noise, picture_key


@pytest.mark.parametrize(
    "line",
    [
        "Correction, 5 March: an earlier version of this article gave another sum.",
        "This article was amended on 3 May 2024 to correct a name.",
        "*This story has been updated to reflect the latest figures.",
        "Clarification (3 May): the bridge is in Essex.",
        "Editor\u2019s note: the family asked for a name to be removed.",
        "UPDATE: The mayor has since resigned from all her posts.",
        "Korrektur: Die Zahl war falsch.",
        "In einer früheren Version dieses Artikels hieß es anders.",
        "Anmerkung der Redaktion: Wir haben den Namen geändert.",
        "Une première version de cet article indiquait un autre nom.",
        "Fe de errores: la cifra era otra.",
        "Errata corrige: il nome era sbagliato.",
        "Uma versão anterior deste artigo dizia outra coisa.",
        "Correctie: in een eerdere versie van dit artikel stond een andere naam.",
        "Sprostowanie: podaliśmy złą liczbę.",
        "Rättelse: namnet var fel.",
        "Rettelse: Navnet var feil.",
        "Oprava: uvedli jsme chybné číslo.",
        "Düzeltme: Say\u0131 yanl\u0131\u015ft\u0131.",
        "Исправление: число было неверным.",
        "Уточнення: число було хибним.",
        "【訂正】数字に誤りがありました。",
        "更正\uff1a此前版本的数字有误。",
        "바로잡습니다: 숫자가 틀렸습니다.",
        "Ralat: angka itu keliru.",
    ],
)
def test_notices_of_many_languages(line: str) -> None:
    assert is_notice(line)
    assert not is_noise(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        "Correction officers were hurt in the riot.",
        "Updated 3 May 2024, 14:05",
        "Update: 14:05",
        "Markets await a correction",
        "Aktualisierung der Software dauert Stunden",
        "The ministry corrected its figures on Monday.",
        "Rettelsen kom for sent.",
    ],
)
def test_other_lines_are_none(line: str) -> None:
    assert not is_notice(line)


def test_a_very_long_paragraph_is_none() -> None:
    assert not is_notice("Correction: " + "word " * 200)


@pytest.mark.parametrize(
    "line",
    [
        "Published 2 hours ago · 4 min read",
        "Stand: 12.03.2024, 14:05 Uhr",
        "il y a 3 heures",
        "hace 5 minutos",
        "3 часа назад",
        "2時間前",
        "5分钟前",
        "Kommentare (12)",
        "Oppdatert 3. mai 2024 kl. 10:30",
    ],
)
def test_clocks_and_counters_are_noise(line: str) -> None:
    assert is_noise(line)


@pytest.mark.parametrize(
    "line",
    [
        "Three dead",
        "Elections 2024",
        "Markets fell 3%",
        "12 people were killed",
        "5 killed in 2 days",
    ],
)
def test_headings_with_figures_are_not(line: str) -> None:
    assert not is_noise(line)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (
            "https://a.example/x/rain-in-may-300x200.jpg",
            "https://b.example/y/rain-in-may.webp?w=9&cb=1",
        ),
        ("https://a.example/images/12345/1200.jpg", "https://a.example/images/12345/640.jpg"),
        (
            "https://a.example/resize?url=https://b.example/rain-in-may.jpg&w=3",
            "https://b.example/rain-in-may.jpg",
        ),
    ],
)
def test_one_picture_in_other_sizes(one: str, other: str) -> None:
    assert picture_key(one) == picture_key(other)


def test_two_pictures() -> None:
    assert picture_key("https://a.example/images/1/1200.jpg") != picture_key(
        "https://a.example/images/2/1200.jpg"
    )
    assert picture_key("http://[bad") == "http://[bad"
