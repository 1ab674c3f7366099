"""Which token an order shows, and what is said when it is not the right one."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from proxy.cli.sent_token import sent_token
from proxy.config.files import admin_token
from tests.cli.conftest import Banyan

SET = '{"detail": "send the value of BANYAN_ADMIN_TOKEN as a bearer token"}'
KEPT = '{"detail": "send what stands in /srv/.banyan/admin.token as a bearer token"}'
NONE = '{"detail": "this needs a token and none is set: start Banyan with BANYAN_ADMIN_TOKEN"}'


@contextmanager
def refusing(body: str, shown: list[str | None]) -> Iterator[str]:
    """An admin port that accepts no token; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            shown.append(self.headers["Authorization"])
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture(autouse=True)
def unset(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has set anything."""
    monkeypatch.delenv("BANYAN_ADMIN_TOKEN", raising=False)
    monkeypatch.delenv("BANYAN_STATE_DIR", raising=False)


def refused(banyan: Banyan, body: str) -> tuple[str, set[str | None]]:
    """What is said of an order that this answer refuses, in one line, and what was shown, at the preview as well."""
    shown: list[str | None] = []
    with refusing(body, shown) as url:
        result = banyan(f"hold orders.show --admin {url}")
    assert result.exit_code == 1
    return " ".join(result.output.split()), set(shown)


def test_an_order_finds_the_token_beside_the_file(banyan: Banyan, folder: Path) -> None:
    """What Banyan made in the state directory is shown; refused, the message says where it stands, not what it is."""
    token = admin_token.read_or_make(folder / ".banyan" / admin_token.NAME)
    said, shown = refused(banyan, SET)

    assert shown == {f"Bearer {token}"}
    assert f"wants a token, and the one in {folder / '.banyan' / 'admin.token'} is not accepted there." in said
    assert "Set BANYAN_ADMIN_TOKEN to the one it uses." in said
    assert token not in said


def test_the_variable_comes_first(banyan: Banyan, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set is shown; to a Banyan that made its own token, the message says to leave it unset."""
    admin_token.read_or_make(folder / ".banyan" / admin_token.NAME)
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "set here")
    said, shown = refused(banyan, KEPT)

    assert shown == {"Bearer set here"}
    assert "BANYAN_ADMIN_TOKEN is not accepted there." in said
    assert "send what stands in /srv/.banyan/admin.token as a bearer token" in said
    assert "leave BANYAN_ADMIN_TOKEN unset" in said


def test_where_none_is_found_both_places_are_named(banyan: Banyan, folder: Path) -> None:
    """Nothing is shown; the message says where was looked, and where the other side has its own."""
    said, shown = refused(banyan, KEPT)

    assert shown == {None}
    assert f"BANYAN_ADMIN_TOKEN is not set here, nor is there one in {folder / '.banyan' / 'admin.token'}." in said
    assert "/srv/.banyan/admin.token" in said
    assert "--config" in said


def test_one_that_was_made_and_is_gone_comes_back_by_a_start(banyan: Banyan, folder: Path) -> None:
    """The file that Banyan names is the very one that is missing: that is no way out."""
    place = folder / ".banyan" / "admin.token"
    said, _ = refused(banyan, f'{{"detail": "send what stands in {place} as a bearer token"}}')

    assert f"It was made there and is gone: start Banyan anew, which makes a new one in {place}." in said
    assert "send what stands" not in said


def test_one_without_any_is_not_asked_to_be_told_one(banyan: Banyan) -> None:
    """A Banyan that has no token at all says what to do where it runs: there is nothing to set here."""
    said, _ = refused(banyan, NONE)

    assert "has no token: this needs a token and none is set: start Banyan with BANYAN_ADMIN_TOKEN." in said
    assert "is not set here" not in said


def test_a_token_of_another_user_is_one_clear_sentence(
    banyan: Banyan, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who may not read the file is told whose it is, and both ways out."""

    def forbidden(path: Path) -> str:
        raise PermissionError(13, "Permission denied", str(path))

    (folder / ".banyan").mkdir()
    monkeypatch.setattr(admin_token, "read", forbidden)
    said, _ = refused(banyan, KEPT)

    assert f"{folder / '.banyan' / 'admin.token'} may be read by its user alone." in said
    assert f"(sudo -u {(folder / '.banyan').owner()} banyan …), or set BANYAN_ADMIN_TOKEN." in said
    assert "Traceback" not in said


def test_an_owner_without_a_name_has_a_number(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no line for that user, the number is what sudo takes; where all is hidden, a placeholder."""

    def forbidden(_: Path) -> str:
        raise PermissionError

    def nameless(_: Path) -> str:
        raise KeyError

    monkeypatch.setattr(admin_token, "read", forbidden)
    hidden = sent_token("http://localhost:9090", folder / "routes.yaml").way_out
    (folder / ".banyan").mkdir()
    (folder / ".banyan" / admin_token.NAME).touch()
    monkeypatch.setattr(Path, "owner", nameless)
    numbered = sent_token("http://localhost:9090", folder / "routes.yaml").way_out

    assert "sudo -u USER banyan" in hidden
    assert f"sudo -u '#{os.getuid()}' banyan" in numbered


def test_what_is_no_token_is_not_shown(banyan: Banyan, folder: Path) -> None:
    """A file that everybody can read is no secret; the message says so."""
    path = folder / ".banyan" / admin_token.NAME
    admin_token.read_or_make(path)
    path.chmod(0o644)
    said, shown = refused(banyan, KEPT)

    assert shown == {None}
    assert "is open to everybody (644); remove it to have a new one made." in said


@pytest.mark.parametrize(
    ("base", "shown"),
    [
        ("http://127.0.0.1:9090", True),
        ("http://[::1]:9090", True),
        ("http://localhost:9090", True),
        ("http://10.0.0.7:9090", False),
        ("http://banyan.internal:9090", False),
        ("http://localhost.evil.test:9090", False),
    ],
)
def test_what_was_made_here_goes_nowhere_else(folder: Path, base: str, *, shown: bool) -> None:
    """The state directory's token is shown to this machine alone, whatever --admin says."""
    admin_token.read_or_make(folder / ".banyan" / admin_token.NAME)

    assert bool(sent_token(base, folder / "routes.yaml").text) is shown


def test_no_text_of_it_holds_the_token(folder: Path) -> None:
    """What a traceback or a log would print of it says nothing."""
    token = admin_token.read_or_make(folder / ".banyan" / admin_token.NAME)

    assert token not in repr(sent_token("http://[::1]:1", folder / "routes.yaml"))
