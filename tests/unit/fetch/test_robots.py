"""What an attempt to have a robots.txt comes to (RFC 9309 section 2.3.1)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from scrapy import Request
from scrapy.http import Response

from archiver.fetch.robots import judge
from archiver.store.robots import KnownRobots

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
URL = "https://a.example/robots.txt"
RULES = "User-agent: *\nDisallow: /a\n"
BEFORE = KnownRobots(rules=RULES, fetched=NOW - 9 * DAY, expires=NOW - 8 * DAY, record="r")


def answer(status: int, cache_control: str | None = None) -> Response:
    headers = {"Cache-Control": cache_control} if cache_control else None
    return Response(URL, status=status, headers=headers, body=RULES.encode(), request=Request(URL))


@pytest.mark.parametrize("known", [None, BEFORE])
@pytest.mark.parametrize(
    ("status", "rules"),
    [(200, RULES), (204, RULES), (302, ""), (400, ""), (401, ""), (403, ""), (404, ""), (451, "")],
)
def test_an_answer_below_500_is_its_rules_or_none(
    known: KnownRobots | None, status: int, rules: str
) -> None:
    found, verdict = judge(known, answer(status), "", NOW)
    assert verdict is None
    assert (found.rules, found.fetched, found.expires) == (rules, NOW, NOW + DAY)
    assert found.unreachable_since is None


def test_redirects_without_end_lead_to_no_rules() -> None:
    found, verdict = judge(BEFORE, None, "redirects", NOW)
    assert verdict is None
    assert found.rules == ""


@pytest.mark.parametrize(("status", "hours"), [(200, 1), (404, 24)])
def test_cache_control_counts_for_rules(status: int, hours: int) -> None:
    """An error page's says nothing of the file that is not there."""
    found, _ = judge(None, answer(status, "max-age=3600"), "", NOW)
    assert found.expires == NOW + timedelta(hours=hours)


@pytest.mark.parametrize(
    ("response", "error", "word"),
    [
        (answer(500), "", "robots-unreachable"),
        (answer(503), "", "robots-unreachable"),
        (answer(599), "", "robots-unreachable"),
        (None, "dns", "dns"),
        (None, "connection", "connection"),
    ],
)
@pytest.mark.parametrize("known", [None, BEFORE])
def test_without_an_answer_nothing_is_allowed_for_30_days(
    known: KnownRobots | None, response: Response | None, error: str, word: str
) -> None:
    found, verdict = judge(known, response, error, NOW)
    assert verdict is not None
    assert (verdict.unreachable, verdict.expires) == (word, None)
    assert found.unreachable_since == NOW
    assert found.rules == (known.rules if known else None)

    month = NOW + 30 * DAY
    found, verdict = judge(found, response, error, month - timedelta(seconds=1))
    assert verdict is not None
    assert verdict.unreachable == word
    found, verdict = judge(found, response, error, month)
    assert verdict is None  # by the rules of before, or none
    assert found.unreachable_since == NOW
    found, _ = judge(found, answer(200), "", month)
    assert found.unreachable_since is None
