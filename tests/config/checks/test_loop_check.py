from __future__ import annotations

import pytest

from proxy.config.checks import loop_check
from tests.config.given_files import snapshot, told

TOKEN = {"BANYAN_ADMIN_TOKEN": "t"}
ROUTES = "routes:\n  - {name: rest, match: /**, stage: legacy}\n"


@pytest.fixture(autouse=True)
def machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine with one address of its own beside loopback."""
    monkeypatch.setattr(loop_check, "addresses", lambda: frozenset({"10.0.0.5", "127.0.0.1", "::1"}))


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
    upstream = snapshot(table(listen, f'  legacy: {{url: "{url}"}}\n')).upstreams["legacy"]

    assert f"{upstream.scheme}://{upstream.host}:{upstream.port}" == url


def test_a_wrong_listen_makes_one_problem() -> None:
    """Where listen cannot be read, nothing is said of upstreams."""
    text = table("¦nowhere", '  legacy: {url: "http://127.0.0.1:8080"}\n').replace('listen: "¦', 'listen: ¦"')

    assert len(told(text)) == 1
