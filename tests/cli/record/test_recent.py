"""`banyan recent` and `banyan noise` over pages of the test's own."""

from __future__ import annotations

import re

import msgspec

from proxy.control.admin.recent import sampled
from proxy.core.stage import Stage
from tests.cli.conftest import Banyan
from tests.cli.listening import listening
from tests.core.remembered import TENANT, a_route, head, remember, table

ORDERS = a_route("orders", "/orders/{id}", stage=Stage.CANARY, split=1.0, cohort=(TENANT,))
KEY = {
    "path": "$.at",
    "decided": "noisy",
    "excused": True,
    "asked": 40,
    "until": "2026-03-08T12:00:00.000Z",
    "state": "noisy",
    "why": "legacy does not repeat it: 40 of 40",
    "since": "2026-03-01T12:00:00.000Z",
}


def said(banyan: Banyan, command: str, path: str, page: object) -> str:
    with listening({path: msgspec.json.encode(page)}) as admin:
        result = banyan(f"{command} --admin {admin.url}")
    assert result.exit_code == 0, result.stderr
    return result.stdout


def test_a_request_is_listed_with_the_id_that_why_takes(banyan: Banyan) -> None:
    """Whole, beside when it came, what it got, who answered and what was asked for."""
    seen = remember(table(ORDERS), head("/orders/7", "t1"), upstream="new")
    page = {"revision": "r", "seconds": 60.0, "requests": [sampled(seen, 1.0)]}
    line = said(banyan, "recent orders", "/api/recent?route=orders&limit=20", page)

    assert f"  {seen.id}  200  new  {seen.ms:g} ms  GET /orders/7\n" in line
    assert len(line) <= 101


def test_what_stands_for_a_value_of_a_query_is_marked(banyan: Banyan) -> None:
    """As a hash is elsewhere: nobody takes it for what the client sent; equal values have equal hashes."""
    seen = remember(table(ORDERS), head("/orders/7?page=3&from=3&flag&empty=", "t1"), upstream="new")
    page = {"revision": "r", "seconds": 60.0, "requests": [sampled(seen, 1.0)]}
    line = said(banyan, "recent orders", "/api/recent?route=orders&limit=20", page)
    shown = re.search(r"\?page=(hash:[0-9a-f]{6})&from=(hash:[0-9a-f]{6})&flag&empty=\n", line)

    assert shown is not None
    assert shown[1] == shown[2]


def test_no_request_is_said_in_words(banyan: Banyan) -> None:
    """So is that nothing is known of any key."""
    page = {"revision": "r", "seconds": 0.0, "requests": []}

    assert said(banyan, "recent orders", "/api/recent?route=orders&limit=20", page) == (
        "orders: no request is remembered\n"
    )
    assert (
        said(banyan, "noise a", "/api/routes/a", {"name": "a", "revision": "r"}) == "a: nothing is known of any key\n"
    )


def test_requests_for_scripts(banyan: Banyan) -> None:
    """As the server says it."""
    page = {"revision": "r", "seconds": 0.0, "requests": []}

    assert msgspec.json.decode(said(banyan, "recent a --json", "/api/recent?route=a&limit=20", page)) == page


def test_a_regression_that_a_rule_accepts_is_told_as_such(banyan: Banyan) -> None:
    """Not as one that counts; which rule it is stands below, before what the tests say."""
    regression = {**KEY, "path": "header:Content-Type", "decided": "regression", "excused": False, "until": None}
    page = {
        "name": "a",
        "revision": "r",
        "evidence": {"noise": [regression, {**regression, "accepted": ["ignore header:Content-Type"]}]},
    }
    counts, accepted = said(banyan, "noise a", "/api/routes/a", page).splitlines()

    assert counts.startswith("header:Content-Type  counts: regression ")
    assert accepted.startswith("header:Content-Type  accepted: regression ")
    rule = "accepted by ignore header:Content-Type, whose kinds `banyan mismatches` tells"
    assert accepted.endswith(f"  {rule}  {KEY['why']}")


def test_noise_is_listed_key_by_key(banyan: Banyan) -> None:
    """Whether it is excused, since when and how long, how often legacy was asked twice, and by what it was found."""
    waits = {**KEY, "path": "$.id", "decided": "", "excused": False, "asked": 0, "state": "waits", "why": "not yet"}
    page = {"name": "a", "revision": "r", "evidence": {"noise": [KEY, {**waits, "since": None, "until": None}]}}
    text = said(banyan, "noise a", "/api/routes/a", page)

    assert text.splitlines() == [
        (
            "$.at  excused: noisy  since 2026-03-01 12:00:00Z  until 2026-03-08 12:00:00Z  40 repeats"
            "  legacy does not repeat it: 40 of 40"
        ),
        "$.id  waits  –  –  –  not yet",
    ]
    found = msgspec.json.decode(said(banyan, "noise a --json", "/api/routes/a", page))
    assert [each["path"] for each in found["noise"]] == ["$.at", "$.id"]
