from __future__ import annotations

from pathlib import Path

from support.captures import START, after, make_article, make_capture, make_ref
from support.redactions import redact, second
from support.standing import mark

from archiver.model import Capture, Changes
from archiver.store.catalogue import Catalogue
from archiver.store.exports import Choice

PAGE = "https://news.sky.com/story/rain-"


def save(catalogue: Catalogue, number: int, *days: int, outlet: str = "sky-news") -> None:
    for day in days:
        text = f"text of {number} on day {day}"
        catalogue.save_article(
            make_article(f"{PAGE}{number}", text, after(days=day), outlet=outlet)
        )


def everything(catalogue: Catalogue, choice: Choice, limit: int) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    mark: int | None = 0
    while mark is not None:
        page = catalogue.exported_articles(choice, after=mark, limit=limit)
        found |= {one.url: [r.number for r in one.revisions] for one in page.articles}
        mark = page.after
    return found


def test_pages_of_any_length_give_every_article_once(catalogue: Catalogue) -> None:
    for number in range(7):
        save(catalogue, number, 0, *([1] if number % 2 else []))
    expected = {f"{PAGE}{n}": [1, 2] if n % 2 else [1] for n in range(7)}
    for limit in (1, 2, 7, 8):
        assert everything(catalogue, Choice(), limit) == expected


def test_articles_are_chosen_by_outlet_state_and_time_of_capture(catalogue: Catalogue) -> None:
    save(catalogue, 0, 0, 5)
    save(catalogue, 1, 2)
    save(catalogue, 2, 2, outlet="bbc")
    mark(catalogue, f"{PAGE}1", at=after(days=9), status=410)
    chosen = {
        "bbc": Choice(outlets=("bbc",)),
        "nobody": Choice(outlets=("nobody",)),
        "gone": Choice(state="missing"),
        "since": Choice(since=after(days=5)),
        "until": Choice(until=after(days=2)),
        "between": Choice(since=after(days=1), until=after(days=5), outlets=("sky-news",)),
    }
    found = {name: everything(catalogue, choice, 2) for name, choice in chosen.items()}
    assert found == {
        "bbc": {f"{PAGE}2": [1]},
        "nobody": {},
        "gone": {f"{PAGE}1": [1]},
        "since": {f"{PAGE}0": [2]},
        "until": {f"{PAGE}0": [1]},
        "between": {f"{PAGE}1": [1]},
    }


def test_articles_are_found_by_url_and_spelling(catalogue: Catalogue) -> None:
    save(catalogue, 0, 0)
    save(catalogue, 1, 0)
    catalogue.save_article(make_article(f"{PAGE}2", "x"), spellings={f"{PAGE}2/amp": "amphtml"})
    http = f"{PAGE}0".replace("https", "http")
    numbers = catalogue.articles_named([http, f"{PAGE}2/amp", "https://nowhere.example/"])
    page = catalogue.exported_articles(Choice(), numbers=numbers)
    assert [one.url for one in page.articles] == [f"{PAGE}0", f"{PAGE}2"]
    assert catalogue.articles_named([]) == []


def test_what_is_redacted_is_no_export(catalogue: Catalogue, tmp_path: Path) -> None:
    for number in range(4):
        save(catalogue, number, 0, 1)
    captures = [make_capture(f"{PAGE}{n}", after(days=d)) for n in range(4) for d in (0, 1)]
    catalogue.add_captures(captures)
    redact(catalogue, tmp_path, f"{PAGE}0")
    redact(catalogue, tmp_path, f"{PAGE}1", moment=second(after(days=1)))
    redact(catalogue, tmp_path, f"{PAGE}2/", prefix=True)
    assert everything(catalogue, Choice(), 1) == {f"{PAGE}1": [1], f"{PAGE}3": [1, 2]}
    assert everything(catalogue, Choice(since=after(days=1)), 9) == {f"{PAGE}3": [2]}
    shown = [(one.url[-1], one.captured_at) for one in captured(catalogue, Choice(), 2)]
    assert shown == [("1", START), ("3", START), ("3", after(days=1))]


def captured(catalogue: Catalogue, choice: Choice, limit: int) -> list[Capture]:
    found: list[Capture] = []
    page = catalogue.exported_captures(choice, limit=limit)
    found += page.captures
    while page.after is not None:
        page = catalogue.exported_captures(choice, after=page.after, limit=limit)
        found += page.captures
    return found


def test_captures_come_by_url_and_time_on_pages_of_any_length(catalogue: Catalogue) -> None:
    captures = [make_capture(f"{PAGE}{n}", after(days=d)) for n in range(3) for d in (0, 1)]
    same_moment = make_capture(f"{PAGE}2", after(days=1), warc=make_ref("z.warc.gz"))
    catalogue.add_captures([*captures, same_moment])
    for limit in (1, 2, 3, 7, 8):
        assert captured(catalogue, Choice(), limit) == [*captures, same_moment]
    catalogue.add_captures([make_capture("https://bbc.example/", outlet="bbc")])
    assert len(captured(catalogue, Choice(outlets=("bbc",)), 2)) == 1
    span = Choice(since=after(days=1), until=after(days=2), outlets=("sky-news",))
    assert [one.captured_at for one in captured(catalogue, span, 2)] == [after(days=1)] * 4


def test_what_changed_comes_along(catalogue: Catalogue) -> None:
    from archiver.revise.compare import comparable, compare
    from archiver.store.judging import Judge

    judge = Judge(compare=compare, comparable=comparable)
    for day, title in enumerate(("Rain expected", "Snow expected")):
        made = make_article(f"{PAGE}0", "a text", after(days=day), title=title)
        catalogue.save_article(made, judge=judge)
    [one] = catalogue.exported_articles(Choice()).articles
    changes = one.revisions[1].changes
    assert isinstance(changes, Changes)
    assert [str(kind) for kind in changes.kinds] == ["headline"]
