"""What `banyan status` shows of the answers that it gets.

Long: one picture, and each of its lines and columns.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import msgspec
import pytest

from proxy.api.evidence import CoverageView, ParityView
from proxy.api.kill import KillOrderView
from proxy.api.routes import (
    FileView,
    RateView,
    ReloadView,
    RoutesView,
    RouteView,
    RunsView,
    TrafficView,
    WorkerView,
)
from proxy.api.standing import RampState, StandingView
from proxy.cli.admin_address import base_of
from proxy.config.files import lastgood
from proxy.config.text.written_texts import Texts
from proxy.core.stage import Stage
from tests.cli.conftest import ROUTES, Banyan

METRICS = """\
# HELP banyan_requests_total Requests.
# TYPE banyan_requests_total counter
banyan_requests_total{code="5xx",route="orders.show",side="new"} 50.0
"""


def route(name: str, *, stage: Stage | None = Stage.LEGACY, split: float | None = 0.0, **more: object) -> RouteView:
    values: dict[str, object] = {
        "file": FileView(stage=stage, split=split),
        "runs": RunsView(stage=stage, split=split, reason="as the file says"),
        "traffic": TrafficView(legacy=0, new=0),
        "rate": RateView(legacy=0.0, new=0.0, self=0.0),
        "answered": 0,
        "verdict": "hold",
    }
    return RouteView(name=name, **values | more)  # type: ignore[arg-type]


def reload_(**more: object) -> ReloadView:
    values: dict[str, object] = {"ok": True, "problems": (), "warnings": (), "needs_restart": ()}
    return ReloadView(at="2026-01-02T03:04:05Z", **values | more)  # type: ignore[arg-type]


def worker(**more: object) -> WorkerView:
    values: dict[str, object] = {"serves_current": True, "draining": False, "revision": "abc123"}
    return WorkerView(worker=0, pid=4711, connections=3, **values | more)  # type: ignore[arg-type]


ROUTES_VIEW = RoutesView(
    revision="abc123",
    routes=[
        route(
            "orders.show",
            stage=Stage.CANARY,
            split=0.25,
            rate=RateView(legacy=30.0, new=10.0, self=0.0, failed=10.0),
        ),
        route("closed", stage=None, split=None),
        route(
            "rest",
            parity=ParityView(compared=200, mismatch=3, undecided=50, fields_waiting=2, rate_upper_bound=0.0712),
            coverage=CoverageView(shapes=9, unseen=0.01, unseen_bound=0.04, uncovered=2),
            verdict="rollback",
        ),
    ],
    reload=reload_(),
    workers=[worker()],
)


@dataclass
class Admin:
    """What the admin port answers, and what it was asked."""

    view: RoutesView = ROUTES_VIEW
    metrics: str = METRICS
    token: str = ""
    asked: list[str] = field(default_factory=list)
    pages: dict[str, bytes] = field(default_factory=dict)
    url: str = ""

    def answer(self, path: str, authorization: str | None) -> tuple[int, bytes]:
        self.asked.append(path)
        if self.token and authorization != f"Bearer {self.token}":
            return 401, b'{"title": "Unauthorized", "detail": "a token is needed"}'
        pages = {"/api/routes": msgspec.json.encode(self.view), "/metrics": self.metrics.encode(), **self.pages}
        return (200, pages[path]) if path in pages else (404, b"nothing here")


@contextmanager
def listening(admin: Admin) -> Iterator[Admin]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = admin.answer(self.path, self.headers["Authorization"])
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    admin.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield admin
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@pytest.fixture
def admin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Admin]:
    monkeypatch.delenv("BANYAN_ADMIN_TOKEN", raising=False)
    with listening(Admin()) as up:
        yield up


def table(text: str) -> dict[str, list[str]]:
    """Cells of each row, by route; columns stand two blanks apart."""
    rows = text.partition("\n\n")[2].splitlines()
    return {cells[0]: cells[1:] for row in rows if (cells := [cell for cell in row.split("  ") if cell.strip()])} | {}


def cells(text: str, name: str) -> list[str]:
    return [cell.strip() for cell in table(text)[name]]


def test_every_route_has_its_row(banyan: Banyan, admin: Admin) -> None:
    """One table shows stage, split, rates, the share of new, failures, parity, verdict and reason of each route."""
    result = banyan("status", "--admin", admin.url)

    assert result.exit_code == 0
    heads = [
        "stage",
        "split",
        "legacy/s",
        "new/s",
        "new",
        "5xx",
        "compared",
        "mismatch",
        "incomparable",
        "waits",
        "coverage",
        "verdict",
        "reason",
    ]
    assert cells(result.stdout, "route") == heads
    assert cells(result.stdout, "orders.show") == [
        *["canary", "25%", "30.0", "10.0", "25.0%", "25.00%", "–", "–", "–", "–", "–", "hold", "as the file says"]
    ]
    assert cells(result.stdout, "rest") == [
        *[
            "legacy",
            "–",
            "0.0",
            "0.0",
            "–",
            "–",
            "200",
            "1.50% (<7.1%)",
            "0",
            "20.00% (2)",
            "96.0% (2 open)",
            "rollback",
            "as the file says",
        ]
    ]
    assert cells(result.stdout, "closed")[:2] == ["answered here", "–"]


def test_where_everything_waits_nothing_is_compared(banyan: Banyan, admin: Admin) -> None:
    """Undecided answers are a share of all that could be compared, and no mismatch rate is made up."""
    waits = route("rest", parity=ParityView(undecided=7, fields_waiting=1), coverage=CoverageView(unseen_bound=1.0))
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=[waits])

    assert cells(banyan("status", "--admin", admin.url).stdout, "rest")[6:11] == [
        *["0", "– (≤100%)", "0", "100.00% (1)", "0.0%"]
    ]


def test_the_mismatch_rate_is_that_of_its_bound(banyan: Banyan, admin: Admin) -> None:
    """A wrong answer that is asked for all day is a few of what the bound is about: no rate stands above its bound."""
    parity = ParityView(compared=1000, mismatch=216, mismatch_rate=3 / 240, rate_upper_bound=0.05)
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=[route("a", parity=parity)])

    assert cells(banyan("status", "--admin", admin.url).stdout, "a")[7] == "1.25% (<5.0%)"


def test_what_could_not_be_compared_is_a_column(banyan: Banyan, admin: Admin) -> None:
    """With its share of what was to be compared, as the judge reckons it; where nothing else was, it alone is known."""
    some = route("some", parity=ParityView(compared=95, match=95, incomparable=5, rate_upper_bound=0.05))
    none = route("none", parity=ParityView(incomparable=85))
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=[some, none])
    text = banyan("status", "--admin", admin.url).stdout

    assert cells(text, "some")[6:9] == ["95", "0.00% (<5.0%)", "5 (5.0%)"]
    assert cells(text, "none")[6:11] == ["0", "–", "85 (100.0%)", "–", "–"]


@pytest.mark.parametrize("state", list(RampState))
def test_the_verdict_tells_what_becomes_of_a_route(banyan: Banyan, admin: Admin, state: RampState) -> None:
    """No ramp, waiting, ready, held, latched and ramp done are six words, and a rollback a seventh."""
    routes = [route("a", state=state), route("b", state=state, verdict="rollback")]
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=routes)
    text = banyan("status", "--admin", admin.url).stdout

    word = "ramp done" if state is RampState.COMPLETE else state.replace("_", " ")
    assert [cells(text, name)[-2] for name in "ab"] == [word, "rollback"]


@pytest.mark.parametrize(
    ("rate", "said"),
    [
        (RateView(legacy=0.0, new=0.0, self=0.0, failed=0.0), "–"),
        (RateView(legacy=30.0, new=10.0, self=0.0, failed=0.0), "0.00%"),
        (RateView(legacy=0.0, new=6.0, self=2.0, failed=2.0), "25.00%"),
    ],
    ids=["idle", "well", "refused here"],
)
def test_5xx_are_a_share_of_what_was_answered_lately(banyan: Banyan, admin: Admin, rate: RateView, said: str) -> None:
    """Of the seconds that the columns beside it show, Banyan's own answers among them; what was counted before is
    over, and where nothing was answered there is no number.
    """
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=[route("a", rate=rate)])

    assert cells(banyan("status", "--admin", admin.url).stdout, "a")[5] == said


def test_the_header_tells_of_file_and_workers(banyan: Banyan, admin: Admin) -> None:
    """Above the table stand the revision, where it runs, the workers, and as of when the file is."""
    first = banyan("status", "--admin", admin.url).stdout.splitlines()[0]

    assert first == f"revision abc123 at {admin.url}, 1 worker, file as of 2026-01-02T03:04:05Z"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"reload": reload_(ok=False, problems=("routes.yaml:9:1: stage: wrong",))}, "routes.yaml:9:1: stage: wrong"),
        ({"workers": [worker(serves_current=False, revision="old456")]}, "worker 0 (pid 4711) serves revision old456"),
        ({"workers": [worker(serves_current=False, draining=True)]}, "worker 0 (pid 4711) drains"),
    ],
    ids=["bad file", "lagging", "draining"],
)
def test_what_is_not_settled_is_found(banyan: Banyan, admin: Admin, change: dict[str, object], said: str) -> None:
    """A file with problems, or a worker that does not serve it, is told above the table: exit 1."""
    admin.view = msgspec.structs.replace(ROUTES_VIEW, **change)
    result = banyan("status", "--admin", admin.url)

    assert result.exit_code == 1
    assert said in result.stdout
    assert cells(result.stdout, "orders.show")


def test_the_kill_switch_is_the_loudest_line(banyan: Banyan, admin: Admin) -> None:
    """While it is on, who, when and why stand above the table, with the workers that have not followed: exit 1."""
    order = KillOrderView(by="ann", at="2026-01-02T03:04:05Z", reason="new loses orders")
    workers = [worker(killed=True), msgspec.structs.replace(worker(), worker=1)]
    admin.view = msgspec.structs.replace(ROUTES_VIEW, killed=order, workers=workers)
    result = banyan("status", "--admin", admin.url)
    admin.view = msgspec.structs.replace(ROUTES_VIEW, killed=KillOrderView(by="", at="", reason=""), workers=[])

    assert result.exit_code == 1
    assert result.stdout.replace("\n    ", " ").splitlines()[1] == (
        "KILLED (by ann, since 2026-01-02T03:04:05Z, new loses orders): "
        "legacy answers all it can until `banyan kill --off`; not yet in worker 1"
    )
    assert "KILLED: legacy answers" in banyan("status", "--admin", admin.url).stdout


def test_an_unknown_standing_is_told(banyan: Banyan, admin: Admin) -> None:
    """Before anybody has read where routes stand, a red line says so and why, and the exit code is 1."""
    standing = StandingView(version=0, leads=False, away="refused", here=[], instances=[], known=False)
    admin.view = msgspec.structs.replace(ROUTES_VIEW, standing=standing)
    result = banyan("status", "--admin", admin.url)

    said = "the state store has not said yet where routes stand, legacy answers what it can: refused"
    assert said in " ".join(result.stdout.split())
    assert result.exit_code == 1


def test_what_waits_for_a_restart_is_told(banyan: Banyan, admin: Admin) -> None:
    """Warnings, and settings that only a start can take, are told and are no fault."""
    told = reload_(needs_restart=("listen", "workers"), warnings=("routes.yaml:3:1: listen: wide open",))
    admin.view = msgspec.structs.replace(ROUTES_VIEW, reload=told)
    result = banyan("status", "--admin", admin.url)

    assert result.exit_code == 0
    assert "taken at the next start: listen, workers" in result.stdout
    assert "listen: wide open" in result.stdout


@pytest.mark.parametrize(
    ("file", "runs", "said"),
    [
        ((Stage.CANARY, 0.1), (Stage.CANARY, 0.5), ["canary", "50% (file: 10%)"]),
        ((Stage.CANARY, 0.1), (Stage.LIVE, 0.0), ["live (file: canary)", "– (file: 10%)"]),
        ((Stage.CANARY, 0.1), (Stage.SHADOW, 0.0), ["shadow (file: canary)", "– (file: 10%)"]),
        ((Stage.LIVE, 0.0), (Stage.CANARY, 0.5), ["canary (file: live)", "50%"]),
        ((Stage.LIVE, 0.1), (Stage.LIVE, 0.0), ["live", "–"]),
        ((Stage.RETIRED, 0.2), (Stage.RETIRED, 0.2), ["retired", "20%"]),
    ],
)
def test_file_and_running_are_both_shown_where_they_differ(
    banyan: Banyan, admin: Admin, file: tuple[Stage, float], runs: tuple[Stage, float], said: list[str]
) -> None:
    """Where what runs is not what the file says, the row holds both; a split stands where the stage has one."""
    moved = route(
        "a",
        file=FileView(stage=file[0], split=file[1]),
        runs=RunsView(stage=runs[0], split=runs[1], reason="moved"),
    )
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=[moved])

    assert cells(banyan("status", "--admin", admin.url).stdout, "a")[:2] == said


def test_scripts_get_what_the_api_says(banyan: Banyan, admin: Admin) -> None:
    """With --json the answer of the API is passed on whole."""
    told = json.loads(banyan("status", "--admin", admin.url, "--json").stdout)

    assert told == json.loads(msgspec.json.encode(ROUTES_VIEW))


def test_the_address_comes_from_the_file(banyan: Banyan, admin: Admin, folder: Path) -> None:
    """Without --admin the file's own `admin` is asked, on loopback where it binds every address."""
    port = admin.url.rpartition(":")[2]
    (folder / "routes.yaml").write_text(ROUTES.replace("127.0.0.1:9090", f"0.0.0.0:{port}"), encoding="utf-8")

    assert banyan("status").exit_code == 0
    assert "/api/routes" in admin.asked


