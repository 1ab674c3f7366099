"""What `status --watch` draws, by the rows that there are, and on a terminal."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest

from proxy.api.kill import KillOrderView
from proxy.api.routes import RoutesView, RunsView
from proxy.cli.status.watched import all_routes
from proxy.core.stage import Stage
from tests.cli.conftest import Banyan
from tests.cli.status.test_status import ROUTES_VIEW, Admin, listening, route, worker

MOVED = RunsView(stage=Stage.SHADOW, split=0.0, reason="moved by ann@desk: " + "the release is out " * 8)
ROUTES = [route(f"orders.{at}", runs=MOVED) for at in range(3)]


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Admin]:
    monkeypatch.delenv("BANYAN_ADMIN_TOKEN", raising=False)
    with listening(Admin()) as up:
        yield up


def drawn(view: RoutesView, columns: int, rows: int) -> list[str]:
    with listening(Admin(view=view)) as admin:
        return [line.plain for line in all_routes(admin.url, str, columns, rows)]


def test_what_fits_is_drawn_as_status_prints_it() -> None:
    """Sentences first, folded, what goes on indented, no blanks at the end of a line; then the table."""
    lines = drawn(msgspec.structs.replace(ROUTES_VIEW, routes=ROUTES), 80, 40)
    at = lines.index("")

    assert lines[0].startswith("revision abc123 at ")
    assert [line[:15] for line in lines[1:at]].count("orders.0 runs s") == 1
    assert {line[:4] for line in lines[1:at] if not line.startswith("orders")} == {"    "}
    assert [line for line in lines if line != line.rstrip() or len(line) > 80] == []
    assert [line.split()[0] for line in lines[at + 1 :]] == ["route", "orders.0", "orders.1", "orders.2"]


def test_on_few_rows_the_table_comes_first() -> None:
    """Sentences stand below it, and before it only that the kill switch is on."""
    view = msgspec.structs.replace(ROUTES_VIEW, routes=ROUTES)
    killed = msgspec.structs.replace(view, killed=KillOrderView(by="", at="", reason=""), workers=[worker()] * 4)

    assert [line.split()[0] for line in drawn(view, 80, 12)[:4]] == ["route", "orders.0", "orders.1", "orders.2"]
    assert drawn(killed, 80, 6)[0] == "KILLED: `banyan kill --off` ends it"
    assert drawn(killed, 80, 6)[1].startswith("route ")


@pytest.mark.parametrize("columns", [24, 40])
def test_nothing_is_wider_than_the_terminal(columns: int) -> None:
    """A name that is goes on in the next line."""
    lines = drawn(msgspec.structs.replace(ROUTES_VIEW, routes=[route("customers." * 6 + "show")]), columns, 40)

    assert max(map(len, lines)) <= columns
    assert "customers." * 6 + "show" in "".join(line.strip() for line in lines)


def watched(admin: Admin, columns: int, rows: int = 40, *more: str) -> str:
    """What `status --watch` draws on such a terminal until it has begun anew; then Ctrl-C is its end."""
    outer, inner = pty.openpty()
    fcntl.ioctl(inner, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    command = ["env", "--default-signal=INT", sys.executable, "-m", "proxy", "status", "--watch", "--admin", admin.url]
    environment = {name: value for name, value in os.environ.items() if name not in {"COLUMNS", "LINES"}}
    with subprocess.Popen(
        [*command, *more], stdin=inner, stdout=inner, stderr=inner, start_new_session=True, env=environment
    ) as process:
        os.close(inner)
        seen = b""
        while sum(page.startswith("/api/routes") for page in admin.asked) < 2:
            seen += os.read(outer, 65536)
        process.send_signal(signal.SIGINT)
        with suppress(OSError):  # which says that the other end is closed
            while more_seen := os.read(outer, 65536):
                seen += more_seen
        assert process.wait() == 0
    os.close(outer)
    return seen.decode()


def test_watching_goes_on_until_interrupted(folder: Path, admin: Admin) -> None:
    """On a terminal --watch draws again and again, and Ctrl-C is its proper end: exit 0."""
    assert "orders.show" in watched(admin, 80)


def test_watching_cuts_no_name(folder: Path, admin: Admin) -> None:
    """One that is wider than the terminal goes on in the next line."""
    name = "customers.contracts.attachments.download.original"
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=[route(name)])
    seen = watched(admin, 30)

    assert name in "".join(re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen).split())


def test_one_route_can_be_watched(folder: Path, admin: Admin) -> None:
    """`--watch --route` draws what `--route` prints."""
    page = {"name": "orders.show", "revision": "r", "path": "/orders/{id}", "runs": {"stage": "shadow"}}
    admin.pages["/api/routes/orders.show"] = msgspec.json.encode(page)
    seen = watched(admin, 80, 40, "--route", "orders.show")

    assert "orders.show  /orders/{id}" in re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", seen)


def test_only_a_terminal_is_watched_on(banyan: Banyan, admin: Admin) -> None:
    """Into a pipe or file --watch is refused in a sentence, and nobody is asked: exit 2."""
    result = banyan("status", "--watch", "--admin", admin.url)

    assert (result.exit_code, result.stdout, admin.asked) == (2, "", [])
    assert "--watch draws on a terminal, and stdout is none." in result.stderr
