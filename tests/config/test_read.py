from __future__ import annotations

import pytest

from proxy.config.blocks.route import RouteKeys
from proxy.config.blocks.server import ServerKeys
from proxy.config.readers.address import BindAddress
from tests.config.given_files import FILE, HEAD, draft, problems, with_routes


def test_a_right_file_is_read_whole() -> None:
    """Settings, upstreams and routes become their blocks; nothing is told."""
    found = draft(FILE)

    assert found.problems == []
    assert found.top(ServerKeys).listen == BindAddress("127.0.0.1", 8080)
    assert list(found.upstreams) == ["legacy", "new"]
    assert [(place, block.name) for place, block in found.of_routes(RouteKeys)] == [(0, "rest")]
    assert found.declared == frozenset({"legacy", "new"})


ROUTES = "routes: [{name: a, match: /, stage: legacy}]\n"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("¦version: 1\nlisten: :80\n", "routes: is missing"),
        ("version: 1\nlisten: :80\nroutes: ¦[]\n", "routes: must be a list of at least one route, got a list"),
        ("version: 1\nlisten: :80\nroutes: ¦{a: 1}\n", "routes: must be a list of at least one route, got a mapping"),
        ("version: 1\nlisten: :80\nroutes:¦\n", "routes: is empty"),
        (f"version: 1\nlisten: :80\nupstreams: ¦[a]\n{ROUTES}", "upstreams: must be a mapping of names to upstreams"),
        (f"version: 1\nlisten: :80\nupstreams:¦\n{ROUTES}", "upstreams: is empty"),
        (FILE.replace("  new:", "  ¦1new:"), "upstreams.1new: must be a name"),
        (FILE.replace("version: 1", "version: ¦2"), "version: must be 1"),
        ("¦" + FILE.replace("version: 1\n", ""), "version: is missing"),
        (FILE + "¦route: []\n", "route: is not known here; did you mean routes?"),
        (FILE + "drain: ¦${DRAIN}\n", "drain: the environment has no DRAIN"),
        (FILE + "limits: {head: 1s, ¦bdy: 1s}\n", "limits.bdy: is not known here; did you mean"),
        (FILE + "trusted_proxies: [10.0.0.0/8, ¦10.0.0.1/8]\n", "trusted_proxies[1]: must be an address or a network"),
        (FILE.replace("new: {url", "new: {health: ¦x, url"), "upstreams.new.health: must be a path"),
        (FILE.replace("new: {url", "new: {timeout: {¦idl: 5s}, url"), "upstreams.new.timeout.idl: is not known here"),
        (HEAD + "routes:\n  - ¦a\n", "routes[0]: must be a mapping"),
        (with_routes("name: a, stage: legacy").replace("{name: a", "¦{name: a"), "routes[0].match: is missing"),
        (with_routes("name: a, match: ¦GETS /, stage: legacy"), "routes[0].match: is not a method"),
        (with_routes("name: a, match: {path: /, host: ¦7}, stage: legacy"), "routes[0].match.host: must be a host"),
        (
            with_routes("name: a, match: /, cohort: [client_ip, ¦ip], stage: legacy"),
            "routes[0].cohort[1]: must be header",
        ),
        (with_routes("name: a, match: /, ¦handover: {}, stage: legacy"), "routes[0].handover: has not landed"),
        (
            with_routes("name: a, match: {path: /, headers: {A: x, ¦Host: b}}, stage: legacy"),
            "routes[0].match.headers.Host: is a field that belongs",
        ),
        (
            with_routes("name: a, match: {path: /, headers: {A: x, B-C: ¦[]}}, stage: legacy"),
            "routes[0].match.headers.B-C: must be text",
        ),
    ],
)
def test_what_is_wrong_by_itself_is_told_at_its_place(text: str, told: str) -> None:
    """A wrong value is told at the value, an unknown key at the key, a missing one at its block (the bar)."""
    before, _, after = text.partition("¦")
    line, column = before.count("\n") + 1, len(before) - before.rfind("\n")

    found = draft(before + after).problems

    assert [(each.line, each.column) for each in found] == [(line, column)]
    assert str(found[0]).startswith(f"routes.yaml:{line}:{column}: {told}")


def test_one_mistake_hides_no_other() -> None:
    """Each block is read by itself: mistakes in settings, an upstream and two routes are all told."""
    text = with_routes(
        "name: a, match: /, stage: legac", "name: b, match: x, stage: legacy", "name: c, match: /c, stage: live"
    )
    found = draft(text.replace("version: 1", "version: 0").replace("3000", "0"))

    assert [each.where for each in found.problems] == [
        "upstreams.legacy.url",
        "routes[0].stage",
        "routes[1].match",
        "version",
    ]
    assert list(found.upstreams) == ["new"]
    assert found.declared == frozenset({"legacy", "new"})
    assert [block.name for _, block in found.of_routes(RouteKeys)] == ["c"]


