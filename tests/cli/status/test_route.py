from __future__ import annotations

import re

import msgspec
import pytest

from tests.cli.conftest import Banyan
from tests.cli.listening import listening

PLACE = {"stage": "canary", "split": 0.1}
ROUTE = {
    "name": "orders",
    "path": "/orders/{id}",
    "file": PLACE,
    "runs": {**PLACE, "reason": "as the file says", "tag": "v3p0c5b1a9d"},
    "rate": {"legacy": 9.0, "new": 1.0},
    "verdict": "hold",
    "reasons": ["not enough evidence"],
    "cohorts": {
        "without": 0.25,
        "sources": [
            {"source": "header:x-tenant-id", "requests": 3000, "cohorts": 1200},
            {"source": "(none: client_ip)", "requests": 1000, "cohorts": 7},
        ],
    },
}


def said(banyan: Banyan, **more: object) -> str:
    with listening({"/api/routes/orders": msgspec.json.encode({**ROUTE, **more})}) as admin:
        result = banyan(f"status --route orders --admin {admin.url}")
    assert result.exit_code == 0
    return result.stdout


def whole(text: str) -> str:
    """With each row that goes on in the next lines whole again."""
    return re.sub(r"\n {12,}(?=\S)", " ", text)


def test_a_route_shows_place_and_cohorts(banyan: Banyan) -> None:
    """Where it runs and why, and how many cohorts come from which source."""
    text = said(banyan)

    assert "runs      canary 10%, as the file says" in text
    assert "tag       v3p0c5b1a9d, for --if-match" in text
    assert "verdict   hold; not enough evidence" in text
    assert "cohorts   header:x-tenant-id: about 1,200 values in 3,000 requests" in text
    assert "25.0% of the requests name no cohort" in text
    assert "file" not in text.replace("the file", "")


@pytest.mark.parametrize(
    ("more", "line"),
    [
        ({"runs": {"stage": "shadow", "split": 0.0, "reason": "rolled back"}}, "file      canary 10%"),
        ({"runs": {"stage": None, "split": None, "reason": ""}}, "runs      answered here"),
        (
            {"parity": {"compared": 30, "undecided": 10, "fields_waiting": 2}},
            "waits     10 of 40 answers are undecided, at 2 fields; `banyan mismatches orders` says why",
        ),
        (
            {"runs": {**PLACE, "reason": "", "sample": 0.26}},
            "shadow    26% of the requests, until the next step has what it needs",
        ),
        ({"parity": {"undecided": 10, "fields_waiting": 1}}, "waits     10 of 10 answers are undecided, at 1 field;"),
        ({"cohorts": {"without": 0.0, "sources": []}}, "cohorts   none seen yet"),
        (
            {
                "down": [
                    {"upstream": "old", "since": "2026-11-28T19:00:00.000Z", "error": "refused", "routes": ["orders"]}
                ]
            },
            "down      old is down since 2026-11-28T19:00:00.000Z: it answers nothing now (refused)",
        ),
        (
            {"closed": [{"upstream": "old", "until": "2026-11-28T19:00:00.000Z", "window": "batch"}]},
            "closed    old is closed until 2026-11-28T19:00:00.000Z (batch)",
        ),
        (
            {"closed": [{"upstream": "new", "until": "2026-11-28T19:00:00.000Z", "window": "w", "beside": ["orders"]}]},
            "closed    new is closed until 2026-11-28T19:00:00.000Z (w): it gets no shadow, no fallback",
        ),
        (
            {"coverage": {"echoes": [{"side": "new", "echoed": 2, "silent": 1}]}},
            "callers   new says whom it saw in 2 of 3 answers",
        ),
        (
            {"coverage": {"echoes": [{"side": "legacy", "echoed": 0, "silent": 3}]}},
            "callers   legacy never says whom it saw (3 answers): X-Banyan-Saw is not compared",
        ),
        ({"was": "orders.get"}, "was       orders.get: its state and its draws are kept under this name"),
    ],
)
def test_what_differs_is_shown(banyan: Banyan, more: dict[str, object], line: str) -> None:
    """A place that is not the file's, a route without one, cohorts that nobody has seen, and the name of before."""
    assert line in said(banyan, **more)


