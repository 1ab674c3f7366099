from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.config.blocks import waits
from proxy.config.load import Loaded, load_text
from proxy.core.routing.route import Timeouts
from tests.config.given_files import HEAD, snapshot, told, warnings, with_routes
from tests.config.refusing import refusal

STREAM = "name: a, match: {path: /a, headers: {Accept: text/event-stream}}, stage: legacy"
PREFERS = "name: a, match: {path: /a, headers: {Prefer: true}}, stage: legacy"
POLL = 'name: a, match: {path: /a, headers: {Prefer: ["wait=60", "Wait=90"]}}, stage: legacy'
TUNNEL = "name: a, match: /a, stage: legacy, upgrades: [websocket]"


def remarks(text: str) -> list[str]:
    found = load_text(text, "routes.yaml", {})
    assert isinstance(found, Loaded), "\n".join(map(str, found))
    return list(found.remarks)


@pytest.mark.parametrize(
    ("route", "remark"),
    [
        (
            STREAM,
            "7:22: routes[0].match: an event stream is cut after 60s without a byte, the default; write {} idle",
        ),
        (
            POLL,
            "7:22: routes[0].match: a long poll is answered with 504 after 30s, the default; write {} response",
        ),
        (
            TUNNEL,
            (
                "7:51: routes[0].upgrades: a client that falls back from the tunnel to polls or streams gets 504 after "
                "30s without an answer and is cut after 60s without a byte, the defaults; write {} response and idle"
            ),
        ),
    ],
)
def test_default_waits_are_remarked_where_requests_wait(route: str, remark: str) -> None:
    """The line that says so is named, with the bound and the cure; it is no warning."""
    assert remarks(with_routes(route)) == ["routes.yaml:" + remark.format("timeout: streaming here, or")]
    assert warnings(with_routes(route)) == []


@pytest.mark.parametrize("route", [STREAM, POLL, PREFERS, TUNNEL])
def test_what_is_said_is_meant(route: str) -> None:
    """The word, or the waits themselves, on the route or on every upstream that answers."""
    for said in ("streaming", "{response: 30s, idle: 60s}"):
        assert remarks(with_routes(f"{route}, timeout: {said}")) == []
        patient = HEAD.replace('3000"}', f'3000", timeout: {said}}}')
        assert remarks(with_routes(route, head=patient)) == []
        assert len(remarks(with_routes(route.replace("stage: legacy", "stage: complete"), head=patient))) == 1


def test_one_wait_is_not_the_other() -> None:
    """A stream is cut by silence, a poll by the wait for its answer; who says one for a tunnel has thought of it."""
    assert len(remarks(with_routes(f"{STREAM}, timeout: {{response: 5m}}"))) == 1
    assert len(remarks(with_routes(f"{POLL}, timeout: {{idle: 5m}}"))) == 1
    assert remarks(with_routes(f"{TUNNEL}, timeout: {{idle: 5m}}")) == []


@pytest.mark.parametrize("match", ["headers: {Accept: text/html}", "headers: {Prefer: false}", "query: {wait: '60'}"])
def test_other_conditions_say_nothing_of_waiting(match: str) -> None:
    """Nor does a route without any."""
    assert remarks(with_routes(f"name: a, match: {{path: /a, {match}}}, stage: legacy")) == []


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (waits.read_upgrades, ["websocket"], True),
        (waits.read_upgrades, [], False),
    ],
)
def test_right_values_are_read(reader: Callable[[object], object], value: object, result: object) -> None:
    """Each reader gives what its block holds."""
    assert reader(value) == result


@pytest.mark.parametrize(
    ("reader", "value", "said"),
    [
        (waits.read_upgrades, "websocket", "must be a list such as [websocket]"),
        (waits.read_upgrades, ["websockets"], "must be one of websocket | did you mean websocket?"),
    ],
)
def test_wrong_values_are_refused(reader: Callable[[object], object], value: object, said: str) -> None:
    """Each reader says what is right, and the cure where it can be told."""
    assert refusal(reader, value) == said


def test_a_route_takes_from_its_upstream_what_its_timeout_leaves_out() -> None:
    """A route that changes one wait keeps its upstream's others; without any it has none of its own."""
    head = HEAD.replace('new: {url: "', 'new: {timeout: {idle: 7s}, url: "')
    found = snapshot(
        with_routes(
            "name: a, match: /a, stage: live, timeout: {response: 9s}",
            "name: b, match: /b, stage: live",
            "name: c, match: /c, stage: retired, timeout: {response: 9s}",
            head=head,
        )
    )

    assert [each.timeouts for each in found.routes] == [
        Timeouts(response=9.0, idle=7.0),
        None,
        Timeouts(response=9.0),
    ]


CANARY = "stage: canary, split: 1%"


def test_a_timeout_says_what_its_upstreams_do_not_agree_on() -> None:
    """Where two upstreams answer, what a route's timeout leaves out must be the same on both."""
    text = with_routes(
        f"name: a, match: /a, {CANARY}, timeout: ¦{{response: 9s, connect: 1s}}",
        "name: b, match: /b, stage: live, timeout: {response: 9s}",
        f"name: c, match: /c, {CANARY}, timeout: {{idle: 9s, connect: 1s}}",
        f"name: d, match: /d, {CANARY}",
        head=HEAD.replace('new: {url: "', 'new: {timeout: {idle: 7s, connect: 1s}, url: "'),
    )

    differ = "leaves out idle, on which its upstreams differ (legacy has 60s, new 7s); write idle here too"
    assert told(text) == [f"routes[0].timeout: {differ}"]