def test_a_broken_file_still_says_where_to_ask(banyan: Banyan, admin: Admin, folder: Path) -> None:
    """While the file has problems, its `admin` line leads to the revision that still runs."""
    broken = ROUTES.replace("127.0.0.1:9090", admin.url.removeprefix("http://")).replace("10%", "250%")
    (folder / "routes.yaml").write_text(broken, encoding="utf-8")
    shown = banyan("status")

    assert shown.exit_code == 0
    assert "orders.show" in shown.stdout
    assert f"routes.yaml is broken; what runs is asked at {admin.url}. The first problem:" in shown.stderr
    assert "routes.yaml:16:12: routes[0].split: must be between 0 % and 100 %, got 250 %" in shown.stderr


@pytest.mark.parametrize("broken", ["routes: [", "", "version: 1\nadmin: ${ADMIN_NOWHERE}\n", None])
def test_the_last_good_file_says_where_to_ask(banyan: Banyan, admin: Admin, folder: Path, broken: str | None) -> None:
    """What cannot be read at all, or is gone, leads by the copy of what ran last to what runs."""
    lastgood.save(folder / ".banyan", Texts(ROUTES.replace("127.0.0.1:9090", admin.url.removeprefix("http://"))))
    (folder / "routes.yaml").unlink()
    if broken is not None:
        (folder / "routes.yaml").write_text(broken, encoding="utf-8")
    shown = banyan("status")

    assert (shown.exit_code, "routes.yaml is broken" in shown.stderr) == (0, True)


