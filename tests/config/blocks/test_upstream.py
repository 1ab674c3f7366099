"""How failures of an upstream are met, as routes.yaml says it and as the data plane gets it."""

from __future__ import annotations

import json
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from proxy.config.blocks import upstream
from proxy.config.blocks.upstream import addresses, breaker_of, eject_of, health_of, read_health
from proxy.config.load import Loaded, load_text
from proxy.config.text.problem import FileProblem
from proxy.core.routing.route import Balance, BreakerPolicy, Eject, Endpoint, Health, Upstream
from tests.config.given_files import NOTHING, snapshot, told

LEGACY = {"url": "http://legacy:3000"}


def load(block: Mapping[str, object], **route: object) -> Loaded | list[FileProblem]:
    """A table of one route and this upstream as legacy."""
    rest = {"name": "rest", "match": "/**", "stage": "legacy", **route}
    table = {"version": 1, "listen": ":8080", "upstreams": {"legacy": block, "new": LEGACY}, "routes": [rest]}
    return load_text(json.dumps(table), "routes.yaml", NOTHING)


def upstream_of(block: Mapping[str, object]) -> Upstream:
    """The upstream as it is built."""
    loaded = load(block)
    assert isinstance(loaded, Loaded), loaded
    return loaded.snapshot.upstreams["legacy"]


def test_what_is_not_said_has_safe_defaults() -> None:
    """An upstream of one url has a breaker, ejection and the retryless least."""
    found = upstream_of(LEGACY)

    assert found.endpoints == (Endpoint("legacy", 3000),)
    assert (found.breaker, found.eject, found.balance) == (BreakerPolicy(), Eject(), Balance.LEAST_REQUEST)
    assert (breaker_of(None), eject_of(None), health_of(None)) == (BreakerPolicy(), Eject(), None)


def test_endpoints_stand_in_the_order_of_the_file() -> None:
    """The first endpoint is the upstream's own name; the others follow."""
    found = upstream_of({"endpoints": ["http://b:1", "http://[::1]:2"], "balance": "round_robin", "slow_start": "0s"})

    assert [each.text for each in found.endpoints] == ["b:1", "[::1]:2"]
    assert (found.host, found.balance, found.slow_start) == ("b", Balance.ROUND_ROBIN, 0.0)


def test_breaker_ejection_and_health_are_what_the_blocks_say() -> None:
    """Each key of a block replaces its default, and the others stay."""
    found = upstream_of(
        {
            **LEGACY,
            "breaker": {"failures": 7, "count_5xx": True},
            "eject": {"base": "1s", "max_ejected": "25%"},
            "health": {"path": "/h", "unhealthy_after": 1},
        }
    )

    assert found.breaker == BreakerPolicy(failures=7, count_5xx=True)
    assert found.eject == Eject(base=1.0, max_ejected=0.25)
    assert found.health == Health(path="/h", unhealthy_after=1)


def test_both_can_be_switched_off() -> None:
    """`enabled: false` leaves neither breaker nor ejection, whatever else the block says; `true` changes nothing."""
    found = upstream_of({**LEGACY, "breaker": {"enabled": False, "failures": 1}, "eject": {"enabled": False}})

    assert (found.breaker, found.eject) == (None, None)
    assert upstream_of({**LEGACY, "breaker": {"enabled": True}}).breaker == BreakerPolicy()


@pytest.mark.parametrize(
    ("block", "word"),
    [
        ({"endpoints": []}, "endpoints: is missing"),
        ({"endpoints": ["http://a", "https://a"]}, "another scheme"),
        ({"endpoints": ["http://a", "http://a:80"]}, "stands twice"),
        ({"endpoints": ["http://a"], **LEGACY}, "exclude each other"),
        ({}, "url: is missing"),
        ({**LEGACY, "breaker": {"probes": 4}}, "between 1 and 3"),
        ({**LEGACY, "breaker": {"enabled": "no"}}, "true or false"),
    ],
)
def test_what_cannot_be_is_refused_with_what_to_write(block: dict[str, object], word: str) -> None:
    """One mistake, one problem, at its place."""
    found = load(block)

    assert not isinstance(found, Loaded)
    assert [word in str(each) for each in found] == [True], found


