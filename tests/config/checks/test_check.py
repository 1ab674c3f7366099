from __future__ import annotations

import pytest

from proxy.config.checks import conflicts
from tests.config.given_files import FILE, HEAD, problems, snapshot, told, with_routes

CANARY = "stage: canary, split: 1%"


def test_a_name_is_taken_once() -> None:
    """The second route of a name is told where the first stands; of three, two are told."""
    names = ("a", "¦a", "¦a")

    assert told(with_routes(*(f"name: {name}, match: /{at}, stage: legacy" for at, name in enumerate(names)))) == [
        'routes[1].name: "a" is taken by routes[0] (line 7)',
        'routes[2].name: "a" is taken by routes[0] (line 7)',
    ]


def test_a_rename_is_clear() -> None:
    """`was` names a route that is no more; one route alone was it; and no route was itself."""
    rest = "match: /{at}, stage: legacy"
    routes = (
        "name: a, {}",
        "name: b, was: ¦a, {}",
        "name: c, was: ¦c, {}",
        "name: d, was: x, {}",
        "name: e, was: ¦x, {}",
    )

    assert told(with_routes(*(each.format(rest.format(at=at)) for at, each in enumerate(routes)))) == [
        'routes[1].was: "a" still stands: routes[0] (line 7) has that name; rename that one, or take this out',
        "routes[2].was: is its own name; take it out",
        'routes[4].was: "x" stands twice: routes[3] (line 10) was it too; take it out of one',
    ]


def test_a_route_has_a_stage_or_an_answer() -> None:
    """Neither is too little, both is too much."""
    text = with_routes("name: a, match: /a", "name: b, match: /b, respond: {status: 403}, ¦stage: legacy")

    assert told(text.replace("{name: a", "¦{name: a")) == [
        "routes[0].stage: is missing; a route needs a stage, or respond",
        "routes[1].stage: stage and respond exclude each other; take one out",
    ]


def test_what_belongs_to_upstreams_has_no_place_beside_an_answer() -> None:
    """Each key that an answer of Banyan's own would leave without effect is told."""
    found = told(
        with_routes(
            "name: a, match: /a, respond: {status: 403}, ¦stage: canary, ¦split: 1%, ¦cohort: client_ip, ¦group: g, "
            "¦legacy: new, ¦new: new, ¦effects: safe, ¦upgrades: [websocket], ¦timeout: {idle: 1s}"
        )
    )

    keys = ("stage", "split", "cohort", "group", "legacy", "new", "effects", "upgrades", "timeout")
    assert found == [f"routes[0].{key}: {key} and respond exclude each other; take one out" for key in keys]


@pytest.mark.parametrize("status", [204, 205, 304])
def test_an_answer_without_body_has_none(status: int) -> None:
    """A status that has no body takes none; an empty one is fine."""
    route = f"name: a, match: /a, respond: {{status: {status}, body: "

    assert told(with_routes(route + "¦x}")) == [
        f"routes[0].respond.body: an answer with status {status} has no body; take it out"
    ]
    assert len(snapshot(with_routes(route + "''}")).routes) == 1


def test_an_answer_with_another_status_may_have_a_body() -> None:
    """Only some statuses have no body."""
    assert len(snapshot(with_routes("name: a, match: /a, respond: {status: 200, body: x}")).routes) == 1


def test_a_canary_needs_a_split() -> None:
    """Canary needs a split, retired may have one, and elsewhere it waits without doing harm."""
    text = with_routes(
        "name: a, match: /a, stage: canary",
        "name: b, match: /b, stage: live, split: 10%",
        "name: c, match: /c, stage: retired, split: 10%",
    )

    assert told(text.replace("{name: a", "¦{name: a")) == [
        "routes[0].split: is missing; at canary say which share new serves, such as split: 10%",
    ]


def test_upstreams_that_are_needed_exist() -> None:
    """A role without upstream is told at the stage, a name without upstream at the name, each once."""
    text = with_routes(
        "name: a, match: /a, stage: legacy",
        "name: b, match: /b, stage: ¦live",
        f"name: c, match: /c, {CANARY}, new: ¦cmr",
        f"name: d, match: /d, {CANARY}, new: crm",
        "name: e, match: /e, stage: legacy, new: ¦other",
        head=HEAD.replace("  new:", "  crm:"),
    )

    assert told(text) == [
        'routes[1].stage: there is no upstream "new"; add it below upstreams, or name another: new: NAME',
        'routes[2].new: there is no upstream "cmr"; did you mean crm?',
        'routes[4].new: there is no upstream "other"; add it below upstreams, or name another: new: NAME',
    ]