@pytest.mark.parametrize("written", ["${BANYAN_TEST_ADMIN}", '"${BANYAN_TEST_ADMIN:-127.0.0.1:1}"'])
@pytest.mark.parametrize("split", ["10%", "250%"])
def test_the_address_may_stand_in_the_environment(
    banyan: Banyan, admin: Admin, folder: Path, monkeypatch: pytest.MonkeyPatch, written: str, split: str
) -> None:
    """`admin: ${NAME}` is the value of the variable, in a good file and in a broken one."""
    monkeypatch.setenv("BANYAN_TEST_ADMIN", admin.url.removeprefix("http://"))
    text = ROUTES.replace("127.0.0.1:9090", written).replace("10%", split)
    (folder / "routes.yaml").write_text(text, encoding="utf-8")

    assert banyan("status").exit_code == 0
    assert "/api/routes" in admin.asked


@pytest.mark.parametrize("written", ["${BANYAN_NOWHERE_SET}", "nonsense", "9090"])
def test_an_address_that_cannot_be_known_is_the_default(folder: Path, written: str) -> None:
    """Where neither file says it, the address that Banyan takes by itself is asked."""
    (folder / "routes.yaml").write_text(ROUTES.replace("127.0.0.1:9090", written), encoding="utf-8")

    assert base_of("", folder / "routes.yaml") == "http://127.0.0.1:9090"


