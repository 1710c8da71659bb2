from __future__ import annotations

from archiver.revise.costs import Cost, total


def test_what_an_article_costs_a_day() -> None:
    counts = {"articles/rechecked": 30, "rechecks/unmodified": 20, "rechecks/bytes": 9000}
    cost = Cost.of({**counts, "rechecks/changed": 4, "articles/new": 5}, due=3, articles=60)
    assert (cost.requests_an_article, cost.bytes_an_article) == (0.5, 150.0)
    both = total([cost, Cost.of({}, due=1, articles=40)])
    assert both.to_json() == {
        "due": 4,
        "checks": 30,
        "unmodified": 20,
        "changed": 4,
        "bytes": 9000,
        "requests_an_article": 0.3,
        "bytes_an_article": 90.0,
    }
    assert (total([]).requests_an_article, Cost().bytes_an_article) == (0.0, 0.0)
