import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.documents import document, json_ld

from archiver.extract.readtime import find_read_time, published_minutes, stated_minutes
from archiver.extract.region import find_region
from archiver.extract.text import count_words
from archiver.model import ReadTime


@pytest.mark.parametrize(
    ("line", "minutes"),
    [
        ("4 min read", 4), ("4-minute read", 4), ("Reading time: 12 minutes", 12),
        ("Read time about 3 mins", 3), ("Lesezeit: 3 Minuten", 3), ("3 Min. Lesezeit", 3),
        ("Lesedauer ca. 5 Min.", 5), ("Temps de lecture : 2 min", 2), ("Lecture 2 min.", 2),
        ("2 minutes de lecture", 2), ("Tiempo de lectura: 6 min", 6), ("6 min de lectura", 6),
        ("Tempo di lettura: 4 minuti", 4), ("4 minuti di lettura", 4), ("Leitura 7 min", 7),
        ("Leestijd 5 minuten", 5), ("Lästid: 3 min", 3), ("Lesetid 3 min", 3),
        ("Læsetid: 3 min", 3),
        ("Lukuaika 2 min", 2), ("Czas czytania: 4 min", 4), ("Doba čtení: 3 minuty", 3),
        ("Olvasási idő: 3 perc", 3), ("Okuma süresi: 2 dk", 2), ("Время чтения: 5 мин", 5),
        ("Час читання: 5 хв", 5), ("この記事は3分で読めます", 3), ("読了時間:約3分", 3),
        ("阅读时间:5分钟", 5), ("읽는 시간 3분", 3), ("Waktu baca 4 menit", 4), ("3 phút đọc", 3),
        ("مدة القراءة 3 دقائق", 3), ("זמן קריאה: 4 דקות", 4), ("زمان مطالعه: ۳ دقیقه", 3),
        ("Read 4 comments", None), ("4 minutes ago", None), ("Reading 2:1 Leeds", None),
        ("It took 4 minutes to read the verdict aloud in court.", None),
        ("0 min read", None), ("", None),
    ],
)  # fmt: skip
def test_lines_that_state_a_reading_time(line: str, minutes: int | None) -> None:
    assert stated_minutes(line) == minutes


@settings(max_examples=300, deadline=None)
@given(st.text(max_size=80))
def test_any_line_states_minutes_or_none(line: str) -> None:
    minutes = stated_minutes(line)
    assert minutes is None or 0 < minutes < 1000


CARD = (
    '<meta name="twitter:label1" content="Est. reading time">'
    '<meta name="twitter:data1" content="5 minutes">'
)


def read_time(head: str, body: str, text: str = "word " * 500) -> ReadTime | None:
    page = document(head, f"<h1>The ferry</h1>{body}")
    return find_read_time(page, find_region(page), count_words(text))


@pytest.mark.parametrize(
    ("head", "body", "minutes"),
    [
        (json_ld('{"@type":"NewsArticle","headline":"The ferry","timeRequired":"PT4M"}'), "", 4),
        (json_ld('{"@type":"NewsArticle","timeRequired":"P0Y0M0DT0H3M20S"}'), "", 4),
        (CARD, "", 5),
        ("", "<p>Jo Doe</p><div><span>6</span> min read</div>", 6),
        ("", "<ul><li>4 May</li><li><b>Lesezeit:</b> 6 Min.</li></ul>", 6),
    ],
)  # fmt: skip
def test_stated_time_is_published(head: str, body: str, minutes: int) -> None:
    assert read_time(head, body) == ReadTime(minutes=minutes, source="published")


@pytest.mark.parametrize(
    "body",
    [
        "<aside><p>9 min read</p></aside>",
        "<a href=/other><h3>Other</h3><span>9 min read</span></a>",
        '<div class="related-card"><span>9 min read</span></div>',
        "<script>9 min read</script>",
    ],
)
def test_time_of_another_story_is_not_ours(body: str) -> None:
    assert read_time("", body) == ReadTime(minutes=2, source="computed")
    page = document(body=body)
    assert published_minutes(page, find_region(page)) is None


def test_time_is_counted_by_words_and_characters() -> None:
    assert read_time("", "", "字" * 1000) == ReadTime(minutes=2, source="computed")
    assert read_time("", "", "") is None
