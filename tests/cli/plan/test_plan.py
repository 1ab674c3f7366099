from __future__ import annotations

import json
import time
from io import StringIO
from pathlib import Path
from typing import Any

import msgspec
import pytest
from rich.console import Console, Group

from proxy.cli.plan.field_changes import route_changes, settings_changes, upstream_changes
from proxy.cli.plan.model import Planned, PlannedRoute
from proxy.cli.plan.picture import picture
from proxy.control.admin.recent import sampled
from proxy.core.traffic.plan import RouteEdit
from tests.cli.conftest import ROUTES, Banyan
from tests.cli.listening import Pages, listening
from tests.cli.plan.conftest import TENANTS, edit, loaded, recent, standing
from tests.core.remembered import head, remember


def test_an_edit_is_told_in_words_and_figures(banyan: Banyan, running: Pages, folder: Path) -> None:
    """The route, where it runs and would run, how many requests a day and cohorts move, and the field that changed."""
    copy = edit(folder, "split: 10%", "split: 20%")
    result = banyan(f"plan --file {copy} --admin {running.url}")

    assert result.exit_code == 0
    (row,) = [line for line in result.stdout.splitlines() if line.startswith("orders.show ")]
    assert "changed  canary 10%  canary 20%  345,600" in row
    assert "  200  " in row
    assert "  stage: canary 10% → canary 20%" in result.stdout
    assert "~" not in row
    assert "requests/day and" in result.stdout.splitlines()[-1]
    assert "rest" not in result.stdout


def test_exit_codes_are_for_ci(banyan: Banyan, running: Pages, folder: Path) -> None:
    """0 when nothing moves, 1 when something does and that was asked for, 2 when the file is no good."""
    moving = edit(folder, "split: 10%", "split: 20%")

    assert banyan(f"plan --admin {running.url} --exit-code").exit_code == 0
    assert banyan(f"plan -f {moving} --admin {running.url}").exit_code == 0
    assert banyan(f"plan -f {moving} --admin {running.url} --exit-code").exit_code == 1

    waits = edit(folder, "response: 15s", "response: 20s")

    assert banyan(f"plan -f {waits} --admin {running.url} --exit-code").exit_code == 0

    broken = edit(folder, "stage: canary", "stage: canry")
    result = banyan(f"plan -f {broken} --admin {running.url}")

    assert result.exit_code == 2
    assert "did you mean canary?" in result.stderr


def test_a_file_that_comes_up_to_what_runs_moves_nothing(banyan: Banyan, folder: Path) -> None:
    """What the judge has reached is written down: no figure of traffic, exit 0, and the step goes on."""
    copy = edit(folder, "split: 10%", "split: 25%")
    runs = standing(ROUTES, split=0.25, version=4)
    with listening({"/api/routes": runs, "/api/recent?limit=50000": recent(folder)}) as pages:
        result = banyan(f"plan -f {copy} --admin {pages.url} --exit-code")

    assert (result.exit_code, result.stdout.splitlines()[-1]) == (0, "nothing moves")
    assert "  stage: canary 10% → canary 25%\n" in result.stdout
    assert "  it runs at canary 25% already: the file comes up to it, and the step goes on\n" in result.stdout


def test_what_makes_comparisons_count_anew_is_told(banyan: Banyan, running: Pages, folder: Path) -> None:
    """Another address begins an epoch on each route that is compared; an edit of its rules is its own."""
    address = edit(folder, "https://crm.internal:8443", "https://crm.internal:9443")
    found = banyan(f"plan -f {address} --admin {running.url}")
    rules = edit(folder, "split: 10%", "split: 10%\n    compare: { secrets: [token] }")
    edited = banyan(f"plan -f {rules} --admin {running.url} --exit-code")

    said = "  a new epoch begins, as a side is at another address: the comparisons of orders.show count anew\n"
    assert said in found.stdout
    assert "  its comparisons count anew from the edit of `compare:` on, those of its step too\n" in edited.stdout
    assert (edited.exit_code, edited.stdout.splitlines()[-1]) == (0, "nothing moves")
    assert "count anew" not in banyan(f"plan -f {edit(folder, '15s', '20s')} --admin {running.url}").stdout


