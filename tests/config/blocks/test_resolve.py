"""How long names hold and where sockets are, checked together."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.routing.route import Resolve
from tests.config.given_files import NOTHING

ROUTES = 'routes: [{name: rest, match: "/**", stage: legacy}]\n'


def said(text: str) -> list[str]:
    """What is wrong with a file, line by line."""
    found = load_text(text + ROUTES, "routes.yaml", NOTHING)
    return [] if isinstance(found, Loaded) else [str(each) for each in found]


def resolve_of(top: object, own: object) -> Resolve:
    """What an upstream runs by."""
    upstream: Mapping[str, object] = {"url": "http://legacy", **({} if own is None else {"resolve": own})}
    settings = {"version": 1, "listen": ":8080", **({} if top is None else {"resolve": top})}
    routes = [{"name": "rest", "match": "/**", "stage": "legacy"}]
    loaded = load_text(json.dumps({**settings, "upstreams": {"legacy": upstream}, "routes": routes}), "f", NOTHING)
    assert isinstance(loaded, Loaded), loaded
    return loaded.snapshot.upstreams["legacy"].resolve


@pytest.mark.parametrize(
    ("top", "own", "runs"),
    [
        (None, None, Resolve(least=1.0, most=30.0, system=False)),
        ({"most": "10s"}, None, Resolve(most=10.0)),
        ({"most": "10s"}, {"least": "5s"}, Resolve(least=5.0, most=10.0)),
        ({"most": "10s"}, {"most": "1m"}, Resolve(most=60.0)),
        ("system", None, Resolve(system=True)),
        ("system", {"most": "5s"}, Resolve(system=True, most=5.0)),
        ("system", "dns", Resolve()),
        (None, {"by": "system"}, Resolve(system=True)),
    ],
)
def test_an_upstream_s_own_keys_stand_over_those_at_the_top(top: object, own: object, runs: Resolve) -> None:
    """Key by key; a word alone says who is asked."""
    assert resolve_of(top, own) == runs


def test_the_least_is_no_more_than_the_most() -> None:
    """At the top, on an upstream, and where the two disagree together; told once, at the key that has to change."""
    text = """version: 1
listen: :8080
resolve: { least: 2s, most: 1s }
upstreams:
  legacy: { url: "http://legacy", resolve: { most: 3s } }
  a: { url: "http://a", resolve: { least: 4s, most: 3s } }
  b: { url: "http://b", resolve: { most: 1s } }
  c: { url: "http://c", resolve: { least: 100ms, most: 200ms } }
"""
    assert said(text) == [
        "routes.yaml:3:19: resolve.least: is longer than most, 1s; make one of them fit",
        "routes.yaml:6:43: upstreams.a.resolve.least: is longer than most, 3s; make one of them fit",
        "routes.yaml:7:42: upstreams.b.resolve.most: is shorter than least, 2s; make one of them fit",
        "routes.yaml:8:43: upstreams.c.resolve.least: must be 0.5s or longer: a lost name is asked for so often",
    ]


def test_a_socket_speaks_no_tls() -> None:
    """`tls` with `listen: unix:` stands at its key."""
    text = """version: 1
listen: unix:/run/banyan.sock
tls: { cert: a.pem, key: a.key }
upstreams: { legacy: { url: "http+unix:///run/app.sock" } }
"""
    (problem,) = [each for each in said(text) if "socket" in each]

    assert problem == (
        "routes.yaml:3:1: tls: is for an address and a port, and listen is a socket, which speaks plain HTTP; "
        "take one of them out"
    )


def test_an_upstream_s_socket_has_no_tls_and_no_other_scheme_beside_it() -> None:
    """As for http: `tls` is for https, and all endpoints speak alike."""
    text = """version: 1
listen: :8080
upstreams:
  legacy: { url: "http+unix:///run/app.sock", tls: { verify: true } }
  new: { endpoints: ["http+unix:///run/a.sock", "http://b"] }
"""
    assert said(text) == [
        "routes.yaml:4:47: upstreams.legacy.tls: is for an https url; write url: https://…, or take tls out",
        "routes.yaml:5:49: upstreams.new.endpoints[1]: has another scheme than the first; choose one",
    ]


def test_listen_stands_once() -> None:
    """The key a second time is told with both places; a list is no address."""
    upstreams = 'upstreams: { legacy: { url: "http://legacy" } }\n'
    twice = said(f"version: 1\nlisten: :8080\nlisten: unix:/run/a.sock\n{upstreams}")
    both = said(f'version: 1\nlisten: [":8080", "unix:/run/a.sock"]\n{upstreams}')

    assert [each.partition(" listen: ")[0] for each in twice + both] == ["routes.yaml:3:1:", "routes.yaml:2:9:"]


def test_bad_words_and_paths_are_told_where_they_stand() -> None:
    """By line and column, with what may stand there."""
    text = """version: 1
listen: unix:banyan.sock
admin: unix:/run/a.sock
resolve: systemd
upstreams: { legacy: { url: "http+unix:///run/app.sock?x" } }
"""
    rest = "must end after the socket's path, in which ? is %3F and # is %23"
    path = "must hold the whole path of a socket, such as /run/banyan.sock"
    assert said(text) == [
        f'routes.yaml:2:9: listen: {path}; got "unix:banyan.sock"',
        'routes.yaml:3:8: admin: must be an address and a port: only listen can be a socket, got "unix:/run/a.sock"',
        'routes.yaml:4:10: resolve: must be one of dns, system; got "systemd" (did you mean system?)',
        f'routes.yaml:5:29: upstreams.legacy.url: {rest}; got "http+unix:///run/app.sock?x"',
    ]
