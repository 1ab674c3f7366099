from __future__ import annotations

import pytest

from proxy.config.checks import overlap
from proxy.config.load import Loaded, load_text
from tests.config.given_files import FILE, HEAD, told, warnings, with_routes

CANARY = "stage: canary, split: 1%"


def test_a_route_has_a_stage_or_an_answer() -> None:
    """Neither is too little, both is too much."""
    text = with_routes("name: a, match: /a", "name: b, match: /b, respond: {status: 403}, ¦stage: legacy")

    assert told(text.replace("{name: a", "¦{name: a")) == [
        "routes[0].stage: is missing; a route needs a stage, respond or grants",
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
    monkeypatch.setattr(overlap, "MAX_SIGNATURES", 2)
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


def test_a_usual_file_needs_no_advice() -> None:
    """An upstream that only a later stage will use is nothing to warn about."""
    assert warnings(FILE) == []


def test_advice_stands_beside_advice() -> None:
    """Every warning of a file is told at once."""
    text = with_routes("name: a, match: /a, stage: live, new: legacy, group: g", head=HEAD)

    assert len(warnings(text)) == 3


TOP = """\
version: 1
listen: :8080
upstreams: { legacy: { url: "http://127.0.0.1:1" }, new: { url: "http://127.0.0.1:2" } }
"""
ROUTES = "routes:\n  - { name: a, match: /a, stage: shadow%s }\n"
ENV = {"KEY": "k" * 40, "HALF": "h" * 20}
TOLD = "stands in the file and in the kept copy of it; write ${NAME} and put it into the environment"


POLICY = "issuer: i, audience: u, algorithms: [ES256]"


def warned(top: str, route: str = "") -> list[str]:
    loaded = load_text(TOP + top + ROUTES % route, "routes.yaml", ENV)
    assert isinstance(loaded, Loaded), loaded
    return [warning.removeprefix("routes.yaml:") for warning in map(str, loaded.warnings) if TOLD in warning]


@pytest.mark.parametrize(
    ("top", "route", "place"),
    [
        (f"cookies: {{ key: {'k' * 40} }}\n", "", "4:17: cookies.key: "),
        ("cookies: { key: '${KEY:-kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk}' }\n", "", "4:17: cookies.key: "),
        ("cookies: { key: 'salt-${KEY}' }\n", "", "4:17: cookies.key: "),
        ("hooks: [{ url: https://a.example/, secret: 0123456789abcdef-x }]\n", "", "4:44: hooks[0].secret: "),
        (
            "",
            ", shadow: { credentials: { replace: { Authorization: Bearer abc } } }",
            "5:93: routes[0].shadow.credentials.replace.Authorization: ",
        ),
        ("state: postgresql://banyan:hunter2@db/banyan\n", "", "4:8: state: its password "),
        (
            f"auth: {{ a: {{ {POLICY}, keys: {{ url: 'https://b:hunter2@id.test/k' }} }} }}\nauth_default: a\n",
            "",
            "4:72: auth.a.keys.url: its password ",
        ),
    ],
)
def test_a_secret_that_is_written_out_is_a_warning(top: str, route: str, place: str) -> None:
    """With its place and the cure, and without the secret."""
    assert warned(top, route) == [place + TOLD]


@pytest.mark.parametrize(
    ("top", "route"),
    [
        ("", ""),
        ("cookies: { key: '${KEY}' }\n", ""),
        ("cookies: { key: '${HALF}${HALF}' }\n", ""),
        ("cookies: { side: banyan_side }\n", ""),
        ("hooks: [{ url: https://a.example/ }, { url: https://b.example/, secret: '${KEY}' }]\n", ""),
        ("", ", shadow: { credentials: { replace: { Authorization: '${KEY}' } } }"),
        ("", ", shadow: { credentials: forward }"),
        ("state: postgresql://banyan@db/banyan\n", ""),
        ("state: postgresql://banyan:${KEY}@db/banyan\n", ""),
        ("state: memory\n", ""),
    ],
)
def test_a_secret_out_of_the_environment_is_none(top: str, route: str) -> None:
    """Also one that is put together of several variables, and where there is no secret at all."""
    assert warned(top, route) == []
