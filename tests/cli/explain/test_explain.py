from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from proxy.config.files import lastgood
from proxy.config.text.written_texts import Texts
from proxy.core.routing.split import draw, salt_of
from tests.cli import conftest
from tests.cli.conftest import Banyan
from tests.cli.listening import listening

NOBODY = "127.0.0.1:1"
"""Where no Banyan runs, whatever else does on this machine."""
ROUTES = conftest.ROUTES.replace("127.0.0.1:9090", NOBODY)


@pytest.fixture(autouse=True)
def _nobody_runs(folder: Path) -> None:
    (folder / "routes.yaml").write_text(ROUTES, encoding="utf-8")


def unfolded(text: str) -> str:
    """With each line that goes on in the next ones whole again."""
    return re.sub(r"\n {12}(?=\S)", " ", text)


def rows(text: str) -> dict[str, str]:
    """The rows below the first line, by name."""
    whole = unfolded(text).partition("\n\n")[0]
    return {row[1]: row[2] for row in re.finditer(r"^  (\w+) {2,}(.*)$", whole, re.MULTILINE)}


def tenants() -> tuple[str, str]:
    """Two tenants, one below the split of orders.show and one above."""
    drawn = {name: draw(salt_of("orders.show"), f"header:{name}".encode()) for name in map(str, range(100))}
    return min(drawn, key=drawn.__getitem__), max(drawn, key=drawn.__getitem__)


def test_a_cohort_below_the_split_goes_to_new(banyan: Banyan) -> None:
    """The explanation names route and line, stage, cohort, draw, decision and reason, upstream and timeouts."""
    tenant, _ = tenants()
    result = banyan("explain", "GET", "/orders/7", "-H", f"X-Tenant-Id: {tenant}")

    assert result.exit_code == 0
    assert result.stdout.startswith("GET /orders/7 → new, https://crm.internal:8443\n")
    found = rows(result.stdout)
    assert found["route"] == "orders.show  routes.yaml:13  GET /orders/{id}"
    assert found["stage"] == "canary, split 10 %"
    assert found["cohort"] == f"header:x-tenant-id = '{tenant}', drawn for 'orders.show'"
    assert found["draw"].endswith("%, below the split of 10 %")
    assert found["decision"] == "new, shadow: legacy, reason: below_split"
    assert found["sample"] == "legacy is asked as well for 10 % of this route's requests"
    assert found["effects"] == "safe"
    assert found["upstream"] == "new at https://crm.internal:8443, Host: crm.internal:8443"
    assert found["timeouts"] == "connect 1s, response 15s, idle 60s, no total"


def test_a_sample_that_the_judge_chooses_is_told(banyan: Banyan, folder: Path) -> None:
    """With a ramp and no written sample at canary it may be more; where all are shadowed nothing is said."""
    text = (folder / "routes.yaml").read_text()
    said = []
    for stage in ("stage: canary", "stage: shadow"):
        ramped = text.replace("    stage: canary\n    split: 10%", f"    {stage}\n    split: 10%\n    ramp: {{}}", 1)
        (folder / "routes.yaml").write_text(ramped)
        said.append(rows(banyan("explain", "GET", "/orders/7").stdout).get("sample"))

    assert said == [
        "legacy is asked as well for 10 % of this route's requests; more while a step of the ramp needs it",
        None,
    ]


def test_a_renamed_route_draws_as_it_did(banyan: Banyan, folder: Path) -> None:
    """`was` is shown, and the draw is that of the name that the route began with."""
    tenant, _ = tenants()
    text = ROUTES.replace("name: orders.show", "name: orders.one\n    was: orders.show")
    (folder / "routes.yaml").write_text(text, encoding="utf-8")
    found = rows(banyan("explain", "GET", "/orders/7", "-H", f"X-Tenant-Id: {tenant}").stdout)

    assert text != ROUTES
    assert found["was"] == "orders.show: its state and its draws are kept under this name"
    assert found["cohort"] == f"header:x-tenant-id = '{tenant}', drawn for 'orders.show'"
    assert found["decision"].startswith("new")


