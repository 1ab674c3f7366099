"""`banyan history` and `banyan pins` over pages of the test's own."""

from __future__ import annotations

import msgspec
import pytest

from tests.cli.conftest import Banyan
from tests.cli.listening import listening

FIVE, SHADOW = {"stage": "canary", "split": 0.05}, {"stage": "shadow", "split": 0.0}
AT = "2026-03-01T12:00:0{}.000Z"
ORDERS = [
    {"at": AT.format(4), "kind": "kill", "actor": "ann", "reason": "a\nb", "instance": "one:8080"},
    {
        "at": AT.format(3),
        "kind": "pin",
        "route": "orders",
        "actor": "bob",
        "cohort": "acme",
        "side": "new",
        "until": AT.format(9),
    },
    {"at": AT.format(2), "kind": "hold", "route": "orders", "actor": "bob\nx", "from": FIVE, "to": FIVE},
    {"at": AT.format(1), "kind": "rollback", "route": "pay", "actor": "judge", "from": FIVE, "to": SHADOW},
]
PIN = {"cohort": "acme", "side": "new", "by": "ann", "since": AT.format(1), "reason": "tries it"}
DRAIN = {"cohort": "(newcomers)", "side": "legacy", "by": "bob", "since": AT.format(2)}


def said(banyan: Banyan, command: str, path: str, page: object) -> list[str]:
    with listening({path: msgspec.json.encode(page)}) as admin:
        result = banyan(f"{command} --admin {admin.url}")
    assert result.exit_code == 0, result.stderr
    return result.stdout.splitlines()


def test_the_record_is_listed(banyan: Banyan) -> None:
    """Each order with its time, kind, route, what it was, by whom and why; line breaks are shown as such."""
    assert said(banyan, "history", "/api/history?limit=50", {"orders": ORDERS}) == [
        "2026-03-01 12:00:04Z  kill  every route  –  by ann at one:8080  a\\nb",
        "2026-03-01 12:00:03Z  pin  orders  'acme' → new until 2026-03-01 12:00:09Z  by bob",
        "2026-03-01 12:00:02Z  hold  orders  at canary 5%  by bob\\nx",
        "2026-03-01 12:00:01Z  rollback  pay  canary 5% → shadow  by judge",
    ]


def test_that_of_one_route_does_not_repeat_its_name(banyan: Banyan) -> None:
    """It was asked for."""
    lines = said(banyan, "history orders -n 2", "/api/history?limit=2&route=orders", {"orders": ORDERS[2:3]})

    assert lines == ["2026-03-01 12:00:02Z  hold  at canary 5%  by bob\\nx"]


@pytest.mark.parametrize(
    ("command", "path", "page", "line"),
    [
        ("history", "/api/history?limit=50", {"orders": []}, "nothing was ordered yet"),
        ("history a", "/api/history?limit=50&route=a", {"orders": []}, "a: nothing was ordered yet"),
        ("pins", "/api/routes", {"revision": "r", "routes": []}, "no cohort is pinned, and nothing drains"),
    ],
)
def test_nothing_is_said_in_words(banyan: Banyan, command: str, path: str, page: object, line: str) -> None:
    """An empty answer would look like a mistake."""
    assert said(banyan, command, path, page) == [line]


def test_for_scripts_it_is_what_the_server_says(banyan: Banyan) -> None:
    """As JSON, whole."""
    page = {"orders": ORDERS}

    assert "".join(said(banyan, "history --json", "/api/history?limit=50", page)) == msgspec.json.encode(page).decode()


@pytest.mark.parametrize("command", ["history a", "pins a", "recent a", "noise a"])
def test_no_such_route_is_exit_1(banyan: Banyan, command: str) -> None:
    """With what the server says of it, and nothing on stdout."""
    with listening({}) as admin:
        result = banyan(f"{command} --admin {admin.url}")

    assert (result.exit_code, result.stdout, "it is not there" in result.stderr) == (1, "", True)


def test_pins_and_drains_are_listed(banyan: Banyan) -> None:
    """Of all routes: whom, to which side, until when, since when, by whom and why."""
    routes = [{"name": "orders", "runs": {"pinned": [PIN], "drain": DRAIN}}, {"name": "rest"}]
    lines = said(banyan, "pins", "/api/routes", {"revision": "r", "routes": routes})

    assert lines == [
        "orders  drains  until `banyan drain --off`  since 2026-03-01 12:00:02Z  by bob",
        "orders  'acme' → new  until `banyan unpin`  since 2026-03-01 12:00:01Z  by ann  tries it",
    ]


def test_pins_for_scripts(banyan: Banyan) -> None:
    """Each with its route."""
    page = {"revision": "r", "routes": [{"name": "orders", "runs": {"pinned": [PIN]}}]}
    found = msgspec.json.decode("".join(said(banyan, "pins --json", "/api/routes", page)))

    assert [(each["route"], each["pin"]["cohort"]) for each in found["pins"]] == [("orders", "acme")]
