"""Working folder, precedence, origins, and every fault at once."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.config.load import Loaded, load
from archiver.config.sources import KEYS, SECRETS, variable_of
from archiver.errors import ConfigError

HOSTILE = Path(__file__).parents[2] / "hostile" / "config"
SECRET = "hunter2-do-not-print"


def write(folder: Path, text: str) -> Path:
    path = folder / "config" / "archiver.toml"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def load_in(
    folder: Path, env: dict[str, str] | None = None, flags: dict[str, str] | None = None
) -> Loaded:
    return load(start=folder, explicit=None, env=env or {}, flags=flags or {})


def faults_of(
    folder: Path,
    env: dict[str, str] | None = None,
    flags: dict[str, str] | None = None,
    explicit: Path | None = None,
) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        load(start=folder, explicit=explicit, env=env or {}, flags=flags or {})
    return caught.value.faults


def test_without_a_file_everything_is_default(tmp_path: Path) -> None:
    loaded = load_in(tmp_path)
    assert loaded.folder == tmp_path
    assert loaded.file is None
    assert {origin.kind for origin in loaded.origins.values()} == {"default"}
    assert set(loaded.origins) == set(KEYS)
    assert loaded.settings.archive.warc_size == 10**9
    assert loaded.archive_folder == tmp_path / "archive"
    assert loaded.catalogue_url == f"sqlite:///{tmp_path}/archive/catalogue.sqlite"


def test_the_nearest_folder_above_with_a_file_is_taken(tmp_path: Path) -> None:
    write(tmp_path, "[crawl]\njobs = 7\n")
    inner = tmp_path / "a" / "b"
    inner.mkdir(parents=True)
    loaded = load_in(inner)
    assert loaded.folder == tmp_path
    assert loaded.settings.crawl.jobs == 7
    write(tmp_path / "a", "[crawl]\njobs = 8\n")
    assert load_in(inner).folder == tmp_path / "a"


def test_a_named_file_goes_before_the_folder(tmp_path: Path) -> None:
    write(tmp_path, "[crawl]\njobs = 7\n")
    other = write(tmp_path / "other", "[crawl]\njobs = 8\n")
    alone = tmp_path / "alone.toml"
    alone.write_text("[crawl]\njobs = 9\n", encoding="utf-8")
    env = {"ARCHIVER_CONFIG": "other/config/archiver.toml"}
    by_variable = load(start=tmp_path, explicit=None, env=env, flags={})
    assert (by_variable.settings.crawl.jobs, by_variable.folder) == (8, tmp_path / "other")
    assert by_variable.file == other
    by_option = load(start=tmp_path, explicit=Path("alone.toml"), env=env, flags={})
    assert (by_option.settings.crawl.jobs, by_option.folder) == (9, tmp_path)


def test_a_named_file_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (fault,) = faults_of(tmp_path, explicit=Path("none.toml"))
    assert fault.startswith("none.toml: cannot be read")


def test_flag_before_environment_before_file_before_default(tmp_path: Path) -> None:
    write(tmp_path, "# comment\n[crawl]\njobs = 3\ndelay = 3\nretries = 3\n")
    env = {"ARCHIVER_CRAWL__JOBS": "4", "ARCHIVER_CRAWL__DELAY": "4s"}
    loaded = load_in(tmp_path, env, {"crawl.jobs": "5"})
    crawl = loaded.settings.crawl
    assert (crawl.jobs, crawl.delay, crawl.retries, crawl.timeout) == (5, 4.0, 3, 60.0)
    origins = {key: str(origin) for key, origin in loaded.origins.items()}
    assert origins["crawl.jobs"] == "flag --set crawl.jobs"
    assert origins["crawl.delay"] == "env ARCHIVER_CRAWL__DELAY"
    assert origins["crawl.retries"] == "config/archiver.toml:5"
    assert origins["crawl.timeout"] == "default"


@settings(deadline=None)
@given(
    in_file=st.none() | st.integers(1, 99),
    in_env=st.none() | st.integers(1, 99),
    in_flag=st.none() | st.integers(1, 99),
)
def test_precedence_of_every_combination(
    tmp_path_factory: pytest.TempPathFactory,
    in_file: int | None,
    in_env: int | None,
    in_flag: int | None,
) -> None:
    folder = tmp_path_factory.mktemp("work")
    write(folder, "" if in_file is None else f"[crawl]\njobs = {in_file}\n")
    env = {} if in_env is None else {"ARCHIVER_CRAWL__JOBS": str(in_env)}
    flags = {} if in_flag is None else {"crawl.jobs": str(in_flag)}
    loaded = load_in(folder, env, flags)
    given_values = [value for value in (in_flag, in_env, in_file) if value is not None]
    assert loaded.settings.crawl.jobs == (given_values[0] if given_values else 2)


def test_every_fault_is_told_at_once_with_its_line() -> None:
    faults = faults_of(HOSTILE, explicit=HOSTILE / "every-kind-of-fault.toml")
    lines = [int(re.findall(r"\.toml:(\d+): ", fault)[0]) for fault in faults]
    assert lines == [4, 5, 8, 9, 12, 13, 16, 19, 20, 23, 26]
    assert faults[0].endswith("crawl.dealy: unknown key. Did you mean crawl.delay?")
    assert "hunter2" not in "".join(faults)


def test_faults_of_all_sources_are_told_together(tmp_path: Path) -> None:
    write(tmp_path, "[crawl]\njobs = 0\n")
    faults = faults_of(
        tmp_path,
        {"ARCHIVER_CRAWL_DELAY": "1", "ARCHIVER_CRAWL__RETRIES": "x"},
        {"timeot": "3", "log.level": "LOUD"},
    )
    assert [fault.split(": ")[0] for fault in faults] == [
        "config/archiver.toml:2",
        "env ARCHIVER_CRAWL_DELAY",
        "env ARCHIVER_CRAWL__RETRIES",
        "flag --set log.level",
        "flag --set timeot",
    ]
    assert faults[1].endswith("Did you mean ARCHIVER_CRAWL__DELAY?")
    assert "crawl.timeout" in faults[4]


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("unknown-section.toml", "config/unknown-section.toml:1: crwal: unknown key."),
        ("section-is-a-value.toml", "config/section-is-a-value.toml:1: crawl: must be a table"),
    ],
)
def test_sections_that_are_none(name: str, start: str) -> None:
    (fault,) = faults_of(HOSTILE, explicit=HOSTILE / name)
    assert fault.startswith(start)


def test_a_broken_file_does_not_hide_the_faults_of_the_environment() -> None:
    faults = faults_of(HOSTILE, {"ARCHIVER_X": ""}, explicit=HOSTILE / "torn.toml")
    assert len(faults) == 2


def test_passwords_in_urls_are_refused_and_not_repeated() -> None:
    faults = faults_of(HOSTILE, explicit=HOSTILE / "passwords-in-urls.toml")
    assert len(faults) == 2
    assert not re.search("hun|ter2", "".join(faults))


# --- secrets


def test_a_secret_comes_from_a_variable_or_the_file_it_names(tmp_path: Path) -> None:
    held = tmp_path / "password"
    held.write_text(f"{SECRET}\n", encoding="utf-8")
    base = {"ARCHIVER_NETWORK__PROXY": "http://me@proxy.example:3128"}
    for name, text in (("", SECRET), ("_FILE", str(held))):
        env = {**base, f"ARCHIVER_NETWORK__PROXY_PASSWORD{name}": text}
        loaded = load_in(tmp_path, env)
        assert loaded.proxy_url == f"http://me:{SECRET}@proxy.example:3128"
        assert loaded.origins["network.proxy_password"].kind == "env"


def test_a_secret_is_quoted_into_its_url(tmp_path: Path) -> None:
    env = {
        "ARCHIVER_ARCHIVE__CATALOGUE_URL": "postgresql+psycopg://news@db.example:5432/news",
        "ARCHIVER_ARCHIVE__CATALOGUE_PASSWORD": "a@b:/c d",
    }
    loaded = load_in(tmp_path, env)
    expected = "postgresql+psycopg://news:a%40b%3A%2Fc%20d@db.example:5432/news"
    assert loaded.catalogue_url == expected


@pytest.mark.parametrize("key", sorted(SECRETS))
def test_a_secret_in_file_or_flag_is_refused(tmp_path: Path, key: str) -> None:
    section, name = key.split(".")
    write(tmp_path, f'[{section}]\n{name} = "{SECRET}"\n')
    faults = faults_of(tmp_path, flags={key: SECRET})
    assert [fault.split(": ")[0] for fault in faults] == [
        "config/archiver.toml:2",
        f"flag --set {key}",
    ]
    assert all(f"set {variable_of(key)} or {variable_of(key)}_FILE" in fault for fault in faults)
    assert SECRET not in str(faults)


@pytest.mark.parametrize(
    "env",
    [
        {"ARCHIVER_NETWORK__PROXY_PASSWORD": SECRET},  # for no user
        {
            "ARCHIVER_NETWORK__PROXY": "http://me@proxy.example",
            "ARCHIVER_NETWORK__PROXY_PASSWORD": SECRET,
            "ARCHIVER_NETWORK__PROXY_PASSWORD_FILE": "/dev/null",
        },
        {"ARCHIVER_NETWORK__PROXY_PASSWORD_FILE": "/no/such/file"},
        {"ARCHIVER_NETWORK__PROXY_PASSWORD_FILE": "\x00"},
        {"ARCHIVER_NETWORK__PROXY_PASWORD": SECRET},
        {"ARCHIVER_NETWORK__PROXY": f"http://me:{SECRET}@proxy.example"},
        {"ARCHIVER_NETWORK__PROXY": f"http://me:{SECRET}[@proxy.example"},
        {"ARCHIVER_NETWORK__PROXY": f"http://me:{SECRET}℀@proxy.example"},
        {"ARCHIVER_ARCHIVE__CATALOGUE_URL": f"postgresql://me:{SECRET}@db"},
        {"ARCHIVER_ARCHIVE__CATALOGUE_URL": f"postgresql://me:#{SECRET}@db"},
        {"ARCHIVER_ARCHIVE__CATALOGUE_URL": f"postgresql://db/x?user=me&password={SECRET}"},
    ],
)
def test_faults_about_secrets_do_not_tell_them(tmp_path: Path, env: dict[str, str]) -> None:
    with pytest.raises(ConfigError) as caught:
        load_in(tmp_path, env)
    assert len(caught.value.faults) == 1
    assert SECRET not in f"{caught.value}{caught.value!r}{caught.value.args}"


def test_no_view_of_the_settings_shows_a_secret(tmp_path: Path) -> None:
    env = {
        "ARCHIVER_NETWORK__PROXY": "http://me@proxy.example:3128",
        "ARCHIVER_NETWORK__PROXY_PASSWORD": SECRET,
        "ARCHIVER_ARCHIVE__CATALOGUE_URL": "postgresql://me@db.example/news",
        "ARCHIVER_ARCHIVE__CATALOGUE_PASSWORD": SECRET,
    }
    loaded = load_in(tmp_path, env)
    settings = loaded.settings
    views = (loaded, settings, settings.model_dump(), settings.model_dump_json(), settings.network)
    assert SECRET not in "".join(f"{view}{view!r}" for view in views)
    assert SECRET not in str(loaded.child_environment)


# --- what Loaded makes of them


def test_a_child_with_the_environment_loads_the_same(tmp_path: Path) -> None:
    write(tmp_path, "[crawl]\njobs = 3\n")
    flags = {
        "crawl.delay": "1500ms",
        "crawl.obey_robots": "no",
        "crawl.max_body": "1MiB",
        "network.connect_to": '{"www.example.com:443": "127.0.0.1:8443"}',
        "log.level": "debug",
    }
    loaded = load_in(tmp_path, {}, flags)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    child = load_in(elsewhere, loaded.child_environment)
    assert child.settings == loaded.settings
    assert child.folder == loaded.folder


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("sqlite:///data/c.sqlite", "sqlite:///{folder}/data/c.sqlite"),
        ("sqlite:////data/c.sqlite", "sqlite:////data/c.sqlite"),
        ("postgresql+psycopg://me@db/news", "postgresql+psycopg://me@db/news"),
        ("postgresql:///news", "postgresql:///news"),
        ("postgresql://me@/news?host=/run/pg", "postgresql://me@/news?host=/run/pg"),
    ],
)
def test_catalogue_url(tmp_path: Path, url: str, expected: str) -> None:
    loaded = load_in(tmp_path, flags={"archive.catalogue_url": url})
    assert loaded.catalogue_url == expected.format(folder=tmp_path)


def test_user_agent(tmp_path: Path) -> None:
    assert re.fullmatch(r"news-archiver/[0-9.]+", load_in(tmp_path).user_agent)
    contact = {"operator.contact": "https://example.org/{about}", "operator.name": "Zoë"}
    assert load_in(tmp_path, flags=contact).user_agent.endswith(" (+https://example.org/{about})")
    flags = {**contact, "operator.user_agent": "bot/{version} {contact}"}
    assert load_in(tmp_path, flags=flags).user_agent.startswith("bot/")
    flags["operator.user_agent"] = "bot of {name}"
    assert "ASCII" in faults_of(tmp_path, flags=flags)[0]


def test_a_ca_file_is_relative_to_the_working_folder_and_must_be_there(tmp_path: Path) -> None:
    write(tmp_path, '[network]\nca_file = "config/ca.pem"\n')
    (fault,) = faults_of(tmp_path)
    assert fault.startswith("config/archiver.toml:2: network.ca_file: there is no file")
    (tmp_path / "config" / "ca.pem").touch()
    assert load_in(tmp_path).ca_file == tmp_path / "config" / "ca.pem"