def test_right_settings_stay_beside_wrong_ones() -> None:
    """The settings that are right can be looked at though others are wrong; those get ports in nobody's way."""
    found = draft(FILE.replace("listen: 127.0.0.1:8080", "listen: 8080\nadmin: 10.0.0.1:80\nworkers: 0\nodd: 1"))

    assert [each.where for each in found.problems] == ["listen", "workers", "odd"]
    assert found.top(ServerKeys).listen.port == 0
    assert found.top(ServerKeys).admin == BindAddress("10.0.0.1", 80)
    assert found.top(ServerKeys).workers == 1


def test_nobody_can_tell_the_upstreams_of_a_file_that_has_none_in_form() -> None:
    """Where upstreams is no mapping, no upstream is declared, and none is missing."""
    assert draft(FILE.replace(HEAD, "version: 1\nlisten: :80\nupstreams: x\n")).declared is None


def test_a_draft_finds_places() -> None:
    """A problem can be put at a value, at its key, at a block that lacks a key, and at what stands for a block."""
    found = draft(FILE)
    places = [
        found.problem(("routes", 0, "stage"), "m"),
        found.problem(("routes", 0, "stage"), "m", at_key=True),
        found.problem(("routes", 0, "split"), "m"),
        found.problem(("routes", 0, "match", "path"), "m"),
        found.problem((), "m"),
    ]

    assert [str(each).removeprefix("routes.yaml:") for each in places] == [
        "7:37: routes[0].stage: m",
        "7:30: routes[0].stage: m",
        "7:5: routes[0].split: m",
        "7:25: routes[0].match: m",
        "1:1: m",
    ]
    assert found.line(("routes", 0)) == 7


@pytest.mark.parametrize(
    ("written", "sentence"),
    [
        ("http://new:8080", ', got "http://new:8080"; write new: { url: "http://new:8080" }'),
        ("new:8080", ', got "new:8080"; write new: { url: "http://new:8080" }'),
        ("${NEW}", ', got the value of ${NEW}; write new: { url: "${NEW}" }'),
        ("http://u:hunter2@new", '; write new: { url: "http://HOST:PORT" }'),
        ("[new-1:80, http://new-2]", ', got a list; write new: { endpoints: ["http://new-1:80", "http://new-2"] }'),
        ("[1]", ', got a list; write new: { url: "http://HOST:PORT" }'),
        ("[]", ', got a list; write new: { url: "http://HOST:PORT" }'),
        ("8080", ', got 8080; write new: { url: "http://HOST:PORT" }'),
        ("yes please", ', got "yes please"; write new: { url: "http://HOST:PORT" }'),
    ],
)
def test_an_upstream_without_its_key_is_told_what_to_write(written: str, sentence: str) -> None:
    """An address alone is written as the mapping that it stands for; one with a password in it is not repeated."""
    text = FILE.replace('new: {url: "http://127.0.0.1:3001"}', f"new: {written}")
    (problem,) = problems(text, {"NEW": "http://secret"})

    assert problem == f"routes.yaml:5:8: upstreams.new: must be a mapping{sentence}"


def test_an_upstream_that_cannot_be_had_is_told_once() -> None:
    """Where the environment lacks it, that is the problem, and nothing is said of its form."""
    (problem,) = problems(FILE.replace('new: {url: "http://127.0.0.1:3001"}', "new: ${NEW}"))

    assert "the environment has no NEW" in problem


@pytest.mark.parametrize("key", ["listen", "admin", "state", "auth_default"])
def test_of_a_variable_that_is_not_set_the_cause_alone_is_told(key: str) -> None:
    """Not what would follow if the key were absent: no database, no port, nobody who says who may call."""
    values = {"listen": "127.0.0.1:8080", "admin": "127.0.0.1:9090", "state": "embedded", "auth_default": "anonymous"}
    top = "".join(f"{name}: {'${UNSET}' if name == key else value}\n" for name, value in values.items())
    rest = """version: 1
auth: { u: { issuer: https://id.example, audience: shop, algorithms: [RS256], keys: { url: https://id.example/k } } }
upstreams: { legacy: { url: "http://127.0.0.1:3001" }, new: { url: "http://127.0.0.1:3002" } }
routes:
  - { name: pay, match: POST /pay, stage: legacy, idempotency: optional }
  - { name: rest, match: /**, stage: legacy, auth: u }
"""
    lacks = f"{key}: the environment has no UNSET; set it, or give a default: ${{UNSET:-…}}"

    assert [each.partition(": ")[2] for each in problems(top + rest)] == [lacks]
