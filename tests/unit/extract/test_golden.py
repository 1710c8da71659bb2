import json
from pathlib import Path

import pytest
from golden.bless import extract_golden, golden_pages


@pytest.mark.parametrize("path", golden_pages(), ids=lambda path: path.stem)
def test_page_gives_the_blessed_article(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert extract_golden(path) == expected


def test_every_boilerplate_line_of_the_aggregated_copy_is_gone() -> None:
    (path,) = (page for page in golden_pages() if page.stem == "aggregated-copy")
    article = extract_golden(path)
    for line in (
        "Estimated read time", "Please use Chrome", "The ferry leaves the harbour", "Image:",
        "The ferry at its quay", "A white ferry", "Read more", "Source link",
        "You May Also Like", "More From Author", "no comments", "Add yours", "World News",
    ):  # fmt: skip
        assert line not in article["text"], line
    assert article["section"] == "World News"
    assert article["read_time"] == {"minutes": 4, "source": "published"}
    assert article["links"]["original"] == "https://original.example.org/story/ferry-13400001"
    assert article["text"].split("\n") == [block["text"] for block in article["blocks"]]