def test_pins_are_listed(banyan: Banyan) -> None:
    """Key, side, end, by whom and why; of many the first ones."""
    some = [
        {"cohort": "127.0.0.11", "side": "legacy", "until": "2026-11-28T19:30:00.000Z", "by": "ann", "reason": "asked"},
        {"cohort": "acme", "side": "new", "until": None, "by": "bob", "reason": ""},
    ]
    text = said(banyan, runs={**PLACE, "reason": "2 cohorts pinned", "pinned": some})
    many = said(banyan, runs={**PLACE, "pinned": [{"cohort": f"c{at}", "side": "new"} for at in range(23)]})

    assert "pins      '127.0.0.11' → legacy until 2026-11-28T19:30:00.000Z, by ann: asked" in text
    assert "          'acme' → new until `banyan unpin`, by bob\n" in text
    assert (many.count("→ new"), "… and 3 more, in `runs.pinned` of --json" in many) == (20, True)


NEEDS = [
    {
        "need": "time",
        "state": "met",
        "value": "12m",
        "limit": "10m",
        "sentence": "at canary 10% for 12m of 10m",
        "hint": "without 5m under the kill switch",
    },
    {
        "need": "compared",
        "state": "open",
        "value": "312",
        "limit": "1000",
        "sentence": "312 of 1000 comparisons at this step; 26 % are shadowed until then",
        "hint": "26 % are shadowed until then",
    },
    {"need": "high_severity", "state": "failed", "value": "2", "limit": "none", "sentence": "2 differences"},
]


def test_needs_are_rows(banyan: Banyan) -> None:
    """Those that failed, those that are open, those that are met, each with what was found, what is needed and what
    helps; beside the verdict stands what is no need.
    """
    reasons = [NEEDS[1]["sentence"], NEEDS[2]["sentence"], "window night is on"]
    lines = said(banyan, state="waiting", needs=NEEDS, reasons=reasons).splitlines()
    at = next(number for number, line in enumerate(lines) if "needs   " in line)

    assert lines[at - 1] == "  verdict   waiting; window night is on"
    assert lines[at : at + 5] == [
        "  needs     1 of 3 are met, counted at this step alone",
        "            failed  high severity  2    needs none",
        "            open    compared       312  needs 1000",
        "                    26 % are shadowed until then",
        "            met     time           12m  needs 10m",
    ]


