"""`banyan kill` beside a control that answers, and where none does.

Long: everything that the command says is held against the same two stages, which are set up here.
"""

from __future__ import annotations

import json
import os
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from proxy.cli.admin_client import whoever
from proxy.cli.kill import turning
from proxy.config.files import kill_ends, kill_file
from proxy.core.routing.kill_switch import KillSwitchOrder
from tests.cli.conftest import ROUTES, Banyan


@dataclass
class Running:
    """A Banyan with two workers, as far as its admin port shows: they follow the file, at once or never."""

    file: Path
    port: int = 0
    follows: tuple[bool, ...] = (True, True)
    elsewhere: str = ""
    switched: float = 0.0
    posted: list[bytes] = field(default_factory=list)
    beyond: list[dict[str, str]] | None = None
    down: list[dict[str, str]] = field(default_factory=list)
    replicas: list[str] = field(default_factory=list)

    def page(self) -> dict[str, object]:
        on = self.file.exists()
        workers = [
            {
                "worker": number,
                "pid": 100 + number,
                "killed": on is follows,
                "switched": self.switched or time.monotonic(),
            }
            for number, follows in enumerate(self.follows)
        ]
        seen = {"workers": workers, "beyond": self.beyond, "down": self.down, "elsewhere": self.replicas}
        return {"on": on, "file": self.elsewhere or str(self.file), **seen}


@pytest.fixture(autouse=True)
def _wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Folders of tests have long names: their lines are not folded here."""
    monkeypatch.setenv("COLUMNS", "1000")


@pytest.fixture
def running(folder: Path) -> Iterator[Running]:
    made = Running(folder / ".banyan" / "kill")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(json.dumps(made.page()).encode() if self.path == "/api/kill" else b"{}")

        def do_POST(self) -> None:
            made.posted.append(self.rfile.read(int(self.headers["Content-Length"])))
            self._answer(b"{}")

        def _answer(self, body: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    made.port = server.server_address[1]
    (folder / "routes.yaml").write_text(ROUTES.replace("127.0.0.1:9090", f"127.0.0.1:{made.port}"), encoding="utf-8")
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def away(folder: Path) -> Path:
    """A routes.yaml at whose admin address nobody listens; the kill file's place."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port = sock.getsockname()[1]
    (folder / "routes.yaml").write_text(ROUTES.replace("127.0.0.1:9090", f"127.0.0.1:{port}"), encoding="utf-8")
    return folder / ".banyan" / "kill"


def test_it_writes_the_file_and_shows_who_follows(banyan: Banyan, running: Running) -> None:
    """The order stands in the file, each worker has its time, and the routes that stay are named with the reason."""
    result = banyan("kill", "--reason", "new loses orders")
    order = kill_file.read(running.file)

    assert result.exit_code == 0
    assert order is not None
    assert order.reason == "new loses orders"
    assert re.fullmatch(r".+@.+", order.by)
    lines = result.stdout.splitlines()
    assert re.fullmatch(rf"kill switch is on: {running.file} written after [\d.]+ ms", lines[0])
    assert re.fullmatch(r"  worker 1 \(pid 101\) gives legacy everything it can answer after [\d.]+ ms", lines[2])
    assert lines[3:] == [
        "3 routes stay, since legacy cannot answer them:",
        "  orders.app  complete: legacy is no longer kept for it",
        "  closed  answered by Banyan itself",
        "  items  retired: legacy is no longer kept for it",
        "`banyan kill --off` ends it.",
    ]


def test_no_reason_keeps_the_switch_off(banyan: Banyan, running: Running) -> None:
    """A byte that is not UTF-8 is shown as such: the order is given all the same."""
    result = banyan("kill", "--reason", "new loses \udcff")
    order = kill_file.read(running.file)

    assert result.exit_code == 0
    assert order is not None
    assert order.reason == r"new loses \xff"


def test_who_stays_is_told_by_where_routes_run(banyan: Banyan, running: Running) -> None:
    """What the running Banyan says outranks the file: an order may have left a route elsewhere."""
    running.beyond = [{"route": "orders.list", "why": "retired"}]
    result = banyan("kill")

    assert result.stdout.splitlines()[3:] == [
        "1 route stays, since legacy cannot answer it:",
        "  orders.list  retired: legacy is no longer kept for it",
        "`banyan kill --off` ends it.",
    ]


