import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.documents import document, json_ld

from archiver.extract.captions import bare_credit, split_credits
from archiver.extract.images import find_images
from archiver.extract.pictures import key_of
from archiver.extract.region import find_region
from archiver.model import Image

PROSE = "<p>Long words of the story stand here and go on for more than a line of it.</p>" * 3


def images(inner: str, head: str = "") -> tuple[Image, ...]:
    page = document(head, f"<article><h1>The ferry</h1>{inner}<div>{PROSE}</div></article>")
    return find_images(page, find_region(page), titles=("The ferry",))


@pytest.mark.parametrize(
    ("img", "url"),
    [
        ('<img src="/s.jpg" srcset="/a.jpg 320w, /b.jpg 1280w, /c.jpg 640w">', "/b.jpg"),
        ('<img src="/s.jpg" srcset="/a.jpg 1x, /b.jpg 2x">', "/b.jpg"),
        ('<img src="data:image/gif;base64,R0" data-src="/lazy.jpg">', "/lazy.jpg"),
        ('<img src="/spacer.gif" data-hi-res="/hi.jpg">', "/hi.jpg"),
        ('<img src="/blank.png"><noscript><img src="/real.jpg"></noscript>', "/real.jpg"),
        (
            '<picture><source srcset="/w.webp 900w, /x.webp 1800w"><img src="/p.jpg"></picture>',
            "/x.webp",
        ),
        (
            '<img srcset="/crop,0,0,1920/a.jpg 480w, /crop,0,0,1920/b.jpg 960w">',
            "/crop,0,0,1920/b.jpg",
        ),
        ('<meta itemprop="contentUrl" content="/meta.jpg">', "/meta.jpg"),
    ],
)
def test_the_largest_picture_is_found(img: str, url: str) -> None:
    (found,) = images(f"<figure>{img}<figcaption>A white boat at sea</figcaption></figure>")
    assert (found.url, found.caption) == (f"https://news.example{url}", "A white boat at sea")


@pytest.mark.parametrize(
    "inner",
    [
        (
            '<div class="photo"><img src="/a.jpg">'
            '<p class="image-caption">A boat. Photo: Jo Doe</p></div>'
        ),
        (
            '<div><img src="/a.jpg"><span class="articleImage__longText">A boat.'
            "</span><small>Jo Doe</small></div>"
        ),
        (
            '<figure><img src="/a.jpg"><span class="Credit">Jo Doe</span>'
            "<figcaption>A boat.</figcaption></figure>"
        ),
        '<figure><img src="/a.jpg"><figcaption>A boat. <cite>Jo Doe</cite></figcaption></figure>',
        '<div><img src="/a.jpg"><div>A boat.</div><div>Foto: Jo Doe</div></div>',
        (
            '<div class="lead-picture"><img src="/a.jpg" data-credit="Jo Doe">'
            "<p>A boat sails home.</p></div>"
        ),
        '<picture><img src="/a.jpg"></picture><figcaption>A boat., Foto: Jo Doe</figcaption>',
        (
            '<aside class="image"><img src="/a.jpg" title="x © Jo Doe">'
            "<p class=caption>A boat.</p></aside>"
        ),
    ],
)
def test_caption_and_credit_wherever_they_stand(inner: str) -> None:
    (found,) = images(inner)
    assert found.caption is not None
    assert found.caption.startswith("A boat")
    assert "Doe" not in found.caption
    assert found.credits == ("Jo Doe",)


@pytest.mark.parametrize(
    "inner",
    [
        '<aside><figure><img src="/b.jpg"><figcaption>Another story</figcaption></figure></aside>',
        (
            '<a href="/other"><figure><img src="/b.jpg"><figcaption>Another story'
            "</figcaption></figure></a>"
        ),
        '<div class="video-player"><img src="/b.jpg"><p class="caption">A film</p></div>',
        '<figure class="video"><img src="/b.jpg"><figcaption>A film</figcaption></figure>',
        '<figure><img src="/b.jpg"><figcaption>Von Lena Uhl</figcaption></figure>',
        '<p class="text-caption">By signing up you agree</p>',
        '<figure><img src="/b.jpg"><figcaption>The ferry</figcaption></figure>',
    ],
)
def test_what_is_no_caption_of_the_story(inner: str) -> None:
    assert [found.caption for found in images(inner) if found.caption] == []


@pytest.mark.parametrize(
    ("text", "caption", "credits_"),
    [
        ("市場の様子\uff08共同\uff09", "市場の様子", ["共同"]),
        ("市場の様子\uff1d一日\uff08代表撮影\uff09", "市場の様子\uff1d一日", ["代表撮影"]),
        ("회의를 하고 있다. 연합뉴스", "회의를 하고 있다.", ["연합뉴스"]),
        ("회의를 하고 있다. 홍길동 기자", "회의를 하고 있다.", ["홍길동"]),
        ("회의 모습. [사진 출처 = 홍길동]", "회의 모습.", ["홍길동"]),
        ("A boat at sea. Jo Doe/Reuters", "A boat at sea.", ["Jo Doe/Reuters"]),
        ("A boat at sea — Picture by Jo Doe", "A boat at sea", ["Jo Doe"]),
        ("[1/5]A boat. REUTERS/Jo Doe Purchase Licensing Rights", "A boat.", ["REUTERS/Jo Doe"]),
        ("Un bateau. Crédit photo : Zoé Roy", "Un bateau.", ["Zoé Roy"]),
        ("Un barco (EFE)", "Un barco", ["EFE"]),
        ("The mayor (file photo)", "The mayor (file photo)", []),
        ("A poster for the film Reuters made", "A poster for the film Reuters made", []),
    ],
)  # fmt: skip
def test_credits_of_many_languages(text: str, caption: str, credits_: list[str]) -> None:
    assert split_credits(text) == (caption, tuple(credits_))


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet="ab ()[]:/©.\uff08\uff09=\uff1d-Photo", max_size=60))
def test_splitting_makes_nothing_up(text: str) -> None:
    caption, credits_ = split_credits(text)
    assert all(len(part) <= len(text) for part in (caption, *credits_))
    bare_credit(text)


def test_caption_of_structured_data_is_that_of_the_picture() -> None:
    data = (
        '{"@type":"NewsArticle","headline":"The ferry","image":{"@type":"ImageObject",'
        '"url":"/a.jpg","caption":"A boat at sea","creditText":"Jo Doe"}}'
    )
    (found,) = images("", json_ld(data))
    assert (found.caption, found.credits) == ("A boat at sea", ("Jo Doe",))


def test_sizes_have_one_key_and_pictures_named_alike_do_not() -> None:
    assert key_of("https://x.example/i/boat_300x150.jpg") == key_of("https://x.example/j/boat.webp")
    assert key_of("https://x.example/1/image.jpg") != key_of("https://x.example/2/image.jpg")