def test_a_need_is_one_line_at_80_columns(banyan: Banyan, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where limits do not fit below each other, each stands behind its value; none is folded."""
    few = {"need": "coverage", "state": "open", "value": "10.1 % unseen", "limit": "at most 0.5 % unseen"}
    many = {"need": "incomparable", "state": "met", "value": "0 % of the last 5,100 pairs", "limit": "at most 1 %"}
    lines = {}
    for width in ("80", "100"):
        monkeypatch.setenv("COLUMNS", width)
        lines[width] = said(
            banyan, state="waiting", needs=[{**each, "sentence": ""} for each in (few, many)]
        ).splitlines()

    assert "            open    coverage      10.1 % unseen, needs at most 0.5 % unseen" in lines["80"]
    assert "            met     incomparable  0 % of the last 5,100 pairs, needs at most 1 %" in lines["80"]
    assert f"            open    coverage      {'10.1 % unseen':<27}  needs at most 0.5 % unseen" in lines["100"]


def test_a_killed_route_is_told_where_it_returns_to(banyan: Banyan) -> None:
    """Where it runs once the switch is off, and why, beside why legacy answers now."""
    returns = {"stage": "live", "split": 0.0, "reason": "moved by ann: all is well"}
    runs = {"stage": "legacy", "split": 0.0, "reason": "killed", "killed": True, "returns": returns}
    text = said(banyan, runs=runs)

    why = "the file says canary 10%: moved by ann: all is well"
    assert f"  runs      legacy, killed\n  returns   to live again after `banyan kill --off`, {why}\n" in whole(text)


def test_a_route_at_legacy_is_told_who_takes_it_on(banyan: Banyan) -> None:
    """Its ramp has no needs there, and nothing ends but by a person's order; elsewhere the verdict says what ends."""
    legacy = said(banyan, state="waiting", runs={"stage": "legacy", "split": 0.0, "reason": "r"})
    held_up = said(banyan, state="waiting", reasons=["window night is on"])

    takes = "  needs     are those of the stages that follow: `banyan promote orders` takes it there\n"
    assert takes in legacy
    assert "  needs     are told again when what the verdict names is over\n" in held_up


def test_shapes_that_were_not_compared_enough_are_named(banyan: Banyan) -> None:
    """Each with how often it was, and how often it has to be; of many the first ones, and how many more."""
    shape = {"shape": "GET orders.show ? 4xx application/json", "legacy": 41, "compared": 13}
    text = said(banyan, coverage={"uncovered": 1}, evidence={"uncovered_shapes": [shape]})
    many = said(banyan, coverage={"uncovered": 23}, evidence={"uncovered_shapes": [shape] * 20})

    told = "GET orders.show ? 4xx application/json: compared 13 times of 20, and legacy answered it 41 times"
    assert f"  uncovered {told}\n" in whole(text)
    assert (many.count("4xx"), "            … and 18 more\n" in many) == (5, True)
    assert "uncovered" not in said(banyan)


def test_long_rows_are_folded_in_a_pipe(banyan: Banyan) -> None:
    """At a hundred columns, below where their text begins, a hint below itself; nothing is lost."""
    reason = "moved by ann@desk: " + "the release is out and totals are right again, " * 5 + "so that is that"
    hint = "1 field: $.total. If it is noise: write it into `compare:` with a reason, " * 3
    needs = [{"need": "undecided", "state": "open", "value": "6 of 60", "limit": "1 %", "sentence": "s", "hint": hint}]
    text = said(banyan, runs={**PLACE, "reason": reason}, needs=needs, state="waiting")
    lines = text.splitlines()

    assert max(map(len, lines)) <= 100
    assert all(line == line.rstrip() for line in lines)
    assert f"runs      canary 10%, {reason}\n" in whole(text)
    assert sum(line.startswith(" " * 20) for line in lines) == 3


def test_after_an_edit_of_its_rules_it_is_said_since_when_it_counts(banyan: Banyan) -> None:
    """So that numbers that began anew are no riddle."""
    since = "2026-11-28T19:00:00.000Z"
    text = said(banyan, parity={"compared": 0, "since": since})

    assert f"compared  nothing yet since {since}, when its `compare:` had been edited" in text


def test_few_without_a_cohort_are_no_warning(banyan: Banyan) -> None:
    """Less than one in a hundred is told by the figures alone."""
    assert "name no cohort" not in said(banyan, cohorts={"without": 0.001, "sources": [{"source": "cookie:s"}]})


def test_a_route_that_is_not_there(banyan: Banyan) -> None:
    """The API's sentence, and exit 1; a page of another kind is noticed."""
    with listening({"/api/routes/odd": b"[]"}) as admin:
        absent, odd = (banyan(f"status --route {name} --admin {admin.url}") for name in ("none", "odd"))

    assert (absent.exit_code, odd.exit_code) == (1, 1)
    assert "it is not there" in absent.stderr
    assert "not as this version" in odd.stderr


def test_scripts_get_the_page(banyan: Banyan) -> None:
    """As the API answers it; watching is for all routes."""
    with listening({"/api/routes/orders": msgspec.json.encode(ROUTE)}) as admin:
        result = banyan(f"status --route orders --json --admin {admin.url}")

    assert msgspec.json.decode(result.stdout) == ROUTE
    assert banyan("status --route orders --watch").exit_code == 2


def test_what_was_not_compared_is_said_with_its_cause(banyan: Banyan) -> None:
    """A shadow that is turned away for want of credentials is named, and what to write; without any, no word."""
    compared = {"compared": 15, "match": 12, "mismatch": 3}
    text = said(banyan, parity=compared, evidence={"incomparable": {"shed": 2, "credentials": 85}})

    assert "compared  15 in this epoch, of which 3 differ" in text
    long = "not compared: 85 turned away, as credentials are not sent to the shadow: write shadow: {creden"
    assert long in whole(text)
    assert "; 2 shed at a limit" in whole(text)
    assert "compared  nothing yet" in said(banyan, evidence={"incomparable": {"shed": 2}})
    assert "compared" not in said(banyan)
