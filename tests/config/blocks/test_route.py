from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.config.blocks import route
from proxy.config.blocks.route import RouteWithSides, needed_upstreams
from tests.config.given_files import FILE, HEAD, draft, problems, snapshot, told, warnings, with_routes
from tests.config.refusing import refusal


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (route.read_body, "geschlössen", "geschlössen".encode()),
        (route.read_body, "", b""),
        (route.read_content_type, "text/plain; charset=utf-8", "text/plain; charset=utf-8"),
    ],
)
def test_right_values_are_read(reader: Callable[[object], object], value: object, result: object) -> None:
    """Each reader gives what its block holds."""
    assert reader(value) == result


@pytest.mark.parametrize(
    ("reader", "value", "said"),
    [
        (route.read_body, 404, 'must be text | write "404" in quotes'),
        (route.read_body, ["a"], "must be text"),
        (route.read_content_type, "json", "must be a media type such as application/json"),
        (route.read_content_type, "a/b\r\nx: y", "must be a media type such as application/json"),
        (route.read_content_type, 1, "must be a media type such as application/json"),
    ],
)
def test_wrong_values_are_refused(reader: Callable[[object], object], value: object, said: str) -> None:
    """Each reader says what is right, and the cure where it can be told."""
    assert refusal(reader, value) == said


@pytest.mark.parametrize(
    ("stage", "split"), [("canary, split: 10%", 0.1), ("retired", 1.0), ("retired, split: 5%", 0.05), ("live", 0.0)]
)
def test_the_split_is_the_stages(stage: str, split: float) -> None:
    """A retired route is retired for all, unless it says for how many; elsewhere there is no split."""
    assert snapshot(with_routes(f"name: a, match: /a, stage: {stage}")).routes[0].split == split


@pytest.mark.parametrize(
    ("route", "needed"),
    [
        ("stage: legacy", ("legacy",)),
        ("stage: shadow, legacy: new", ("new",)),
        ("stage: canary, split: 1%", ("legacy", "new")),
        ("stage: live, new: legacy", ("legacy",)),
        ("stage: complete", ("new",)),
        ("stage: retired", ()),
        ("stage: retired, split: 99.99%", ("new",)),
        ("respond: {status: 403}", ()),
    ],
)
def test_a_stage_needs_the_upstreams_that_answer_at_it(route: str, needed: tuple[str, ...]) -> None:
    """Who answers at a stage must exist; who will only answer later need not."""
    ((_, block),) = draft(with_routes(f"name: a, match: /a, {route}")).of_routes(RouteWithSides)

    assert needed_upstreams(block) == needed


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


def test_an_upstream_that_no_route_uses_is_told() -> None:
    """An upstream without a role on any route is probably a leftover; an answer of Banyan's own uses none."""
    text = with_routes("name: a, match: /**, stage: live, new: crm", "name: b, match: /b, respond: {status: 403}")
    found = warnings(text.replace("upstreams:\n", 'upstreams:\n  crm: {url: "http://a"}\n'))

    assert found == [
        "routes.yaml:6:3: upstreams.new: no route uses it; name it on one (legacy: new or new: new), or take it out"
    ]


def test_a_route_from_an_upstream_to_itself_is_told() -> None:
    """When both roles are played by one upstream, no stage changes anything."""
    found = warnings(with_routes("name: a, match: /a, stage: live, new: legacy", "name: b, match: /b, stage: live"))

    assert found == ["routes.yaml:7:5: routes[0]: legacy and new are the same upstream, so the stage changes nothing"]


def test_a_group_of_one_is_told() -> None:
    """A group with a single route shares its draw with nobody, so its name is probably wrong."""
    names = ("checkout", "checkout", "chekout")
    found = warnings(
        with_routes(*(f"name: r{at}, match: /{at}, stage: live, group: {name}" for at, name in enumerate(names)))
    )

    assert found == ['routes.yaml:9:47: routes[2].group: no other route is in group "chekout"']


def test_a_group_that_is_called_like_a_route_is_told() -> None:
    """A route outside a group of its name would share its draw, which nobody would guess."""
    routes = [f"name: {name}, match: /{name}, stage: live" for name in ("orders", "a", "b")]
    found = warnings(with_routes(routes[0], f"{routes[1]}, group: orders", f"{routes[2]}, group: orders"))

    assert found == [
        f"routes.yaml:{line}:46: routes[{at}].group: "
        'a route outside the group is called "orders" and so shares its draw; rename the group'
        for line, at in ((8, 1), (9, 2))
    ]


def test_a_split_that_waits_for_its_stage_is_told() -> None:
    """Whoever went back by the stage alone; at canary and retired a split has a meaning."""
    routes = [f"name: {stage}, match: /{stage}, stage: {stage}, split: 5%" for stage in ("legacy", "canary")]
    found = warnings(with_routes(*routes))

    assert [each for each in found if "split" in each] == [
        "routes.yaml:7:51: routes[0].split: has no meaning at stage legacy; it waits for stage: canary"
    ]