def test_a_cohort_above_the_split_stays(banyan: Banyan) -> None:
    """Another tenant is answered by legacy, with its reason."""
    _, tenant = tenants()
    result = banyan("explain", "GET", "/orders/7", "-H", f"X-Tenant-Id: {tenant}")

    assert result.stdout.startswith("GET /orders/7 → legacy, http://legacy.internal:3000\n")
    assert rows(result.stdout)["decision"] == "legacy, shadow: new, reason: above_split"


def test_without_its_source_a_cohort_is_the_address(banyan: Banyan) -> None:
    """No tenant in the request: the client's address draws, and --client-ip says which one."""
    result = banyan("explain GET /orders/7 --client-ip 203.0.113.7")

    assert rows(result.stdout)["cohort"] == "client_ip = '203.0.113.7', drawn for 'orders.show'"


def test_a_trusted_proxy_may_name_the_client(banyan: Banyan, folder: Path) -> None:
    """Behind a trusted peer the address in X-Forwarded-For draws; from anybody else it is not believed."""
    (folder / "routes.yaml").write_text(f"{ROUTES}\ntrusted_proxies: [10.0.0.0/8]\n", encoding="utf-8")
    asked = ["explain", "GET", "/orders/7", "-H", "X-Forwarded-For: 203.0.113.7", "--client-ip"]

    assert "'203.0.113.7'" in rows(banyan(*asked, "10.1.2.3").stdout)["cohort"]
    assert "'192.0.2.1'" in rows(banyan(*asked, "192.0.2.1").stdout)["cohort"]


def test_routes_that_came_near_are_told(banyan: Banyan) -> None:
    """Below stand all routes with this path, in order: who declined and why, who took it, who was not asked."""
    near = unfolded(banyan("explain GET /orders/7").stdout).partition("asked in this order:\n")[2].splitlines()

    assert [line.split()[0] for line in near] == ["orders.app", "orders.show", "rest"]
    assert near[0].endswith("declined: header x-client is not sent, the route wants 'app'")
    assert near[1].endswith("taken")
    assert near[2].endswith("not asked: it fits too, but is less specific")


@pytest.mark.parametrize(
    ("asked", "outcome"),
    [
        ("GET /closed/now", "Banyan itself, 403"),
        ("GET /items/7", "Banyan itself, 410"),
        ("OPTIONS *", "Banyan itself, 204"),
    ],
    ids=["respond", "retired", "options"],
)
def test_banyan_answers_itself_where_the_file_says_so(banyan: Banyan, asked: str, outcome: str) -> None:
    """An answer of Banyan's own that routes.yaml wants is no refusal: exit 0."""
    method, target = asked.split()
    result = banyan("explain", method, target)

    assert result.exit_code == 0
    assert result.stdout.startswith(f"{asked} → {outcome}\n")


@pytest.mark.parametrize(
    ("arguments", "status", "because"),
    [
        ("POST /nowhere", 405, "GET"),
        ("GET /orders/%2e%2e/closed/x", 400, "closed"),
        ("GET / -H 'Content-Length: x'", 400, "Content-Length"),
        ("GET / -H 'Connection: upgrade' -H 'Upgrade: websocket'", 403, "upgrades: [websocket]"),
        ("CONNECT /", 405, "CONNECT"),
    ],
    ids=["method", "ambiguous", "parser", "upgrade", "connect"],
)
def test_a_refusal_is_shown_as_such(banyan: Banyan, arguments: str, status: int, because: str) -> None:
    """What live traffic would be refused is explained with its status and its cause, and found: exit 1."""
    result = banyan(f"explain {arguments}")

    assert result.exit_code == 1
    assert f"→ refused with {status}\n" in result.stdout
    assert because in result.stdout


def test_a_request_that_was_pasted_steers_no_terminal(banyan: Banyan) -> None:
    """A target with an escape in it is refused as it would be, and shown with the escape spelt out."""
    result = banyan("explain", "GET", "/orders/\x1b[31m7")

    assert result.stdout.startswith("GET /orders/\\x1b[31m7 → refused with 400\n")
    assert result.stdout.replace("\n", "").isprintable()