def test_a_route_that_becomes_unreachable_is_a_problem(banyan: Banyan, running: Pages, folder: Path) -> None:
    """What could never be reached is refused by the loader itself, so the plan is, too."""
    route = "\n  - {{ name: {}, match: {{ path: /closed/**, headers: {{ A: {} }} }}, respond: {{ status: 404 }} }}"
    both = route.format("with", "true") + route.format("without", "false")
    copy = edit(folder, "    respond: { status: 403 }", "    respond: { status: 403 }" + both)
    result = banyan(f"plan -f {copy} --admin {running.url}")

    assert result.exit_code == 2
    assert "can never be reached" in result.stderr


def test_scripts_get_all_of_it(banyan: Banyan, running: Pages, folder: Path) -> None:
    """JSON has the same figures, unrounded."""
    copy = edit(folder, "split: 10%", "split: 60%")
    plan: dict[str, Any] = json.loads(banyan(f"plan -f {copy} --admin {running.url} --json").stdout)
    orders = plan["routes"][0]

    assert plan["moves"]
    assert orders["edit"] == "changed"
    assert orders["requests_per_day"] == 2 * TENANTS * 864
    assert orders["moving_per_day"] == 2 * 864 * orders["cohorts_moving"]
    assert [each["caution"] for each in orders["notes"]] == ["too_big"]
    assert plan["traffic"]["remembered"] == TENANTS
    assert plan["replayed"] is None


def test_what_was_answered_is_replayed(banyan: Banyan, running: Pages, folder: Path) -> None:
    """Of the last fifty requests, how many would be answered otherwise, with ids to ask `why` about."""
    copy = edit(folder, "stage: canary\n    split: 10%", "stage: live")
    result = banyan(f"plan -f {copy} --admin {running.url} --replay 50 --json")
    (flow,) = json.loads(result.stdout)["replayed"]

    assert (flow["route"], flow["would_take"], flow["requests"], flow["exact"]) == (
        "orders.show",
        "orders.show",
        50,
        True,
    )
    assert 30 < flow["moving"] <= 50
    assert len(flow["examples"]) == 3
    assert "answered by" in banyan(f"plan -f {copy} --admin {running.url} --replay 0").stdout


def test_requests_of_before_a_move_are_not_the_edits(banyan: Banyan, running: Pages, folder: Path) -> None:
    """A route that was rolled back since answers some otherwise, and no edit does: sentence and exit code say so."""
    running.pages["/api/routes"] = standing(ROUTES, stage="shadow", split=0.0, version=4, latched=True)
    copy = edit(folder, "listen: ", "# the same\nlisten: ")
    result = banyan(f"plan -f {copy} --admin {running.url} --replay 0 --exit-code")
    plan = json.loads(banyan(f"plan -f {copy} --admin {running.url} --replay 0 --json").stdout)
    (flow,) = plan["replayed"]

    assert result.exit_code == 0
    assert flow["moving"] > 1
    assert (flow["by_edit"], plan["moves"]) == (0, False)
    since = "another answer than now, as what runs was edited, moved or ordered since"
    said = result.stdout.replace("\n    ", " ")
    assert said.endswith(f"nothing moves by this edit; {flow['moving']:.0f} of the requests got {since}\n")


def test_an_edit_that_moves_a_replayed_request_moves(banyan: Banyan, running: Pages, folder: Path) -> None:
    """Though the request stands for no other, and so for none a day: the exit code is that something moves."""
    table = loaded(folder / "routes.yaml").snapshot.table
    seen = remember(table, head("/orders/7", "t1"), id="r", at=time.time())
    page = {"revision": "r", "seconds": 100.0, "requests": [sampled(seen, 0.0)]}
    running.pages["/api/recent?limit=50000"] = msgspec.json.encode(page)
    copy = edit(folder, "stage: canary\n    split: 10%", "stage: legacy" if seen.serve == "new" else "stage: live")
    result = banyan(f"plan -f {copy} --admin {running.url} --replay 0 --exit-code")

    assert result.exit_code == 1
    assert "nothing moves" not in result.stdout


