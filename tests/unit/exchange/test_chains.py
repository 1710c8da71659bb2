"""Which captures of a run were one request: with redirects followed, and those that were not."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.captures import START, make_capture

from archiver.exchange.chains import chains_of
from archiver.model import Capture, CaptureKind

SITE = "http://x.example/"
A, B, C = (f"{SITE}{name}" for name in "abc")


def answer(
    url: str, second: int, status: int = 200, to: str | None = None, kind: str = "page"
) -> Capture:
    made = make_capture(url, START + timedelta(seconds=second))
    return replace(made, status=status, redirect_to=to, kind=CaptureKind(kind))


def test_a_redirect_is_followed_to_its_answer() -> None:
    captures = [answer(A, 0, 301, "/b"), answer(B, 1, 308, C), answer(C, 2)]
    [chain] = chains_of(captures, alone=())
    assert (chain.asked, chain.last, chain.hops) == (A, captures[2], (A, B))
    assert chain.permanent
    assert chain.leads_to is None


def test_one_redirect_for_now_makes_the_way_no_permanent_one() -> None:
    [chain] = chains_of([answer(A, 0, 301, B), answer(B, 1, 302, C), answer(C, 2)], alone=())
    assert not chain.permanent


@pytest.mark.parametrize(
    ("captures", "alone"),
    [
        ([answer(A, 0, 301, B), answer(B, 1)], {B}),  # it is asked for by itself
        ([answer(B, 0), answer(A, 1, 301, B)], ()),  # it was asked for before
        ([answer(A, 0, 301, B), answer(B, 1, kind="section")], ()),  # as something else
        ([answer(A, 0, 301, B), answer(C, 1)], ()),  # never
    ],
)
def test_a_redirect_that_was_not_followed_is_the_answer(
    captures: list[Capture], alone: set[str]
) -> None:
    chains = {chain.asked: chain for chain in chains_of(captures, alone=alone)}
    assert len(chains) == len(captures)
    assert (chains[A].last.url, chains[A].hops, chains[A].leads_to) == (A, (A,), B)
    assert chains[A].permanent


def test_a_page_that_two_lead_to_was_asked_for_by_the_first() -> None:
    captures = [answer(A, 0, 302, C), answer(B, 1, 302, C), answer(C, 2)]
    first, second = chains_of(captures, alone=())
    assert (first.asked, first.last.url) == (A, C)
    assert (second.asked, second.last.url, second.leads_to) == (B, B, C)


def test_the_last_answer_counts() -> None:
    [chain] = chains_of([answer(A, 0, 503), answer(A, 5)], alone=())
    assert chain.last.status == 200


@pytest.mark.parametrize("target", ["http://[::1", "", "javascript:x"])
def test_what_leads_nowhere_is_an_answer(target: str) -> None:
    [chain] = chains_of([answer(A, 0, 301, target)], alone=())
    assert chain.last.url == A


@given(
    st.lists(
        st.tuples(
            st.sampled_from("abcde"),
            st.sampled_from([200, 301, 302, 404]),
            st.sampled_from("abcde"),
        ),
        max_size=12,
    )
)
def test_each_answer_is_told_once(steps: list[tuple[str, int, str]]) -> None:
    captures = [
        answer(SITE + url, second, status, SITE + to)
        for second, (url, status, to) in enumerate(steps)
    ]
    chains = list(chains_of(captures, alone=()))
    told = [url for one in chains for url in {*one.hops, one.last.url}]
    assert sorted(told) == sorted({one.url for one in captures})
