"""Who takes the requests of a route that an edit deletes."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import ROUTES, Banyan
from tests.cli.listening import Pages
from tests.cli.plan.conftest import edit, standing

REST = "  - name: rest\n    match: GET /**\n    stage: legacy\n"
SHOWN = ROUTES[ROUTES.index("  - name: orders.show") : ROUTES.index("  - name: orders.app")]


def test_a_route_that_is_deleted_says_who_takes_its_requests(banyan: Banyan, running: Pages, folder: Path) -> None:
    """Another route by its name, or with which status Banyan refuses them; of one that nobody asked for, an example."""
    to_rest = banyan(f"plan -f {edit(folder, SHOWN, '')} --admin {running.url}").stdout
    (folder / "new.yaml").write_text(ROUTES.replace(SHOWN, "").replace(REST, ""))
    nowhere = banyan(f"plan -f new.yaml --admin {running.url}").stdout
    (route,) = [
        each
        for each in json.loads(banyan(f"plan -f new.yaml --admin {running.url} --json").stdout)["routes"]
        if each["name"] == "orders.show"
    ]

    assert "345,600 requests/day of it go to rest\n" in to_rest
    assert "345,600 requests/day of it would be answered with 404: no route takes them\n" in nowhere
    assert "requests such as GET /x would be answered with 404: no route takes them\n" in nowhere
    assert [(each["route"], each["status"]) for each in route["taken_by"]] == [("(unmatched)", 404)]


def test_without_a_banyan_a_deleted_route_says_who_takes_what_it_took(banyan: Banyan, folder: Path) -> None:
    """Two files: no request is known, the new table says of one who takes it; 405 where only its method is missing.

    The edited file may be named without --file, as `check` has it.
    """
    (folder / "new.yaml").write_text(ROUTES.replace(SHOWN, SHOWN.replace("GET", "POST").replace("show", "make")))
    to_rest = banyan("plan -f new.yaml --against routes.yaml --admin 127.0.0.1:1").stdout
    assert banyan("plan new.yaml --against routes.yaml --admin 127.0.0.1:1").stdout == to_rest
    text = (folder / "new.yaml").read_text().replace(REST, "")
    (folder / "new.yaml").write_text(text)
    nowhere = banyan("plan -f new.yaml --against routes.yaml --admin 127.0.0.1:1").stdout

    assert "requests such as GET /orders/x go to rest\n" in to_rest
    assert "requests such as GET /orders/x would be answered with 405: no route takes that method there\n" in nowhere


RETIRED = ROUTES[ROUTES.index("  - name: items") : ROUTES.index("  - name: rest")]
CLOSED = ROUTES[ROUTES.index("  - name: closed") : ROUTES.index("  - name: items")]


def test_what_was_retired_or_refused_and_answers_again_is_said(banyan: Banyan, folder: Path) -> None:
    """By which side of which route: a block that goes takes its refusal along."""
    (folder / "new.yaml").write_text(ROUTES.replace(RETIRED, "").replace(CLOSED, ""))
    said = banyan("plan new.yaml --against routes.yaml --admin 127.0.0.1:1").stdout
    as_json = json.loads(banyan("plan new.yaml --against routes.yaml --admin 127.0.0.1:1 --json").stdout)

    assert "what is retired is answered again, by legacy of route rest; a block with `stage: retired`" in said
    assert "what it refuses with 403 is answered again, by legacy of route rest; its block keeps it from that" in said
    notes = {each["name"]: [note["caution"] for note in each["notes"]] for each in as_json["routes"]}
    assert notes["items"] == notes["closed"] == ["answers_again"]


def test_a_retired_route_that_loses_requests_by_its_match_is_said_too(
    banyan: Banyan, running: Pages, folder: Path
) -> None:
    """Retired by an order, with a narrower match: what it refused until then goes to another route."""
    running.pages["/api/routes"] = standing(ROUTES, stage="retired", split=1.0, version=4)
    narrower = edit(folder, "GET /orders/{id}\n", "GET /orders/{id}/lines\n")
    said = banyan(f"plan -f {narrower} --admin {running.url}").stdout

    assert "what is retired is answered again, by legacy of route rest" in said


def test_what_nobody_answers_then_either_is_no_news(banyan: Banyan, folder: Path) -> None:
    """Without a wider route its requests are refused with 404, as they were with 410."""
    (folder / "new.yaml").write_text(ROUTES.replace(RETIRED, "").replace(REST, ""))
    said = banyan("plan new.yaml --against routes.yaml --admin 127.0.0.1:1").stdout

    assert "requests such as GET /items/x would be answered with 404" in said
    assert "answered again" not in said


def test_no_change_is_listed_that_nobody_wrote(banyan: Banyan, folder: Path) -> None:
    """A side that goes takes the shadow of each route along, and it is the side alone that is told."""
    before = ROUTES.replace("canary\n    split: 10%\n", "complete\n").replace("stage: legacy", "stage: complete")
    (folder / "old.yaml").write_text(before)
    (folder / "new.yaml").write_text(before.replace('  legacy: { url: "http://legacy.internal:3000" }\n', ""))
    said = banyan("plan new.yaml --against old.yaml --admin 127.0.0.1:1").stdout

    assert "shadow" not in said
    assert "  legacy: http://legacy.internal:3000 → nothing" in said