def test_no_route_is_a_refusal(banyan: Banyan, folder: Path) -> None:
    """A path that no route has is a 404."""
    (folder / "routes.yaml").write_text(ROUTES.replace("GET /**", "GET /rest/**"), encoding="utf-8")
    result = banyan("explain GET /nowhere")

    assert result.exit_code == 1
    assert "→ refused with 404\n" in result.stdout


def test_scripts_get_json(banyan: Banyan) -> None:
    """With --json the same is there to compute with; the draw is the very number."""
    tenant, _ = tenants()
    told = json.loads(banyan("explain", "GET", "/orders/7", "-H", f"X-Tenant-Id: {tenant}", "--json").stdout)

    assert told["request"] == "GET /orders/7"
    assert told["route"]["cohort"]["draw"] == draw(salt_of("orders.show"), f"header:{tenant}".encode())
    assert (told["route"]["serve"], told["route"]["reason"], told["refused"]) == ("new", "below_split", False)
    assert [each["fit"] for each in told["near"]] == ["declined", "taken", "not_asked"]


@pytest.mark.parametrize(
    "arguments",
    ["GET", "GET '/a b'", "GET / -H nocolon", "GET / --client-ip nowhere", "GET / --config missing.yaml"],
)
def test_wrong_usage_leaves_with_2(banyan: Banyan, arguments: str) -> None:
    """A request that cannot be meant, or a file that cannot be read, is exit 2 with nothing on stdout."""
    result = banyan(f"explain {arguments}")

    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr


def test_the_example_runs(banyan: Banyan) -> None:
    """What the help shows as an example works."""
    assert banyan("explain GET /orders/7 -H 'X-Tenant-Id: acme'").exit_code == 0


def test_a_kill_file_that_cannot_be_looked_at_is_not_mentioned(banyan: Banyan, folder: Path) -> None:
    """Where nobody can tell from here, the explanation is the plain one."""
    (folder / ".banyan").mkdir()
    (folder / ".banyan" / "kill").symlink_to("kill")

    assert "kill switch" not in banyan("explain GET /orders/7").stdout


def test_a_pin_is_the_reason_and_a_choice_outranks_it(banyan: Banyan, folder: Path) -> None:
    """The cohorts that the file pins, and the field of an allowed client; a cookie needs a key to count."""
    route = "{name: a, match: /a, stage: canary, split: 0%, cohort: ['header:T', anonymous], pin: {new: acme}}"
    text = f"{ROUTES.partition('routes:')[0]}pins: {{header: [10.0.0.0/8]}}\nroutes:\n  - {route}\n"
    (folder / "routes.yaml").write_text(text, encoding="utf-8")
    pinned = rows(banyan("explain", "GET", "/a", "-H", "T: acme").stdout)
    chosen = banyan("explain", "GET", "/a", "-H", "X-Banyan-Side: new", "--client-ip", "10.1.1.1").stdout
    refused = rows(banyan("explain", "GET", "/a", "-H", "X-Banyan-Side: new", "--client-ip", "11.1.1.1").stdout)

    assert pinned["decision"].startswith("new, ")
    assert pinned["decision"].endswith("reason: pinned")
    assert rows(chosen)["decision"].endswith("reason: pinned")
    assert rows(chosen)["cohort"] == "anonymous = 'of its cookie, or a new one', drawn for 'a'"
    assert refused["decision"].endswith("reason: above_split")


RUNS = {"stage": "shadow", "split": 0.0, "reason": "rolled back by the guard: 5xx of new"}


def page_of(runs: dict[str, object], revision: str = "") -> dict[str, bytes]:
    """What a Banyan answers of orders.show."""
    said = {"name": "orders.show", "revision": revision, "runs": {"split": 0.0, "reason": "why", **runs}}
    return {"/api/routes/orders.show": json.dumps(said).encode()}


