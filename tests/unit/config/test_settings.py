"""Values that settings take and refuse."""

from __future__ import annotations

import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from archiver.config.addresses import check_contact, check_host, check_page_url, check_peer
from archiver.config.settings import NetworkSettings, Settings
from archiver.config.sources import KEYS


def test_settings_are_frozen_to_the_ground() -> None:
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.crawl.delay = 3.0  # type: ignore[misc] # frozen: that is what is tested
    with pytest.raises(ValidationError):
        settings.crawl = settings.crawl  # type: ignore[misc] # as above


def test_every_setting_says_what_it_is() -> None:
    for key, field in KEYS.items():
        assert field.description, key
        assert field.description.endswith("."), key
        assert not field.is_required(), key


@pytest.mark.parametrize(
    ("section", "values"),
    [
        ("archive", {"folder": ""}),
        ("archive", {"warc_size": "1kB"}),
        ("archive", {"warc_age": 0}),
        ("archive", {"codec": "gzip"}),
        ("archive", {"codec": "zlib", "level": 10}),
        ("archive", {"codec": "isal", "level": 4}),
        ("archive", {"codec": "libdeflate", "level": 13}),
        ("archive", {"prefix": "{outlet.id}"}),
        ("archive", {"prefix": "{date}"}),
        ("archive", {"prefix": "{outlet"}),
        ("archive", {"prefix": "a/b"}),
        ("archive", {"prefix": ".."}),
        ("archive", {"catalogue_url": "mysql://db/news"}),
        ("archive", {"catalogue_url": "sqlite://"}),
        ("archive", {"catalogue_url": "sqlite:///:memory:"}),
        ("archive", {"catalogue_url": "catalogue.sqlite"}),
        ("operator", {"name": "a\r\nX-Injected: b"}),
        ("operator", {"user_agent": "a\r\nX-Injected: b"}),
        ("operator", {"user_agent": " a"}),
        ("operator", {"user_agent": "{host}"}),
        ("operator", {"user_agent": "{version!r}"}),
        ("operator", {"contact": "www.example.org"}),
        ("crawl", {"delay": "nan"}),
        ("crawl", {"delay": float("nan")}),
        ("crawl", {"concurrency": 0}),
        ("crawl", {"retries": 1.5}),
        ("crawl", {"max_body": 0}),
        ("network", {"connect_to": "nowhere"}),
        ("network", {"connect_to": '["a"]'}),
        ("network", {"connect_to": {"a.example/b": "127.0.0.1:1"}}),
        ("network", {"connect_to": {"a.example:0": "127.0.0.1:1"}}),
        ("network", {"connect_to": {"a.example": "localhost:1"}}),
        ("network", {"proxy": "socks5://proxy.example:1080"}),
        ("network", {"proxy": "http://proxy.example:1080/path"}),
        ("network", {"ports": ""}),
        ("network", {"ports": "80, http"}),
        ("network", {"ports": "0"}),
        ("network", {"ports": "90-80"}),
        ("network", {"ports": "1-65536"}),
        ("network", {"event_loop": "trio"}),
        ("extract", {"memory": "1MB"}),
        ("replay", {"port": 65536}),
        ("replay", {"archived_host": "http://replay.localhost"}),
    ],
)
def test_refused(section: str, values: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Settings.model_validate({section: values})


def test_an_event_loop_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "uvloop", None)
    with pytest.raises(ValidationError, match=r"install news-archiver\[uvloop\]"):
        NetworkSettings(event_loop="uvloop")


def test_taken() -> None:
    settings = Settings.model_validate(
        {
            "archive": {"codec": "zlib", "level": 9, "prefix": "news-{outlet}"},
            "operator": {"contact": "mailto:a@example.org"},
            "network": {
                "ports": "80,443 ,8000 - 8001",
                "connect_to": {
                    "WWW.Example.com": "127.0.0.1:80",
                    "[::1]:443": "[::1]:8443",
                    "münchen.example:80": "127.0.0.1:080",
                },
            },
            "log": {"level": "debug"},
        }
    )
    assert settings.network.connect_to == {
        "www.example.com": "127.0.0.1:80",
        "[::1]:443": "[::1]:8443",
        "xn--mnchen-3ya.example:80": "127.0.0.1:80",
    }
    assert settings.network.ports == "80, 443, 8000-8001"
    assert settings.log.level == "DEBUG"
    assert Settings.model_validate(settings.model_dump(mode="json")) == settings


@pytest.mark.parametrize("good", ["", "https://example.org/about", "mailto:a.b@example.org"])
def test_good_contact(good: str) -> None:
    assert check_contact(good) == good


@pytest.mark.parametrize(
    "bad",
    ["a@example.org", "mailto:nobody", "mailto:a@b(c)", "https://example.org/ä", "tel:+1",
     "https://example.org/a b", "https://example.org/a\nb", "https://u:p@example.org/"],
)  # fmt: skip
def test_bad_contact(bad: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        check_contact(bad)


@pytest.mark.parametrize(
    "url",
    [
        "https://me:hunter2@example.org/",
        "https://me:hunter2℀@example.org/",
        "https://me:hunter2[@example.org/",
        "https://me:hunter2 @example.org/",
    ],
)
def test_a_page_url_with_a_password_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match=r"\w") as caught:
        check_page_url(url)
    assert "hunter2" not in str(caught.value)


@settings(deadline=None)
@given(st.text(max_size=30))
def test_no_text_is_more_than_a_value_error(text: str) -> None:
    for check in (check_contact, check_host, check_page_url, check_peer):
        for candidate in (text, f"https://{text}", f"{text}:80"):
            try:
                checked = check(candidate)
            except ValueError:
                continue
            assert "\n" not in checked
            assert "\r" not in checked


def test_the_error_itself_holds_no_input() -> None:
    values = {"archive": {"catalogue_url": "postgresql://me:hunter2@db/news"}}
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(values)
    assert "hunter2" not in f"{caught.value}{caught.value!r}"