def test_the_token_is_sent(banyan: Banyan, admin: Admin, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Banyan that wants a token gets the one in BANYAN_ADMIN_TOKEN; without it the answer says which to set."""
    admin.token = "open sesame"
    refused = banyan("status", "--admin", admin.url)
    monkeypatch.setenv("BANYAN_ADMIN_TOKEN", "open sesame")

    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "BANYAN_ADMIN_TOKEN is not set here" in refused.stderr
    assert banyan("status", "--admin", admin.url).exit_code == 0


def test_nobody_there_is_said_plainly(banyan: Banyan, admin: Admin) -> None:
    """Where nothing listens the answer is one sentence and what to do, not a trace: exit 1."""
    with listening(Admin()) as gone:
        pass
    result = banyan("status", "--admin", gone.url)

    assert (result.exit_code, result.stdout) == (1, "")
    assert f"nothing answers at {gone.url}" in result.stderr
    assert "banyan serve" in result.stderr


@pytest.mark.parametrize("arguments", ["--watch --json", "--config missing.yaml"])
def test_wrong_usage_leaves_with_2(banyan: Banyan, arguments: str) -> None:
    """What cannot be meant is exit 2."""
    assert banyan(f"status {arguments}").exit_code == 2


LONG = (
    "rolled back by the guard: 5xx of new is more frequent than legacy's allows, after 40 bad events; ends with resume"
)


def test_a_long_reason_is_whole_in_a_pipe(banyan: Banyan, admin: Admin) -> None:
    """In the table, in the line above it and in the JSON."""
    moved = route("rest", runs=RunsView(stage=Stage.SHADOW, split=0.0, reason=LONG, latched=True))
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=[moved])
    text, page = (banyan("status", "--admin", admin.url, *more).stdout for more in ([], ["--json"]))

    assert cells(text, "rest")[-1] == LONG
    assert f"rest runs shadow, the file says legacy: {LONG}" in text.replace("\n    ", " ")
    assert json.loads(page)["routes"][0]["runs"]["reason"] == LONG


def test_a_reason_of_four_thousand_characters_is_whole_in_a_pipe(banyan: Banyan, admin: Admin) -> None:
    """Above the table, folded at a hundred columns, what goes on indented; and in its row, which is one line."""
    words = "moved by ann@desk: " + "the release is out and " * 170 + "that is that"
    admin.view = msgspec.structs.replace(
        ROUTES_VIEW, routes=[route("rest", runs=RunsView(stage=Stage.SHADOW, split=0.0, reason=words))]
    )
    text = banyan("status", "--admin", admin.url).stdout
    above, row = text.split("\n\n")[0].splitlines(), cells(text, "rest")[-1]
    at = next(number for number, line in enumerate(above) if line.startswith("rest runs"))

    assert all(len(line) <= 100 and line == line.rstrip() for line in above)
    assert " ".join(line.strip() for line in above[at:]).endswith(f"the file says legacy: {words}")
    assert all(line.startswith("    ") for line in above[at + 1 :])
    assert row == words


def test_who_is_kept_where_the_file_says_is_not_said_to_run_elsewhere(banyan: Banyan, admin: Admin) -> None:
    """On hold, rolled back or draining there, or with a split that is the same as it is written: one place is named."""
    file = FileView(stage=Stage.CANARY, split=0.25)
    runs = {
        "held": RunsView(stage=Stage.CANARY, split=0.25, reason="on hold by ann", held=True),
        "close": RunsView(stage=Stage.CANARY, split=0.25 + 1e-12, reason="moved by ann"),
    }
    routes = [route(name, file=file, runs=each) for name, each in runs.items()]
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=routes)
    text = banyan("status", "--admin", admin.url).stdout

    assert "held runs canary 25%, as the file says: on hold by ann" in text
    assert "the file says canary 25%" not in text
    assert "close runs" not in text


CLAUSE = "coverage 0.591 % unseen, needs at most 0.5 % unseen"
UNSEEN = "the next request has an unseen shape with at most 0.591 %; 0.5 % is needed"


def test_the_table_says_why_a_ramp_waits(banyan: Banyan, admin: Admin) -> None:
    """The first thing that is missing, and why it runs elsewhere than the file says; on hold nothing is waited for."""
    reasons = (UNSEEN, "window night is on")
    states = {"climbs": "waiting", "rests": "no_ramp", "kept": "held"}
    routes = [route(name, state=RampState(state), reasons=reasons, obstacle=CLAUSE) for name, state in states.items()]
    moved = RunsView(stage=Stage.SHADOW, split=0.0, reason="moved by ann")
    routes.append(route("moved", state=RampState.WAITING, reasons=reasons, runs=moved))
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=routes)
    text = banyan("status", "--admin", admin.url).stdout

    assert cells(text, "climbs")[-1] == f"waits: {CLAUSE}"
    assert cells(text, "moved")[-1] == f"waits: {UNSEEN}; moved by ann"
    assert [cells(text, name)[-1] for name in ("rests", "kept")] == ["as the file says"] * 2


def test_under_the_kill_switch_no_ramp_waits(banyan: Banyan, admin: Admin) -> None:
    """What runs is the switch's doing, and that is the reason."""
    runs = RunsView(stage=Stage.LEGACY, split=0.0, reason="killed", killed=True)
    killed = route("a", state=RampState.WAITING, obstacle=CLAUSE, runs=runs)
    admin.view = msgspec.structs.replace(ROUTES_VIEW, routes=[killed])

    assert cells(banyan("status", "--admin", admin.url).stdout, "a")[-1] == "killed"