def test_what_was_rolled_back_is_compared_from_there(banyan: Banyan, running: Pages, folder: Path) -> None:
    """A latched route runs at shadow; an edit of its split ends the latch, which is said."""
    running.pages["/api/routes"] = standing(ROUTES, stage="shadow", split=0.0, version=4, latched=True)
    copy = edit(folder, "split: 10%", "split: 20%")
    result = banyan(f"plan -f {copy} --admin {running.url}")

    assert "shadow  canary 20%" in result.stdout
    assert "it was rolled back to shadow; this edit of stage or split ends that" in result.stdout


def test_a_rename_says_what_is_left_behind(banyan: Banyan, running: Pages, folder: Path) -> None:
    """Without `was` the latch, the comparisons and the line that keeps them are told; with it nothing moves."""
    running.pages["/api/routes"] = standing(ROUTES, stage="shadow", split=0.0, version=4, latched=True)
    copy = edit(folder, "name: orders.show", "name: orders.one")
    lost = banyan(f"plan -f {copy} --admin {running.url}")
    copy = edit(folder, "name: orders.show", "name: orders.one\n    was: orders.show")
    kept = banyan(f"plan -f {copy} --admin {running.url} --json")
    shown = {each["name"]: each for each in json.loads(kept.stdout)["routes"]}

    said = "left behind, as nobody is orders.show any more: its latch (shadow), 1,785 comparisons"
    assert f"{said}; `was: orders.show` on orders.one keeps all of it" in " ".join(lost.stdout.split())
    assert "orders.show" not in shown
    assert [shown["orders.one"][key] for key in ("edit", "runs", "would_run")] == ["changed", "shadow", "shadow"]
    assert (shown["orders.one"]["moving_per_day"], shown["orders.one"]["cohorts"]) == (0.0, TENANTS)
    assert {each["field"] for each in shown["orders.one"]["changes"]} == {"name", "was"}
    assert json.loads(kept.stdout)["moves"] is False


def test_the_running_text_comes_from_the_last_good_copy(banyan: Banyan, running: Pages, folder: Path) -> None:
    """The file itself may be edited already: what runs is known by its revision."""
    (folder / ".banyan").mkdir()
    (folder / ".banyan" / "last-good.yaml").write_text(ROUTES)
    (folder / "routes.yaml").write_text(ROUTES.replace("split: 10%", "split: 20%"))

    assert "canary 10%  canary 20%" in banyan(f"plan --admin {running.url}").stdout

    (folder / ".banyan" / "last-good.yaml").write_bytes(b"\xff")
    result = banyan(f"plan --admin {running.url}")

    assert result.exit_code == 2
    assert "--against FILE" in result.stderr


def test_two_files_are_compared_without_a_banyan(banyan: Banyan, folder: Path) -> None:
    """In CI nothing runs: places and fields are told, and why nothing is counted."""
    copy = edit(folder, "split: 10%", "split: 20%")
    result = banyan(f"plan -f {copy} --against routes.yaml --admin 127.0.0.1:1 --exit-code")

    assert result.exit_code == 1
    assert "no recent traffic is known" in result.stdout
    assert "canary 10%  canary 20%  –" in result.stdout
    assert result.stdout.splitlines()[-1] == "something moves"
    assert banyan(f"plan -f {copy} --admin 127.0.0.1:1").exit_code == 2


def test_two_files_need_nothing_that_runs(banyan: Banyan, folder: Path) -> None:
    """Not even the file here for an address; that nothing answers is said, and where it was looked for."""
    copy = edit(folder, "split: 10%", "split: 20%")
    old = ROUTES.replace("127.0.0.1:9090", "127.0.0.1:1")
    (folder / "routes.yaml").unlink()
    (folder / "old.yaml").write_text(old)
    alone = banyan(f"plan -f {copy} --against old.yaml --replay 5")

    assert alone.exit_code == 0, alone.stderr
    assert "so nothing is counted: nothing answers at http://127.0.0.1:1" in alone.stdout
    assert "stage: canary 10% → canary 20%" in alone.stdout


