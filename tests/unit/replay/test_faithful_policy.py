from __future__ import annotations

from archiver.replay.faithful import running_policy, shell_policy, start_policy

ORIGIN = "http://replay.localhost:1"


def directives(policy: str) -> dict[str, str]:
    return dict(part.strip().partition(" ")[::2] for part in policy.split(";"))


def test_what_runs_may_ask_its_own_origin_alone() -> None:
    running = directives(running_policy(ORIGIN))
    assert running["connect-src"] == "'self' data: blob:"  # no web sockets, which are other schemes
    assert set(running["default-src"].split()) == {
        "'self'", "'unsafe-inline'", "'unsafe-eval'", "data:", "blob:"
    }  # fmt: skip
    assert running["sandbox"] == "allow-scripts allow-same-origin allow-forms"
    assert running["form-action"] == "'self'"
    assert running["object-src"] == "'none'"
    assert running["frame-ancestors"] == f"'self' {ORIGIN}"


def test_what_starts_it_has_no_script_but_ours() -> None:
    start = directives(start_policy(ORIGIN))
    assert start["default-src"] == "'none'"
    assert start["script-src"] == "'self'"
    assert start["form-action"] == "'none'"
    assert start["frame-ancestors"] == ORIGIN


def test_the_page_around_frames_the_player_alone() -> None:
    around = directives(shell_policy("http://player.replay.localhost:1"))
    assert around["frame-src"] == "http://player.replay.localhost:1"
    assert around["default-src"] == "'none'"
    assert around["frame-ancestors"] == "'none'"
    assert "script-src" not in around