TOKEN = {"BANYAN_ADMIN_TOKEN": "t"}
ROUTES = "routes:\n  - {name: rest, match: /**, stage: legacy}\n"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with one address of its own beside loopback."""
    monkeypatch.setattr(upstream, "addresses", lambda: frozenset({"10.0.0.5", "127.0.0.1", "::1"}))


def table(listen: str, upstreams: str, admin: str = "127.0.0.1:9090") -> str:
    return f'version: 1\nlisten: "{listen}"\nadmin: "{admin}"\nupstreams:\n{upstreams}{ROUTES}'


def problem(where: str, key: str = "listen", line: int = 2) -> str:
    said = f"is where this proxy itself listens ({key}, line {line}): its requests would come in again and again"
    return f"{where}: {said}; name the system behind it"


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        ("127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("127.0.0.1:8080", "http://localhost:8080"),
        ("localhost:8080", "http://LOCALHOST.:8080"),
        (":8080", "http://127.0.0.1:8080"),
        (":8080", "http://10.0.0.5:8080"),
        (":80", "http://10.0.0.5"),
        (":443", "https://localhost"),
        ("10.0.0.5:8080", "http://10.0.0.5:8080"),
        ("[::]:8080", "http://[::1]:8080"),
        ("0.0.0.0:8080", "http://0.0.0.0:8080"),
    ],
)
def test_an_upstream_that_is_banyan_itself_is_told(listen: str, url: str) -> None:
    """By a number of this machine or by localhost, at the url's line and column; no name is looked up."""
    assert told(table(listen, f'  legacy: {{url: ¦"{url}"}}\n')) == [problem("upstreams.legacy.url")]


def test_each_endpoint_and_the_admin_port_are_looked_at() -> None:
    """One of several addresses is enough; the admin port is no system either."""
    upstreams = (
        '  legacy: {endpoints: ["http://10.0.0.6:8080", ¦"http://127.0.0.1:8080"]}\n'
        '  new: {url: ¦"http://localhost:9090"}\n'
    )

    assert told(table(":8080", upstreams)) == [
        problem("upstreams.legacy.endpoints[1]"),
        problem("upstreams.new.url", "admin", 3),
    ]


@pytest.mark.parametrize(
    ("listen", "url"),
    [
        (":8080", "http://127.0.0.1:8081"),
        (":8080", "http://10.0.0.6:8080"),
        (":8080", "http://legacy.internal:8080"),
        ("127.0.0.1:8080", "http://10.0.0.5:8080"),
        ("10.0.0.5:8080", "http://localhost:8080"),
        ("127.0.0.1:0", "http://127.0.0.1:8080"),
    ],
)
def test_an_upstream_elsewhere_is_taken(listen: str, url: str) -> None:
    """Another port, another machine, an address at which nobody of ours listens, a name."""
    found = snapshot(table(listen, f'  legacy: {{url: "{url}"}}\n')).upstreams["legacy"]

    assert f"{found.scheme}://{found.host}:{found.port}" == url


def test_a_wrong_listen_makes_one_problem() -> None:
    """Where listen cannot be read, nothing is said of upstreams."""
    text = table("¦nowhere", '  legacy: {url: "http://127.0.0.1:8080"}\n').replace('listen: "¦', 'listen: ¦"')

    assert len(told(text)) == 1


def test_a_path_alone_stands_for_the_health_block() -> None:
    """The mapping is taken as it is."""
    assert read_health("/healthz") == {"path": "/healthz"}
    assert read_health({"path": "/", "every": "5s"}) == {"path": "/", "every": "5s"}


TRIE = """\
Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     |-- 192.0.2.0
        /24 link UNICAST
     |-- 192.0.2.2
        /32 host LOCAL
     |-- 192.0.2.255
        /32 link BROADCAST
Local:
     |-- 127.0.0.1
        /32 host LOCAL
"""
SIX = "fd000000000000000000000000000005 02 40 00 80     eth0\n"


def test_the_kernels_lists_are_read(tmp_path: Path) -> None:
    """Of the routing trie the addresses of interfaces alone; of IPv6 those of its list, in short form."""
    four, six = tmp_path / "four", tmp_path / "six"
    four.write_text(TRIE)
    six.write_text(SIX)

    assert addresses(four, six) == {"192.0.2.2", "127.0.0.1", "fd00::5"}


def test_where_the_kernel_does_not_say_there_are_none(tmp_path: Path) -> None:
    """A system without these lists has no addresses, and no error."""
    assert addresses(tmp_path / "none", tmp_path / "none") == frozenset()


def test_this_machine_has_what_it_can_be_reached_at() -> None:
    """An address that a socket of this machine speaks from is among them."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        assert server.getsockname()[0] in addresses()