@pytest.mark.parametrize("there", ["routes.yaml", "old.yaml"])
def test_running_traffic_counts_for_two_files(banyan: Banyan, running: Pages, folder: Path, there: str) -> None:
    """Of the Banyan that the file here names, else of the one that the compared file names, else by --admin."""
    copy = edit(folder, "split: 10%", "split: 20%")
    (folder / "routes.yaml").rename(folder / "old.yaml")
    (folder / there).write_text(ROUTES.replace("127.0.0.1:9090", running.url.removeprefix("http://")))

    for named in ("", f"--admin {running.url}"):
        said = banyan(f"plan -f {copy} --against old.yaml {named}").stdout
        assert f"counted on {TENANTS} requests of the last 1 min 40 s, remembered at {running.url}" in said


def test_no_id_is_cut(banyan: Banyan, running: Pages, folder: Path) -> None:
    """Ids for `why` stand in lines of their own, below the row."""
    copy = edit(folder, "stage: canary\n    split: 10%", "stage: live")
    lines = banyan(f"plan -f {copy} --admin {running.url} --replay 50").stdout.splitlines()

    row = next(at for at, line in enumerate(lines) if line.startswith("answered by"))
    assert lines[row + 1].startswith("orders.show  orders.show  50  ")
    assert [line.split()[:2] for line in lines[row + 2 : row + 5]] == [["such", "as"]] * 3


def test_a_narrow_terminal_gets_fewer_columns(folder: Path) -> None:
    """The name and where the route runs stay whole."""
    route = PlannedRoute(
        name="customers.contracts.attachments.download",
        edit=RouteEdit.CHANGED,
        runs="canary 25%",
        would_run="canary 50%",
        changes=(),
        notes=(),
    )
    plan = Planned(
        file="new.yaml",
        against="old.yaml",
        asked="",
        revision="a",
        revision_before="b",
        moves=True,
        routes=(route,),
        upstreams=(),
        settings=(),
        needs_restart=(),
        warnings=(),
        traffic=None,
    )
    screen = Console(width=70, file=StringIO())
    screen.print(Group(*picture(plan, 70)), crop=False)
    written = screen.file.getvalue()  # type: ignore[attr-defined]

    assert "customers.contracts.attachments.download  canary 25%  canary 50%" in written
    assert max(map(len, written.splitlines())) <= 70


@pytest.mark.parametrize("form", ["", "--json"])
def test_a_key_is_in_no_plan(banyan: Banyan, folder: Path, form: str) -> None:
    """Of a cookie's key that is another, neither its text nor its bytes are told, in whatever form."""
    for name, key in (("a.yaml", "0123456789abcdef" * 2), ("b.yaml", "fedcba9876543210" * 2)):
        cookies = f"cookies: {{ side: banyan_side, key: {key} }}\nadmin:"
        (folder / name).write_text(ROUTES.replace("admin:", cookies, 1))
    said = banyan(f"plan --file b.yaml --against a.yaml {form}").stdout

    assert "another" in said
    assert not [part for part in ("0123456789", "fedcba98", "\\x", "Secret") if part in said]


def test_a_killed_banyan_is_reckoned_as_if_it_were_not(banyan: Banyan, running: Pages, folder: Path) -> None:
    """What the kill switch hides is not what the edit changes."""
    returns = {"stage": "live", "split": 0.0, "reason": "moved by ann"}
    there = standing(ROUTES, stage="legacy", split=0.0, version=3, killed=True, returns=returns)
    running.pages["/api/routes"] = msgspec.json.encode({**json.loads(there), "killed": {"by": "ann"}})
    copy = edit(folder, "split: 10%", "split: 20%")
    text = banyan(f"plan -f {copy} --admin {running.url}").stdout
    orders = next(line.split() for line in text.splitlines() if line.startswith("orders.show "))

    assert "the kill switch is on" in text
    assert orders[2] == "live"


@pytest.mark.parametrize("body", [b"{}", b'{"revision": "r", "seconds": 1, "requests": [{"id": "a"}]}'])
def test_another_version_is_noticed(banyan: Banyan, running: Pages, folder: Path, body: bytes) -> None:
    """A page that lacks what deciding needs is no traffic, and is said."""
    running.pages["/api/recent?limit=50000"] = body

    assert "not as this version" in banyan(f"plan --admin {running.url}").stdout.replace("\n    ", " ")


