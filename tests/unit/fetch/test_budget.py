from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from scrapy import Request
from scrapy.exceptions import IgnoreRequest
from scrapy.settings import Settings

from archiver.fetch.budget import HostBudget
from archiver.fetch.purpose import KEY, Purpose
from archiver.model import CaptureKind


def passes(budget: HostBudget, url: str) -> bool:
    request = Request(url)
    try:
        budget.process_request(request)
    except IgnoreRequest:
        assert request.meta["archiver_error"] == "host-budget"
        return False
    return True


def of(most: int) -> HostBudget:
    crawler: Any = SimpleNamespace(settings=Settings({"ARCHIVER_HOST_REQUESTS": most}))
    return HostBudget(crawler)


def test_a_host_is_asked_so_often_and_robots_txt_beside_that() -> None:
    budget = of(2)
    page, robots = "https://a.example/1", "https://a.example/robots.txt"
    assert [passes(budget, url) for url in (robots, page, robots, page, page, robots)] == [
        True, True, True, True, False, True
    ]  # fmt: skip
    assert passes(budget, "https://b.example/1")
    moved = Request("https://a.example/moved", meta={KEY: Purpose(kind=CaptureKind.ROBOTS)})
    budget.process_request(moved)  # where a robots.txt was redirected to, the budget being spent
    unlimited = of(0)
    assert all(passes(unlimited, page) for _ in range(9))
