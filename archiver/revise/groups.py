"""Joins articles of nearly the same text in groups, and says which of them is the original."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from archiver.revise.likeness import THRESHOLD, bands_of, likeness, signature_of
from archiver.store.likenesses import Compared, Group, Kept, Likenesses, Member
from archiver.urls import urlkey

_BATCH = 500
_MOST = 200  # articles that one is compared with: those that share most keys with it
# From here on an article is found by the keys of the one that it is like.
_SAME = 0.9


@dataclass(frozen=True, kw_only=True, slots=True)
class Grouped:
    """How many articles were compared, and how many of them are like others."""

    compared: int
    joined: int


def group_articles(catalogue: Likenesses) -> Grouped:
    """Compare every article that was not compared yet with those that were.

    Cost grows with the new ones; may be broken off at any time, and run again.
    """
    compared = joined = 0
    while waiting := catalogue.uncompared(_BATCH):
        signatures = {number: signature_of(text) for number, text in waiting.items()}
        keys = {number: bands_of(made) for number, made in signatures.items() if made}
        known = {
            key: list(found)
            for key, found in catalogue.alike(key for own in keys.values() for key in own).items()
        }
        kept = []
        for number, made in signatures.items():
            if made is None:
                kept.append(Kept(article_id=number, signature=None))
                continue
            like = _like(made, keys[number], known)
            found_by_them = any(share >= _SAME for _, share in like)
            own = () if found_by_them else tuple(keys[number])
            numbers = tuple(one.article_id for one, _ in like)
            kept.append(Kept(article_id=number, signature=made, bands=own, like=numbers))
            one = Compared(article_id=number, group_id=None, signature=made)
            for key in own:
                known.setdefault(key, []).append(one)
        joined += catalogue.keep_likenesses(kept)
        compared += len(kept)
    return Grouped(compared=compared, joined=joined)


def _like(
    made: bytes, keys: Iterable[int], known: dict[int, list[Compared]]
) -> list[tuple[Compared, float]]:
    """Those that a text is like, and how much, most first."""
    shared: Counter[int] = Counter()
    by_number: dict[int, Compared] = {}
    for key in keys:
        for one in known.get(key, ()):
            shared[one.article_id] += 1
            by_number[one.article_id] = one
    near = [by_number[number] for number, _ in shared.most_common(_MOST)]
    shares = [(one, likeness(made, one.signature)) for one in near]
    found = [(one, share) for one, share in shares if share >= THRESHOLD]
    return sorted(found, key=lambda pair: -pair[1])


@dataclass(frozen=True, kw_only=True, slots=True)
class Original:
    """Which member of a group the others come from, and why.

    `why`: named (others link to it as their original), published (it says the earliest time of
    publication), captured (it was captured first). `agencies`: whom members name as the source.
    """

    member: Member
    why: str
    agencies: tuple[str, ...] = ()


def original_of(group: Group) -> Original:
    """Find the original of a group.

    What members say of their source goes before what their clocks say: publishers date copies
    back, and a copy may be captured first.
    """
    agencies = Counter(name for one in group.members for name in one.article.agencies)
    told = tuple(name for name, _ in agencies.most_common())
    named = Counter(
        place
        for one in group.members
        for place in _named_by(one, group.members)
        if group.members[place] is not one
    )
    if named:
        place, times = named.most_common(1)[0]
        if list(named.values()).count(times) == 1:
            return Original(member=group.members[place], why="named", agencies=told)
    dated = [one for one in group.members if "T" in (one.article.published or "")]
    if len(dated) == len(group.members):
        first = min(dated, key=lambda one: _moment(one.article.published or ""))
        return Original(member=first, why="published", agencies=told)
    return Original(member=group.members[0], why="captured", agencies=told)


def _named_by(one: Member, members: Sequence[Member]) -> set[int]:
    """The members that one names as its original: by a link, or as its canonical URL."""
    said = {_key(url) for url in (one.article.links.original, one.article.canonical_url) if url}
    return {place for place, other in enumerate(members) if _key(other.url) in said}


def _key(url: str) -> str:
    try:
        return urlkey(url)
    except ValueError:
        return url


def _moment(text: str) -> float:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return float("inf")
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