def test_a_legacy_that_is_down_is_told(banyan: Banyan, running: Running) -> None:
    """Who is to answer everything now and answers nothing, by its health probe; for scripts as well."""
    running.down = [{"upstream": "legacy", "since": "2026-01-01T00:00:00.000Z", "error": "refused"}]
    said = "  legacy is down since 2026-01-01T00:00:00.000Z: it answers nothing now (refused)"

    assert said in banyan("kill").stdout.splitlines()
    assert [each["upstream"] for each in json.loads(banyan("kill --json").stdout)["down"]] == ["legacy"]


def test_replicas_that_it_does_not_turn_are_named(banyan: Banyan, running: Running) -> None:
    """Each has a switch of its own, to be turned there; when it is ended as well."""
    running.replicas = ["b:8080", "c:8080"]
    said = "  not turned: b:8080, c:8080: each replica has a switch of its own, run `banyan kill{}` there as well"

    assert said.format("") in banyan("kill").stdout.splitlines()
    assert said.format(" --off") in banyan("kill --off").stdout.splitlines()
    assert json.loads(banyan("kill --json").stdout)["elsewhere"] == running.replicas


def test_off_takes_it_away(banyan: Banyan, running: Running) -> None:
    """--off removes the file, and says of each worker when it was back; a second time is no fault.

    Where Banyan has not removed it itself, who has ended it is kept beside it, once.
    """
    banyan("kill")
    running.switched = 0.001
    results = [banyan("kill --off") for _ in range(2)]

    assert not running.file.exists()
    assert [(turn.on, turn.order.by) for turn in kill_ends.take(running.file)] == [
        (True, whoever()),
        (False, whoever()),
    ]
    assert [each.exit_code for each in results] == [0, 0]
    assert "worker 0 (pid 100) serves as before the kill, by routes.yaml and orders, already" in results[1].stdout
    assert [f"{running.file} gone after" in each.stdout for each in results] == [True, False]
    assert results[1].stdout.startswith(f"kill switch is off: {running.file} was not there\n")


