"""Language, access, walls, live blogs."""

import pytest
from support.documents import document, json_ld

from archiver.extract.access import find_access
from archiver.extract.kind import wall_of
from archiver.extract.language import find_language
from archiver.extract.liveblog import live_blocks
from archiver.extract.region import find_region
from archiver.model import Access, ArticleKind

GERMAN = (
    "Die Fähre fährt nach einem langen Winter wieder über den Fluss, und die ersten Fahrgäste "
    "standen schon am frühen Morgen am Ufer. Der Kapitän sagte, dass er sich auf den Sommer "
    "freue und dass die Stadt das Geld für einen neuen Anleger endlich gefunden habe."
)
NORWEGIAN = (
    "Fergen går igjen etter en lang vinter, og de første passasjerene sto på kaia tidlig om "
    "morgenen. Kapteinen sa at han gledet seg til sommeren, og at byen endelig hadde funnet "
    "pengene til en ny kai og til flere avganger om dagen."
)


@pytest.mark.parametrize(
    ("stated", "text", "language"),
    [
        ("de-AT", GERMAN, "de"),
        ("en", GERMAN, "de"),  # the language of the template
        ("en", GERMAN[:60], "en"),  # too few words to say so
        ("", GERMAN, "de"),
        ("nb", NORWEGIAN, "nb"),  # the detector says "no", a near relative
        ("tlh", GERMAN, "tlh"),  # a language that the detector does not know
    ],
)
def test_language_is_stated_and_checked(stated: str, text: str, language: str) -> None:
    assert find_language(document(attributes=f'lang="{stated}"'), text) == language


PROSE = "<p>Long words of the story stand here and go on for a line or more.</p>" * 2


def access(head: str, body: str, text: str) -> Access:
    page = document(head, f"<h1>The ferry</h1><article>{PROSE}{body}</article>")
    return find_access(page, find_region(page), text)


PAID = (
    '{"@type":"NewsArticle","headline":"The ferry","isAccessibleForFree":false,"hasPart":'
    '{"@type":"WebPageElement","isAccessibleForFree":"False","cssSelector":".paid"}}'
)
WALL = "<div class=gate><p>Subscribe to continue reading this story.</p></div>"
LONG = "word " * 600


@pytest.mark.parametrize(
    ("head", "body", "text", "free"),
    [
        (json_ld(PAID), WALL, "short", False),
        (json_ld(PAID), "", "short", False),
        (json_ld(PAID), f"<div class=paid>{LONG}</div>", LONG, None),  # it is all there
        (json_ld(PAID), f"<div class=paid>{LONG}</div>{WALL}", LONG, False),
        (json_ld(PAID.replace("false", "true")), WALL, "short", None),  # it contradicts itself
        ("", WALL, "short", False),
        ("", WALL, LONG, None),
        ("", f"<aside>{WALL}</aside>", "short", None),
        ("", f'<div style="display:none">{WALL}</div>', "short", None),
        ("", "", LONG, None),
    ],
)
def test_access_is_not_believed_without_what_is_seen(
    head: str, body: str, text: str, free: bool | None
) -> None:
    assert access(head, body, text).free is free


def test_access_names_its_evidence() -> None:
    assert access(json_ld(PAID), f"<div class=paid>two words</div>{WALL}", "short").evidence == (
        "json-ld:isAccessibleForFree=false; seen: 'subscribe to continue'; "
        "seen: 9 characters in cssSelector"
    )


@pytest.mark.parametrize(
    ("head", "body", "kind"),
    [
        ("", "<h1>Un instant…</h1>", ArticleKind.BLOCKED),
        ("", "<p>Verify you are human by completing the action below.</p>", ArticleKind.BLOCKED),
        ("<script>window._cf_chl_opt={};</script>", "<p>wait</p>", ArticleKind.BLOCKED),
        ("<script src=https://x.captcha-delivery.com/c.js></script>", "", ArticleKind.BLOCKED),
        ("", "<p>Wir und unsere Partner</p><p>Alle akzeptieren</p>", ArticleKind.CONSENT),
        ("", "<h1>La tua privacy</h1><p>Accetta</p>", ArticleKind.CONSENT),
        ('<meta property="og:type" content="article">', "<p>Accept all. We and our</p>", None),
        (json_ld('{"@type":"NewsArticle","headline":"Just a"}'), "<h1>Just a moment</h1>", None),
        ("", "<h1>Captain waits</h1><p>He said: verify it.</p>", None),
    ],
)  # fmt: skip
def test_walls_of_many_makers(head: str, body: str, kind: ArticleKind | None) -> None:
    assert wall_of(document(head, body)) == kind


POST = (
    '<article class="live-blog__post" id="{number}"><time datetime="2026-05-04T1{number}:00:00Z">'
    '</time><h2>Head {number}</h2><span class="author">Ada Reed</span><p>Words {number}.</p>'
    "<figure><p>no words</p></figure></article>"
)


def test_live_blog_of_the_page_is_read_oldest_first() -> None:
    page = document(body="<h1>Live</h1>" + "".join(POST.format(number=n) for n in (3, 2, 1)))
    blocks = live_blocks(page)
    assert [block.text for block in blocks] == [
        "Head 1", "Words 1.", "Head 2", "Words 2.", "Head 3", "Words 3.",
    ]  # fmt: skip
    assert {block.author for block in blocks} == {"Ada Reed"}
    assert blocks[0].time == "2026-05-04T11:00:00+00:00"
    newer = document(body="<h1>Live</h1>" + "".join(POST.format(number=n) for n in (4, 3, 2, 1)))
    assert live_blocks(newer)[: len(blocks)] == blocks  # the text is stable


def test_list_of_teasers_with_times_is_no_live_blog() -> None:
    teaser = '<div class="live-event-teaser"><p>More news</p></div>'
    assert live_blocks(document(body="<h1>x</h1>" + teaser * 3)) == ()