def test_a_wrong_upstream_is_not_missing() -> None:
    """An upstream that is wrong in itself, or in a block that is no mapping, is told once and not called missing."""
    wrong = problems(FILE.replace('legacy: {url: "http://127.0.0.1:3000"}', "legacy: {url: x}"))
    none = problems("version: 1\nlisten: :80\nupstreams: x\nroutes: [{name: a, match: /a, stage: legacy}]\n")

    assert len(wrong) == len(none) == 1


def test_a_cohort_can_be_found() -> None:
    """A path's parameter must be there, no source stands twice, and nothing follows what is always present."""
    text = with_routes(
        f"name: a, match: '/a/{{id}}/{{x}}', {CANARY}, cohort: ¦path:tenant",
        f"name: b, match: /b, {CANARY}, cohort: [cookie:a, ¦path:id, ¦cookie:a]",
        f"name: c, match: /c, {CANARY}, cohort: [client_ip, ¦header:X]",
        f"name: d, match: '/d/{{id}}', {CANARY}, cohort: [path:id, client_ip]",
    )

    assert told(text) == [
        "routes[0].cohort: the path has no {tenant}; its parameters are: id, x",
        "routes[1].cohort[1]: the path has no {id}; its parameters are: none",
        "routes[1].cohort[2]: stands twice; take one out",
        "routes[2].cohort[1]: is never asked: client_ip before it is always present; put client_ip last",
    ]


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


def test_the_admin_port_is_apart() -> None:
    """The admin port is never the clients' port, under whatever address, nor by default."""
    assert told("¦" + FILE.replace("listen: 127.0.0.1:8080", "listen: :9090")) == [
        "admin: takes the port 9090 of listen; choose another port"
    ]
    assert told(FILE + "admin: ¦localhost:8080\n") == ["admin: takes the port 8080 of listen; choose another port"]


def test_an_admin_port_that_others_can_reach_needs_a_token() -> None:
    """Off loopback, the token must be set, and not to nothing."""
    text = FILE + "admin: ¦0.0.0.0:9090\n"
    cure = "so BANYAN_ADMIN_TOKEN must be set in the environment; or use 127.0.0.1"
    refused = [f"admin: can be reached from other machines, {cure}"]

    assert told(text) == told(text, {"BANYAN_ADMIN_TOKEN": ""}) == refused
    assert snapshot(text.replace("¦", ""), {"BANYAN_ADMIN_TOKEN": "t"}).admin == ("0.0.0.0", 9090)


def test_routes_between_which_nobody_can_choose_are_told() -> None:
    """A true tie is told at the later route's match and names the earlier one with its line."""
    found = told(with_routes("name: a, match: '/x/{id}', stage: legacy", "name: b, match: ¦'/x/{name}', stage: legacy"))

    assert len(found) == 1
    assert found[0].startswith('routes[1].match: takes requests that routes[0] "a" (line 7) takes too')


def test_a_route_out_of_reach_is_told() -> None:
    """A route that can never be reached is told with all that take its requests, whatever the order in the file."""
    found = told(
        with_routes(
            "name: rest, match: ¦/**, stage: legacy",
            "name: root, match: /, stage: legacy",
            "name: deep, match: '/{x}/**', stage: legacy",
        )
    )

    others = 'routes[1] "root" (line 8) and routes[2] "deep" (line 9)'
    assert found == [f"routes[0].match: can never be reached: every request that fits it is taken by {others}"]


def test_a_path_with_too_many_kinds_of_conditions_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound the conditions on a path are not compared any more; the route that goes beyond it is told."""
    monkeypatch.setattr(conflicts, "MAX_SIGNATURES", 2)
    matches = [f"{{path: /, headers: {{H{at}: a}}}}" for at in range(4)]
    matches[2] = "¦" + matches[2]
    found = told(with_routes(*(f"name: r{at}, match: {match}, stage: legacy" for at, match in enumerate(matches))))

    assert len(found) == 1
    assert "different sets of conditions stand on this path" in found[0]


def test_wrong_routes_are_left_out_of_what_is_compared() -> None:
    """A route that is wrong by itself makes no further problem, and the others are still compared."""
    found = told(
        with_routes(
            "name: a, match: /a, stage: ¦legac",
            "name: b, match: /a, stage: legacy",
            "name: ¦b, match: ¦/a, stage: legacy",
        )
    )

    assert [each.partition(":")[0] for each in found] == ["routes[0].stage", "routes[2].name", "routes[2].match"]