def test_long_lines_are_folded_in_a_pipe(banyan: Banyan, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a hundred columns; a path that is longer stands on a line of its own."""
    monkeypatch.delenv("COLUMNS")
    banyan("kill", "--reason", "new loses orders, " * 9)
    lines = banyan("kill", "--reason", "another").stdout.splitlines()

    assert all(len(line) <= 100 or str(running.file) in line for line in lines)
    assert "\n".join(lines).count("loses") == 9


def test_scripts_get_json(banyan: Banyan, running: Running) -> None:
    """--json holds the file, each worker's milliseconds and every route that stays."""
    told = json.loads(banyan("kill --json").stdout)

    assert (told["on"], told["file"], told["following"]["away"]) == (True, str(running.file), "")
    assert [each["worker"] for each in told["following"]["workers"]] == [0, 1]
    assert {each["route"]: each["why"] for each in told["beyond"]} == {
        "orders.app": "complete",
        "closed": "respond",
        "items": "retired",
    }


def test_without_control_the_file_is_all_there_is(banyan: Banyan, away: Path) -> None:
    """When the admin port does not answer, the file is written all the same, and that is said: exit 1."""
    result = banyan("kill")

    assert result.exit_code == 1
    assert away.exists()
    assert "nobody could be asked: nothing answers at" in result.stdout
    assert "Each worker watches the file by itself" in result.stdout
    assert "Whether an order left others at complete or retired, which stay as well, could not be" in result.stdout
    assert json.loads(banyan("kill --off --json").stdout)["following"]["away"]
    assert not away.exists()


def test_an_end_that_nobody_sees_is_kept_for_the_record(banyan: Banyan, away: Path) -> None:
    """Both orders with their names, times and reasons."""
    banyan("kill", "--reason", "new loses orders")
    order = kill_file.read(away)
    banyan("kill", "--off", "--reason", "mended")
    begun, ended = (turn.order for turn in kill_ends.take(away))

    assert (begun, ended.by, ended.reason) == (order, whoever(), "mended")
    assert begun.at < ended.at
    assert kill_ends.take(away) == ()


def test_a_worker_that_does_not_follow_is_named(
    banyan: Banyan, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever has not followed when patience ends is told, with where to look: exit 1."""
    monkeypatch.setattr(turning.await_workers, "__kwdefaults__", {"patience": 0.1})
    running.follows = (True, False)
    result = banyan("kill")

    assert result.exit_code == 1
    assert "worker 1 (pid 101) has not followed yet: see its log for kill_file_unreadable" in result.stdout
    assert json.loads(banyan("kill --json").stdout)["following"]["workers"][1]["ms"] is None


def test_without_workers_that_is_said(banyan: Banyan, running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    """While no worker is linked there is nobody to follow, and nobody is claimed to."""
    monkeypatch.setattr(turning.await_workers, "__kwdefaults__", {"patience": 0.1})
    running.follows = ()

    result = banyan("kill")
    assert result.exit_code == 1
    assert "no worker is linked" in result.stdout


def test_another_file_is_noticed(banyan: Banyan, running: Running) -> None:
    """When the running Banyan watches another file than the one written, both are named: exit 1."""
    running.elsewhere = "/var/lib/banyan/kill"
    result = banyan("kill")

    assert result.exit_code == 1
    assert f"Banyan watches /var/lib/banyan/kill, and not {running.file}." in result.stderr
    assert "BANYAN_STATE_DIR" in result.stderr


def test_a_time_of_another_clock_is_not_believed(banyan: Banyan, running: Running) -> None:
    """A worker's moment that lies ahead is of another machine: the moment at which it was seen stands instead."""
    running.switched = time.monotonic() + 1_000_000
    workers = json.loads(banyan("kill --json").stdout)["following"]["workers"]

    assert all(0 < each["ms"] < 1_000_000 for each in workers)


def test_who_may_not_write_asks_banyan_with_the_token(
    banyan: Banyan, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the file cannot be written, the token has Banyan do it; without one both ways out are named: exit 1."""
    running.file.parent.touch()
    refused = banyan("kill")
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "t")
    monkeypatch.setattr(turning.await_workers, "__kwdefaults__", {"patience": 0.0})
    banyan("kill --reason why")

    assert refused.exit_code == 1
    assert f"{running.file} cannot be written" in refused.stderr
    assert "BANYAN_ADMIN_TOKEN" in refused.stderr
    assert [json.loads(each) for each in running.posted] == [{"on": True, "reason": "why", "by": whoever()}]


@pytest.mark.parametrize("elsewhere", ["", "/var/lib/banyan/kill"])
def test_whoever_ends_it_is_named(
    banyan: Banyan, running: Running, monkeypatch: pytest.MonkeyPatch, elsewhere: str
) -> None:
    """With a token Banyan itself is asked to end its switch, and told by whom and why; another switch is left alone."""
    banyan("kill")
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "t")
    running.elsewhere = elsewhere
    banyan("kill --off --reason mended")
    banyan("kill --off --reason again")

    reasons = ("mended", "again") if not elsewhere else ()
    told = [{"on": False, "reason": reason, "by": whoever()} for reason in reasons]
    assert [json.loads(each) for each in running.posted] == told
    assert not running.file.exists()


def test_whoever_comes_second_is_on_record_as_well(
    banyan: Banyan, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file keeps the first order; with a token Banyan is told the second one, of the first by the file."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "t")
    banyan("kill --reason first")
    first = list(running.posted)
    second = banyan("kill --reason second")
    order = kill_file.read(running.file)

    assert first == []
    assert [json.loads(each) for each in running.posted] == [{"on": True, "reason": "second", "by": whoever()}]
    assert order is not None
    assert order.reason == "first"
    assert (second.exit_code, "that order stays as it was" in second.stdout) == (0, True)


def test_a_directory_in_its_place_is_for_a_person_to_remove(
    banyan: Banyan, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the token or without: Banyan could remove it no better, and is not asked."""
    running.file.mkdir(parents=True)
    without = banyan("kill --off")
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "t")
    results = [without, banyan("kill --off")]

    assert ([each.exit_code for each in results], running.posted) == ([1, 1], [])
    for each in results:
        said = " ".join(each.stderr.split())
        assert f"cannot be removed: it is a directory; see what is in it, then `rmdir {running.file}`" in said
        assert "While it is there the kill switch is on." in said
        assert "admin" not in said.lower()


def test_neither_way_is_told(banyan: Banyan, away: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a token, and nobody at the admin port, both failures are told: exit 1."""
    away.parent.touch()
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "t")
    result = banyan("kill")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "cannot be written" in result.stderr
    assert "nothing answers" in result.stderr


def test_a_broken_file_does_not_stand_in_the_way(banyan: Banyan, folder: Path, running: Running) -> None:
    """While routes.yaml has problems, the last good one says where the kill file is."""
    good = (folder / "routes.yaml").read_text()
    (folder / ".banyan").mkdir()
    (folder / ".banyan" / "last-good.yaml").write_text(good)
    (folder / "routes.yaml").write_text("routes: [")

    assert banyan("kill").exit_code == 0
    assert running.file.exists()


def test_the_key_names_another_place(banyan: Banyan, folder: Path, running: Running) -> None:
    """`kill_file` in routes.yaml is where the order goes."""
    with (folder / "routes.yaml").open("a") as file:
        file.write("kill_file: run/stop\n")
    running.file = folder / "run" / "stop"

    assert banyan("kill").exit_code == 0
    assert running.file.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        "kill GET /orders/7",
        "kill -H X:1",
        "kill --config missing.yaml",
        "kill --drill",
        "kill --drill --off GET /x",
        "kill --drill POST /orders/7 --yes",
        "kill --drill GET /nothing-for-new --yes",
        "kill --drill GET /closed/x --yes",
        "kill --drill POST /nowhere --yes",
        "kill --drill GE\\ T / --yes",
    ],
)
def test_wrong_usage_leaves_with_2(banyan: Banyan, away: Path, arguments: str) -> None:
    """What cannot be meant is exit 2, and nothing is written."""
    assert banyan(arguments).exit_code == 2
    assert not away.exists()


def test_an_order_without_a_name_for_the_user(
    banyan: Banyan, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the system has no name for the user, the number stands."""
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(os, "getuid", lambda: 987_654)
    banyan("kill")
    order = kill_file.read(running.file)

    assert order is not None
    assert order.by.startswith("987654@")


def test_many_routes_that_stay_are_cut_short(banyan: Banyan, folder: Path, running: Running) -> None:
    """Of very many routes some are shown and the rest is counted; --json has all."""
    with (folder / "routes.yaml").open("a") as file:
        file.writelines(f"  - {{ name: done{each}, match: /done/{each}, stage: complete }}\n" for each in range(50))
    shown = banyan("kill").stdout

    assert "53 routes stay" in shown
    assert "… and 33 more; --json lists all" in shown
    assert len(json.loads(banyan("kill --json").stdout)["beyond"]) == 53
    assert running.file.exists()


def test_a_second_order_that_nobody_sees_is_kept(banyan: Banyan, away: Path) -> None:
    """Where nothing answers: a second kill, one of the same words, a second `--off`; the next start records them."""
    banyan("kill", "--reason", "first")
    banyan("kill", "--reason", "second")
    banyan("kill", "--reason", "first")
    banyan("kill", "--off")
    banyan("kill", "--off", "--reason", "sure")
    kept = [(turn.on, turn.stood, turn.order.reason) for turn in kill_ends.take(away)]

    assert kept == [
        (True, True, "second"),
        (True, True, "first"),
        (True, False, "first"),
        (False, False, ""),
        (False, True, "sure"),
    ]


def test_an_end_of_what_is_off_is_told_to_banyan(
    banyan: Banyan, running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that it is on record, as a second kill is."""
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "t")
    banyan("kill", "--off", "--reason", "sure")
    banyan("kill", "--reason", "first")
    banyan("kill", "--reason", "first")

    told = [(each["on"], each["reason"]) for each in map(json.loads, running.posted)]
    assert told == [(False, "sure"), (True, "first")]


def test_a_second_order_leaves_the_first_one(banyan: Banyan, running: Running) -> None:
    """Its name, time and reason stay, and whoever gives the second one is told whose they are."""
    first = KillSwitchOrder(by="ann@ops", at="2026-03-01T12:00:00.000Z", reason="new loses orders")
    kill_file.give(running.file, first)
    result = banyan("kill", "--reason", "me too")

    assert result.exit_code == 0
    assert kill_file.read(running.file) == first
    assert result.stdout.splitlines()[1] == (
        "  it was on already, since 2026-03-01T12:00:00.000Z by ann@ops: new loses orders; that order stays as it was"
    )
