"""Pages that list articles, and the few plain pages: front, sections, authors, about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

from archiver.demo import markup, outlet
from archiver.demo.article_pages import shell
from archiver.demo.story import Story

_PLAIN = {
    "About us": """The Daily Lantern is printed in Weighhouse Lane and read in the harbour. It
belongs to its staff. Neither the paper nor the city that it writes about exists anywhere else than
in this demonstration.""",
    "Contact": """The front desk is open from seven until the lamps are lit. Letters are answered
in the order of their politeness.""",
    "Privacy": """We keep a count of readers and nothing else. The count is thrown away on
Sundays.""",
}


def front_page(stories: Sequence[Story]) -> str:
    """The front page: five articles on top, then some of each section."""
    top = [story for story in stories if story.section != "francais"][:5]
    rest = "\n".join(_card(story) for story in top[1:])
    parts = [
        f'<h1 class="visually-hidden" hidden>{outlet.NAME}</h1>',
        f'<section class="hero">{_card(top[0])}<div class="rest">{rest}</div></section>',
    ]
    for slug, name in outlet.SECTIONS.items():
        cards = [_card(story) for story in stories if story.section == slug and story not in top]
        parts.append(
            f'<h2 class="section-title"><a href="/{slug}/">{name}</a></h2>'
            f'<section class="cards">{"".join(cards[:3])}</section>'
        )
    head = f'<meta name="description" content="News from Port Ellery: {outlet.NAME}">'
    return shell(outlet.NAME, "\n".join(parts), head=head, kind="front")


def section_page(slug: str, stories: Iterable[Story]) -> str:
    """All articles of a section."""
    name = outlet.SECTIONS[slug]
    return _listing(f"{name} | {outlet.NAME}", name, stories, lang=outlet.language(slug))


def author_page(name: str, stories: Iterable[Story]) -> str:
    """All articles of an author."""
    return _listing(f"{name} | {outlet.NAME}", name, stories)


def plain_pages() -> dict[str, str]:
    """The pages that nobody reads, by path."""
    return {f"/{title.split()[0].lower()}": notice(title, text) for title, text in _PLAIN.items()}


def notice(title: str, text: str) -> str:
    """A page with a heading and a paragraph: about us, not found, gone."""
    main = f"<h1>{escape(title)}</h1><p>{escape(text)}</p>"
    return shell(f"{title} | {outlet.NAME}", main, kind="plain")


def consent_page(path: str) -> str:
    """The consent wall that stands in an article's place."""
    return markup.fill("consent.html", path=escape(path))


def wire_pages(story: Story, base: str) -> dict[str, str]:
    """The pages of the agency's own site, by path: its front and the original of the copy."""
    original = story.original or ""
    text = "".join(
        f"<p>{escape(block.plain)}</p>" for block in story.body if block.kind == "paragraph"
    )
    article = (
        f"<article><h1>{escape(story.title)}</h1>"
        f'<time datetime="{story.published.isoformat()}">{story.published:%Y-%m-%d %H:%M}</time>'
        f"<p>{escape(story.standfirst)}</p>{text}</article>"
    )
    path = original.removeprefix(base)
    pages = {
        "/": ("Farwire", f'<ul><li><a href="{path}">{escape(story.title)}</a></li></ul>'),
        path: (story.title, article),
    }
    return {
        path: markup.fill(
            "farwire.html",
            title=escape(title),
            url=f"{base}{path}",
            description=escape(story.standfirst),
            main=main,
        )
        for path, (title, main) in pages.items()
    }


def _listing(title: str, heading: str, stories: Iterable[Story], *, lang: str = "en") -> str:
    cards = "\n".join(_card(story) for story in stories)
    main = (
        f'<h1 class="section-title">{escape(heading)}</h1><section class="cards">{cards}</section>'
    )
    return shell(title, main, kind="listing", lang=lang)


def _card(story: Story) -> str:
    return markup.fill(
        "card.html",
        path=story.path,
        image=markup.image_path(story.images[0], 480),
        section_name=outlet.SECTIONS[story.section],
        title=escape(story.title),
        standfirst=escape(story.standfirst),
        published=story.published.isoformat(),
        published_words=outlet.spoken(story.published, outlet.phrases(story.section)),
    )