@pytest.mark.parametrize("is_named", [True, False], ids=["named", "of the file"])
def test_a_running_banyan_is_asked_and_all_is_said_of_what_it_runs(
    banyan: Banyan, folder: Path, *, is_named: bool
) -> None:
    """At --admin or the address of the file, as other commands do; what the file says otherwise has a row."""
    tenant, _ = tenants()
    with listening(page_of(RUNS)) as admin:
        if not is_named:
            (folder / "routes.yaml").write_text(ROUTES.replace(NOBODY, admin.url.removeprefix("http://")))
        asked = ["explain", "GET", "/orders/7", "-H", f"X-Tenant-Id: {tenant}", *["--admin", admin.url] * is_named]
        found = rows(banyan(*asked).stdout)
        told = json.loads(banyan(*asked, "--json").stdout)

    assert found["by"] == f"routes.yaml and what runs at {admin.url}"
    assert found["stage"] == "shadow: rolled back by the guard: 5xx of new"
    assert found["decision"] == "legacy, shadow: new, reason: stage"
    assert found["file"] == f"says canary, split 10 %: {NEW}, reason: below_split"
    assert (told["route"]["stage"], told["by_file"]["stage"], told["reason"]) == ("shadow", "canary", RUNS["reason"])
    assert told["gone_by"]["admin"] == admin.url


def test_a_place_elsewhere_is_told_where_the_answer_is_the_same(banyan: Banyan) -> None:
    """A cohort above both splits: the stage that runs is shown, and that of the file."""
    _, tenant = tenants()
    with listening(page_of({"stage": "canary", "split": 0.05})) as admin:
        asked = ["explain", "GET", "/orders/7", "-H", f"X-Tenant-Id: {tenant}", "--admin", admin.url]
        found = rows(banyan(*asked).stdout)

    assert found["stage"] == "canary, split 5 %: why"
    assert found["draw"].endswith("not below the split of 5 %")
    assert found["file"] == f"says canary, split 10 %: {LEGACY}, reason: above_split"


def test_by_the_file_alone_it_says_so_and_why(banyan: Banyan, folder: Path) -> None:
    """Where none runs, where none is to be asked, where Banyan answers itself: the file's place, and no row of it."""
    with listening(page_of(RUNS)) as admin:
        (folder / "routes.yaml").write_text(ROUTES.replace(NOBODY, admin.url.removeprefix("http://")))
        told = rows(banyan("explain GET /orders/7 --file-only").stdout)
        closed = rows(banyan("explain GET /closed/x").stdout)
    alone = rows(banyan("explain GET /orders/7").stdout)

    assert alone["by"].startswith(f"routes.yaml alone (nothing answers at {admin.url}: ")
    assert told["by"] == "routes.yaml alone (--file-only)"
    assert closed["by"] == "routes.yaml alone (whatever runs, Banyan answers it by itself)"
    assert (alone["stage"], told["stage"]) == ("canary, split 10 %", "canary, split 10 %")
    assert not {"file"} & {*alone, *told, *closed}


def test_another_revision_there_is_told(banyan: Banyan) -> None:
    """A file that is not what runs there: both revisions stand in the row that says what is gone by."""
    with listening(page_of(RUNS, "0123456789ab")) as admin:
        found = rows(banyan(f"explain GET /orders/7 --admin {admin.url}").stdout)

    assert re.fullmatch(
        rf"routes.yaml and what runs at {admin.url}, which serves revision 0123456789ab: routes.yaml is [0-9a-f]{{12}}",
        found["by"],
    )


BELOW, ABOVE = tenants()
NEW, LEGACY = "new, https://crm.internal:8443", "legacy, http://legacy.internal:3000"


