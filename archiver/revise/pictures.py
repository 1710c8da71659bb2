"""What changed of an article's pictures and captions, whatever servers do with their URLs."""

from __future__ import annotations

from archiver.extract.text import letters
from archiver.model import Image
from archiver.revise.body import Side, Size
from archiver.revise.edits import diff_words, is_in_place
from archiver.revise.trivial import is_noise, picture_key


def compare_pictures(old: Side, new: Side, *, in_place: bool = False) -> Size:
    """Words of captions that changed, and one for each picture that came or went.

    A picture without a caption counts only as the cover: others come and go with the template.
    `in_place`: only captions that both have count.
    """
    size = Size()
    olds, news = list(old.article.images), list(new.article.images)
    for before in list(olds):
        after = next((one for one in news if _same(before, one)), None)
        if after is None:
            continue
        olds.remove(before)
        news.remove(after)
        first, second = _caption(before), _caption(after)
        if letters(first) == letters(second):
            continue
        if in_place and not is_in_place(diff_words(first, second)):
            continue
        if (second or not new.says(first)) and (first or not old.says(second)):
            size.add(diff_words(first, second))
    if in_place:
        return size
    covers = [next((one for one in images if one.is_cover), None) for images in (olds, news)]
    for image in olds:
        if _counts(image, new, both=None not in covers):
            size.removed += 1
    for image in news:
        if _counts(image, old, both=None not in covers):
            size.added += 1
    return size


def _caption(image: Image) -> str:
    return "" if is_noise(image.caption or "") else image.caption or ""


def _same(first: Image, second: Image) -> bool:
    if picture_key(first.url) == picture_key(second.url):
        return True
    captions = letters(first.caption or ""), letters(second.caption or "")
    return bool(captions[0]) and captions[0] == captions[1]


def _counts(image: Image, other: Side, *, both: bool) -> bool:
    """Whether a picture that only one article has is news; `both` have a cover of their own."""
    caption = _caption(image)
    if caption and other.says(caption):
        return False
    return bool(caption) or (image.is_cover and both)