def test_a_new_route_takes_from_another(banyan: Banyan, running: Pages, folder: Path) -> None:
    """Its requests are those that others lose; cohorts that are drawn anew are reckoned, not counted."""
    added = "  - name: orders.seven\n    match: GET /orders/7\n    stage: live\n  - name: rest"
    text = banyan(f"plan -f {edit(folder, '  - name: rest', added)} --admin {running.url}").stdout

    assert "requests/day of it go to orders.seven" in text
    assert "all of its recent requests would go to orders.seven" in text
    assert "orders.seven  added" in text


def test_upstreams_and_settings_are_told(banyan: Banyan, running: Pages, folder: Path) -> None:
    """What comes, goes or changes, what waits for a restart, and never what `state` says."""
    text = ROUTES.replace("listen: 127.0.0.1:8080", "listen: 127.0.0.1:8081\nstate: postgresql://u:hunter2@h/d")
    text = text.replace("crm.internal:8443", "crm.internal:9443").replace("response: 15s", "response: 20s")
    (folder / "new.yaml").write_text(text)
    result = banyan(f"plan -f new.yaml --admin {running.url} --exit-code")

    assert result.exit_code == 1
    assert "  new.url: https://crm.internal:8443 → https://crm.internal:9443" in result.stdout
    assert "  new.timeout.response: 15s → 20s" in result.stdout
    assert "  state: … → another" in result.stdout
    assert "taken at the next start, not before: listen" in result.stdout
    assert "hunter2" not in result.stdout


def test_fields_are_named_as_in_the_file(tmp_path: Path) -> None:
    """Each in words, nested ones with dots; what was not there is nothing."""
    before, after = tmp_path / "a.yaml", tmp_path / "b.yaml"
    before.write_text(ROUTES)
    edits = {
        "match: GET /orders/{id}": "match: GET,HEAD /orders/{id}",
        "header:X-Tenant-Id": "cookie:sid",
        "split: 10%": "split: 10%\n    group: g\n    guard: { budget: 7d }\n    upgrades: [websocket]",
        "  legacy: {": "  other: { url: http://other.internal }\n  legacy: {",
        "admin:": "drain: 5s\nadmin:",
        "  - name: rest": "  - { name: o, match: /o, stage: legacy, legacy: other }\n  - name: rest",
    }
    text = ROUTES
    for old, new in edits.items():
        text = text.replace(old, new)
    after.write_text(text)
    one, two = loaded(before).snapshot, loaded(after).snapshot
    changes = {each.field: (each.before, each.after) for each in route_changes(one.routes[0], two.routes[0])}

    assert changes["match"] == ("GET /orders/{id}", "GET,HEAD /orders/{id}")
    assert changes["cohort"] == ("header:x-tenant-id", "cookie:sid")
    assert changes["group"] == ("nothing", "g")
    assert changes["guard.budget"] == ("30d", "7d")
    assert changes["upgrades"] == ("nothing", "[websocket]")
    assert [(each.field, each.after) for each in upstream_changes(one.upstreams, two.upstreams)] == [
        ("other", "http://other.internal")
    ]
    assert upstream_changes(two.upstreams, one.upstreams)[0].after == "nothing"
    assert ("drain", "30s", "5s") in {(each.field, each.before, each.after) for each in settings_changes(one, two)}


def test_values_are_written_as_in_the_file(tmp_path: Path) -> None:
    """The end of a rule is its last day or never, credentials and writes have the file's names; no default is shown."""
    rule = "path: $.at, reason: agreed, owner: us"
    said = {
        "a": f"compare: {{ ignore: [{{ {rule}, until: never }}] }}\n    guard: {{ one_way_door: live }}",
        "b": f'compare: {{ ignore: [{{ {rule}, until: "2999-12-31" }}] }}\n    shadow: {{ credentials: forward }}',
    }
    found = []
    for name, more in said.items():
        path = tmp_path / f"{name}.yaml"
        path.write_text(ROUTES.replace("split: 10%", f"split: 10%\n    {more}"))
        found.append(loaded(path).snapshot.routes[0])
    changes = {each.field: (each.before, each.after) for each in route_changes(*found)}

    assert changes["shadow.credentials"] == ("drop", "forward")
    assert changes["guard.one_way_door"] == ("live", "complete")
    assert changes["compare.ignore $.at.until"] == ("never", "2999-12-31")
