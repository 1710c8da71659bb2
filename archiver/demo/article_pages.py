"""Article pages: the ordinary one, the live blog, the syndicated copy, the JS-only page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from archiver.demo import markup, outlet
from archiver.demo.story import Post, Story

_ADVERTS = (
    "Ropewalk Chandlery: everything for the boat, and string.",
    "Brandt's of Kiln Row. Four kinds of bread. Open at five.",
    "The Tideline Hotel, Dunmere. Rooms with a view of the ferry.",
)
_VIEWS = {1: "1,204", 2: "3,587"}


class ArticlePages:
    """Makes the pages of one edition; `base` stands before every absolute address."""

    def __init__(self, edition: int, base: str) -> None:
        self.edition = edition
        self.base = base

    def absolute(self, path: str) -> str:
        """A path as a URL."""
        return f"{self.base}{path}"

    def page(self, story: Story, related: Sequence[Story], others: Mapping[str, Story]) -> str:
        """The page of an article; `related` is its further reading, `others` all by slug."""
        if story.special == "js-only":
            return self._state_page(story)
        if story.special == "syndicated":
            return self._syndicated(story, related, others)
        if story.posts:
            return self._live_blog(story, related)
        return self._ordinary(story, related)

    def _ordinary(self, story: Story, related: Sequence[Story]) -> str:
        words = outlet.phrases(story.section)
        pictures = {one.name: markup.figure(one, words) for one in story.images[1:]}
        placed = markup.body(story.body, pictures)
        if story.minutes:
            parts = placed.split("\n")
            placed = "\n".join([*parts[:3], markup.NEWSLETTER, *parts[3:]])
        read = f'<span class="read-time">{story.minutes} {words.read}</span>'
        main = markup.fill(
            "article.html",
            **self._furniture(story, related),
            share=words.share,
            save=words.save,
            read_time=read if story.minutes else "",
            body=placed,
            about_author=words.about,
            bio=escape(words.bio.format(names=_joined(story.authors, words))),
        )
        return self._wrapped(story, main, markup.structured(story, self.absolute))

    def _live_blog(self, story: Story, related: Sequence[Story]) -> str:
        posts = shown_posts(story, self.edition)
        data = markup.structured(story, self.absolute)
        data["dateModified"] = posts[0].time.isoformat()
        data["liveBlogUpdate"] = [self._update(story, post) for post in posts]
        main = markup.fill(
            "liveblog.html",
            **{**self._furniture(story, related), "modified_line": _modified(posts[0].time, story)},
            body=markup.body(story.body),
            posts="\n".join(_post(post) for post in posts),
        )
        return self._wrapped(story, main, data)

    def _update(self, story: Story, post: Post) -> dict[str, object]:
        return {
            "@type": "BlogPosting",
            "@id": self.absolute(f"{story.path}#{post.id}"),
            "headline": post.headline,
            "datePublished": post.time.isoformat(),
            "author": {"@type": "Person", "name": post.author},
            "articleBody": "\n".join(post.paragraphs),
        }

    def _syndicated(
        self, story: Story, related: Sequence[Story], others: Mapping[str, Story]
    ) -> str:
        links = "<br>\n".join(
            f'<a href="{others[slug].path}">{escape(others[slug].title)}</a>'
            for slug in story.embedded
        )
        inserts = {
            "video": markup.fill(
                "video.html",
                poster=markup.image_path(story.images[0]),
                caption=escape(story.video_caption or ""),
            ),
            "readmore": '<div class="read-more"><p><strong>Read more:</strong><br>\n'
            f"{links}</p></div>",
        }
        pictures = {one.name: markup.labelled_figure(one) for one in story.images[1:]}
        main = markup.fill(
            "syndicated.html",
            **{
                **self._furniture(story, related),
                "cover": markup.labelled_figure(story.images[0], cover=True),
            },
            minutes=str(story.minutes),
            original=escape(story.original or ""),
            body=markup.body(story.body, pictures, inserts),
        )
        data = markup.structured(story, self.absolute)
        data["headline"] = f"{story.title} | World News"
        return self._wrapped(story, main, data, suffix="World News")

    def _state_page(self, story: Story) -> str:
        cover = story.images[0]
        article = {
            "headline": story.title,
            "standfirst": story.standfirst,
            "section": outlet.SECTIONS[story.section],
            "publishedAt": story.published.isoformat(),
            "updatedAt": story.touched.isoformat(),
            "authors": [{"name": name} for name in story.authors],
            "tags": list(story.tags),
            "cover": {
                "src": self.absolute(markup.image_path(cover)),
                "alt": cover.alt,
                "caption": cover.caption,
                "credit": cover.credit,
            },
            "body": [{"type": "p", "content": block.plain} for block in story.body],
        }
        state = {
            "props": {"pageProps": {"article": article}},
            "page": "/[section]/[year]/[month]/[day]/[slug]",
            "buildId": "lantern-2026-03",
        }
        return markup.fill(
            "state.html",
            lang=outlet.language(story.section),
            title=escape(story.title),
            description=escape(story.standfirst),
            url=self.absolute(story.path),
            image=self.absolute(markup.image_path(cover)),
            state=markup.json_script(state),
        )

    def _furniture(self, story: Story, related: Sequence[Story]) -> dict[str, str]:
        words = outlet.phrases(story.section)
        tags = "".join(f"<li>{escape(tag)}</li>" for tag in story.tags)
        return {
            "home": words.home,
            "section": story.section,
            "section_name": outlet.SECTIONS[story.section],
            "title": escape(story.title),
            "standfirst": escape(story.standfirst),
            "by": f"{words.by} {_author_links(story.authors, words)}",
            "published": story.published.isoformat(),
            "published_words": outlet.spoken(story.published, words),
            "modified_line": _modified(story.modified, story) + self._views(story),
            "url": self.absolute(story.path),
            "cover": markup.figure(story.images[0], words, cover=True),
            "tags": f'<ul class="tags">{tags}</ul>',
            "advert": self._advert(story),
            "more": words.more,
            "related": markup.link_list(related),
        }

    def _views(self, story: Story) -> str:
        if story.special != "trivial":
            return ""
        return f'<span class="views">{_VIEWS[self.edition]} views</span>'

    def _advert(self, story: Story) -> str:
        turn = self.edition if story.special == "trivial" else len(story.slug)
        return (
            '<aside class="ad" aria-label="Advertisement"><p>Advertisement</p>'
            f"<p>{escape(_ADVERTS[turn % len(_ADVERTS)])}</p></aside>"
        )

    def _wrapped(
        self, story: Story, main: str, data: dict[str, object], *, suffix: str = outlet.NAME
    ) -> str:
        title = story.social_title or story.title
        head = markup.fill(
            "head.html",
            description=escape(story.standfirst),
            url=self.absolute(story.path),
            social_title=escape(title if suffix == outlet.NAME else f"{title} | {suffix}"),
            locale=outlet.phrases(story.section).locale,
            image=self.absolute(markup.image_path(story.images[0])),
            published=story.published.isoformat(),
            modified=str(data["dateModified"]),
            section_name=outlet.SECTIONS[story.section],
            authors=escape(", ".join(story.authors)),
            keywords=escape(", ".join(story.tags)),
            json_ld=markup.json_script(data),
        )
        return shell(
            f"{story.title} | {suffix}",
            main,
            head=head,
            lang=outlet.language(story.section),
            charset="windows-1252" if story.special == "windows-1252" else "utf-8",
        )


def shown_posts(story: Story, edition: int) -> list[Post]:
    """The posts of a live blog that an edition has, newest first, as the page has them."""
    shown = [post for post in story.posts if post.since <= edition]
    return sorted(shown, key=lambda post: post.time, reverse=True)


def shell(
    title: str,
    main: str,
    *,
    head: str = "",
    kind: str = "page",
    lang: str = "en",
    charset: str = "utf-8",
) -> str:
    """A whole page of the site around its main part."""
    nav = "\n".join(
        f'<li><a href="/{slug}/">{name}</a></li>' for slug, name in outlet.SECTIONS.items()
    )
    return markup.fill(
        "page.html",
        title=escape(title),
        main=main,
        head=head,
        kind=kind,
        lang=lang,
        charset=charset,
        nav=nav,
    )


def _post(post: Post) -> str:
    return markup.fill(
        "post.html",
        id=post.id,
        time=post.time.isoformat(),
        clock=outlet.spoken(post.time, outlet.phrases("politics")),
        headline=escape(post.headline),
        author=escape(post.author),
        body="\n".join(f"<p>{escape(text)}</p>" for text in post.paragraphs),
    )


def _modified(when: datetime | None, story: Story) -> str:
    if when is None:
        return ""
    words = outlet.phrases(story.section)
    return (
        f'<time class="modified" datetime="{when.isoformat()}">'
        f"{words.updated} {outlet.spoken(when, words)}</time>"
    )


def _joined(names: Sequence[str], words: outlet.Phrases) -> str:
    return f" {words.joint} ".join(names)


def _author_links(names: Sequence[str], words: outlet.Phrases) -> str:
    return _joined(
        [
            f'<a href="/authors/{outlet.slug_of(name)}" rel="author">{escape(name)}</a>'
            for name in names
        ],
        words,
    )