@pytest.mark.parametrize(
    ("runs", "tenant", "said"),
    [
        ({"stage": "canary", "split": 0.1}, BELOW, NEW),
        ({"stage": "shadow"}, BELOW, f"{LEGACY}, reason: stage (the file says: new)"),
        ({"stage": "live"}, ABOVE, f"{NEW}, reason: stage (the file says: legacy)"),
        ({"stage": "canary", "split": 1.0}, ABOVE, f"{NEW}, reason: below_split (the file says: legacy)"),
        ({"stage": "live"}, BELOW, NEW),
        ({"stage": "retired", "split": 1.0}, BELOW, "Banyan itself, 410, reason: retired (the file says: new)"),
        ({"stage": "canary", "split": 0.1, "drains": True}, BELOW, f"{LEGACY}, reason: drained (the file says: new)"),
        (
            {"stage": "shadow", "pinned": [{"cohort": ABOVE, "side": "new"}]},
            ABOVE,
            f"{NEW}, reason: pinned (the file says: legacy)",
        ),
        (
            {"stage": "legacy", "killed": True, "pinned": [{"cohort": BELOW, "side": "new"}]},
            BELOW,
            f"{LEGACY}, reason: killed (the file says: new)",
        ),
    ],
)
def test_the_first_line_says_who_answers_there_now(
    banyan: Banyan, runs: dict[str, object], tenant: str, said: str
) -> None:
    """By the function that decides live requests, on what that Banyan runs: place, pins, drain and kill switch."""
    with listening(page_of(runs)) as admin:
        result = banyan("explain", "GET", "/orders/7", "-H", f"X-Tenant-Id: {tenant}", "--admin", admin.url)

    assert (result.exit_code, result.stdout.splitlines()[0]) == (0, f"GET /orders/7 → {said}")


def test_a_banyan_that_does_not_answer_is_told(banyan: Banyan) -> None:
    """Whoever asks where a route stands is not told the file's place instead."""
    result = banyan("explain GET /orders/7 --admin 127.0.0.1:1")

    assert (result.exit_code, result.stdout) == (1, "")
    assert "nothing answers at http://127.0.0.1:1" in result.stderr


def test_beside_a_broken_file_the_last_good_one_explains(banyan: Banyan, folder: Path) -> None:
    """As it goes on running; the first problem is said. By the file alone, or where none was kept, there is none."""
    broken = ROUTES.replace("split: 10%", "split: 1000%")
    (folder / "routes.yaml").write_text(broken, encoding="utf-8")
    without = banyan("explain GET /orders/7")
    lastgood.save(folder / ".banyan", Texts(ROUTES))
    alone, found = banyan("explain GET /orders/7 --file-only"), banyan("explain GET /orders/7")

    assert (without.exit_code, alone.exit_code, found.exit_code) == (2, 2, 0)
    assert rows(found.stdout)["stage"] == "canary, split 10 %"
    assert "routes.yaml is broken; this is by the last good one, which runs. The first problem:" in found.stderr
    assert "routes.yaml:16:12" in found.stderr


def test_long_rows_are_folded_in_a_pipe(banyan: Banyan) -> None:
    """At a hundred columns, below where their text begins."""
    result = banyan("explain", "GET", "/orders/7", "-H", f"X-Tenant-Id: {' '.join(['tenant'] * 30)}")
    lines = result.stdout.splitlines()

    assert max(map(len, lines)) <= 100
    assert all(line == line.rstrip() for line in lines)
    assert rows(result.stdout)["cohort"].count("tenant") == 31


@pytest.mark.parametrize(
    ("target", "readings"),
    [
        ("/orders//7", {"/orders/7 → orders.show"}),
        ("/orders/a%2Fb", {"/orders/a%2Fb → orders.show", "/orders/a/b → rest"}),
        ("/orders/../closed/x", {"/closed/x → closed"}),
    ],
)
def test_a_path_with_two_readings_is_explained(banyan: Banyan, target: str, readings: set[str]) -> None:
    """It is refused with 400, and each way to read it stands with its route."""
    result = banyan("explain", "GET", target)

    assert result.exit_code == 1
    assert result.stdout.startswith(f"GET {target} → refused with 400\n")
    assert set(re.findall(r"^  read as +(.*)$", result.stdout, re.MULTILINE)) >= readings
