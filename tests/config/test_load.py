from __future__ import annotations

import pickle
from hashlib import sha256
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.config.load import Loaded, load_bytes, load_file, load_text, unreadable
from proxy.config.text.written_texts import Texts
from proxy.core.routing.cohort import CLIENT_IP, CohortSource, SourceKind
from proxy.core.routing.effects import Effects
from proxy.core.routing.path import PathPattern
from proxy.core.routing.predicate import HeaderAbsent, HeaderIs, HostIs, QueryAbsent, QueryIs
from proxy.core.routing.route import Expectation, Health, HostMode, Respond, Route, Timeouts, Upstream
from proxy.core.routing.shadow import ShadowPolicy
from proxy.core.routing.snapshot import AccessLogPolicy, Limits
from proxy.core.stage import Stage
from tests.config.given_files import FILE, NOTHING, problems, snapshot, with_routes


def test_a_right_text_is_loaded_with_its_revision() -> None:
    """The revision names the text as written, the same on every machine; the text travels with it."""
    found = load_text(FILE, "routes.yaml", NOTHING)

    assert isinstance(found, Loaded)
    assert found.snapshot.revision == sha256(FILE.encode()).hexdigest()[:12]
    assert (found.texts, found.warnings) == (Texts(FILE), ())


def test_all_problems_come_at_once_in_the_order_of_the_file() -> None:
    """Problems of text, of single values and of several values together are one list, sorted by place."""
    text = with_routes(
        "name: a, match: /a, stage: canary",
        "name: a, match: /b, stage: legac",
        "name: c, match: /c, match: /c, stage: live",
        "name: d, match: /d, stage: live, new: nwe",
    )
    found = problems(text.replace("version: 1", "version: ${V}") + "workers: no\n")

    places = [tuple(map(int, each.split(":")[1:3])) for each in found]
    assert places == sorted(places)
    assert [each.split(": ")[1] for each in found] == [
        "version",
        "routes[0].split",
        "routes[1].stage",
        "routes[2].match",
        "routes[3].new",
        "workers",
    ]


def test_a_file_is_loaded_from_disk(tmp_path: Path) -> None:
    """A file's problems name it as it was given."""
    path = tmp_path / "routes.yaml"
    path.write_text(FILE)
    assert isinstance(load_file(path, NOTHING), Loaded)

    path.write_text("")
    found = load_file(path, NOTHING)
    assert not isinstance(found, Loaded)
    assert str(found[0]).startswith(f"{path}:1:1: the file is empty")


def test_a_file_that_is_not_there_is_a_problem(tmp_path: Path) -> None:
    """What cannot be read is told like everything else, and where there is no file yet, where to get one."""
    path = tmp_path / "routes.yaml"
    then = "the README begins with one to copy, and `banyan demo` shows a running one"

    assert load_file(path, NOTHING) == [unreadable(path, f"is not there; {then}")]
    assert load_file(tmp_path, NOTHING) == [unreadable(tmp_path, "is a directory; routes.yaml must be a file")]
    assert str(unreadable(path, "is not there")) == f"{path}:1:1: the file is not there"


def test_bytes_that_are_no_text_are_a_problem() -> None:
    """A file in another encoding is told with the place of the first wrong byte."""
    found = load_bytes("é: ü".encode("latin-1"), "routes.yaml", NOTHING)

    assert not isinstance(found, Loaded)
    assert [str(each) for each in found] == ["routes.yaml:1:1: the byte 0xE9 is not UTF-8; save the file as UTF-8"]


LINES = FILE.splitlines(keepends=True)
KEYS = st.sampled_from(["version", "routes", "upstreams", "name", "match", "stage", "x", "split", "<<", "limits"])
VALUES = st.recursive(
    st.sampled_from(["1", "on", "canary", "/**", "GET /a", "${X}", "5s", "10%", "", "~", "'", "*a", "&a x", "legacy"]),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.dictionaries(KEYS, inner, max_size=3).map(
            lambda items: f"{{{', '.join(f'{key}: {value}' for key, value in items.items())}}}"
        )
    ),
    max_leaves=6,
)


@pytest.mark.thorough
@given(st.lists(st.tuples(KEYS, VALUES), max_size=4), st.lists(st.tuples(KEYS, VALUES), max_size=4))
def test_whatever_stands_in_a_file_it_is_loaded_or_explained(
    top: list[tuple[str, str]], route: list[tuple[str, str]]
) -> None:
    """No file raises: it is loaded, or answered with problems that have a place in it."""
    lines = [f"{key}: {value}\n" for key, value in top]
    inner = "".join(f"    {key}: {value}\n" for key, value in route)
    text = FILE + f"  - effects: safe\n{inner}" + "".join(lines)

    found = load_text(text, "routes.yaml", {"X": "legacy"})

    if not isinstance(found, Loaded):
        assert found
        assert all(1 <= each.line <= text.count("\n") + 1 for each in found)


@pytest.mark.parametrize("cut", range(0, len(FILE), 7))
def test_a_file_cut_anywhere_is_loaded_or_explained(cut: int) -> None:
    """Half a file never raises."""
    found = load_text(FILE[:cut], "routes.yaml", NOTHING)

    assert isinstance(found, Loaded) or found


EVERYTHING = """\
version: 1
listen: ":8080"
admin: "[::1]:9091"
workers: 4
state: memory
drain: 5s
trusted_proxies: [10.0.0.0/8, "::1"]
limits: {connections: 10, head: 1s, body: 2s, idle: 3s, tunnel: 4s, body_size: 10MiB}
log: {sample: 10%}
upstreams:
  legacy: {url: "http://legacy.internal:3000", health: /healthz}
  new:
    url: https://crm.internal
    health: {path: /h, every: 1m}
    host: upstream
    timeout: {connect: 1s, response: 15s, idle: 20s, total: 2m}
    connections: 7
    queue: 0
    keep_alive: 0s
routes:
  - name: orders.show
    match:
      methods: [GET, HEAD]
      path: /tenants/{tenant}/orders/{id}
      host: "*.Example.com"
      headers: {X-Client: [app, web], X-Debug: false, Accept: true}
      query: {version: "2", trace: true, raw: false}
    stage: canary
    split: 0.25%
    cohort: [header:X-Tenant-Id, path:tenant, client_ip]
    group: orders
    legacy: new
    new: legacy
    effects: keyed
    upgrades: [websocket]
    timeout: {connect: 3s, response: 4s, idle: 5s, total: 6s}
    limits: {body_size: 1KiB}
  - name: forbidden
    match: /internal/**
    respond: {status: 403, body: "nein ✗", content_type: text/html}
"""


def test_everything_that_a_file_can_set_arrives() -> None:
    """Each setting is found again in the snapshot, in its unit."""
    found = snapshot(EVERYTHING)

    assert (found.listen, found.admin, found.workers, found.drain) == (("0.0.0.0", 8080), ("::1", 9091), 4, 5.0)
    assert found.trusted == (ip_network("10.0.0.0/8"), ip_network("::1"))
    assert found.limits == Limits(connections=10, head=1.0, body=2.0, idle=3.0, tunnel=4.0, body_size=10 << 20)
    assert found.access_log == AccessLogPolicy(sample=0.1)


def test_everything_that_an_upstream_can_say_arrives() -> None:
    """Each key of an upstream is found again in the snapshot, in its unit."""
    assert snapshot(EVERYTHING).upstreams == {
        "legacy": Upstream(
            name="legacy", scheme="http", host="legacy.internal", port=3000, health=Health(path="/healthz", every=5.0)
        ),
        "new": Upstream(
            name="new",
            scheme="https",
            host="crm.internal",
            port=443,
            host_mode=HostMode.UPSTREAM,
            timeouts=Timeouts(connect=1.0, response=15.0, idle=20.0, total=120.0),
            health=Health(path="/h", every=60.0),
            connections=7,
            queue=0,
            keep_alive=0.0,
        ),
    }


def test_an_upstream_may_answer_expectations_itself() -> None:
    """By default Banyan does."""
    text = FILE.replace("new: {", "new: {expect: forward, ")
    found = snapshot(text).upstreams

    assert (found["legacy"].expectation, found["new"].expectation) == (Expectation.ANSWER, Expectation.FORWARD)


def test_streaming_is_a_word_for_long_waits() -> None:
    """Of an upstream and of a route; what it leaves out is the default, or the upstream's."""
    text = FILE.replace("legacy: {", "legacy: {timeout: streaming, ")
    text = text.replace("new: {", "new: {timeout: {connect: 1s, total: 1m}, ")
    found = snapshot(text.replace("stage: legacy", "stage: live, timeout: streaming"))

    assert found.upstreams["legacy"].timeouts == Timeouts(response=600.0, idle=3600.0)
    assert found.routes[0].timeouts == Timeouts(connect=1.0, response=600.0, idle=3600.0, total=0.0)


def test_everything_that_a_route_can_say_arrives() -> None:
    """Each key of a route is found again in the snapshot, in its unit."""
    assert snapshot(EVERYTHING).routes == (
        Route(
            name="orders.show",
            index=0,
            pattern=PathPattern(
                "/tenants/{tenant}/orders/{id}", (b"tenants", b"*", b"orders", b"*"), (("tenant", 2), ("id", 4))
            ),
            methods=frozenset({b"GET", b"HEAD"}),
            predicates=(
                HostIs("*.example.com"),
                HeaderIs(b"x-client", frozenset({b"app", b"web"})),
                HeaderAbsent(b"x-debug"),
                HeaderIs(b"accept", frozenset()),
                QueryIs("version", frozenset({"2"})),
                QueryIs("trace", frozenset()),
                QueryAbsent("raw"),
            ),
            stage=Stage.CANARY,
            split=0.0025,
            cohort=(
                CohortSource(SourceKind.HEADER, "x-tenant-id"),
                CohortSource(SourceKind.PATH, "tenant", 2),
                CohortSource(SourceKind.CLIENT_IP),
            ),
            group="orders",
            legacy="new",
            new="legacy",
            effects=Effects.KEYED,
            timeouts=Timeouts(connect=3.0, response=4.0, idle=5.0, total=6.0),
            websocket=True,
            body_limit=1024,
            shadow=ShadowPolicy(),
            line=21,
        ),
        Route(
            name="forbidden",
            index=1,
            pattern=PathPattern("/internal/**", (b"internal", b"**")),
            respond=Respond(status=403, body="nein ✗".encode(), content_type="text/html"),
            line=38,
        ),
    )


def test_what_a_file_leaves_out_has_safe_defaults() -> None:
    """The smallest file gets the defaults that the core's values have."""
    found = snapshot(FILE)

    assert (found.admin, found.workers, found.drain) == (("127.0.0.1", 9090), 1, 30.0)
    assert (found.trusted, found.limits, found.access_log) == ((), Limits(), AccessLogPolicy())
    assert found.upstreams["legacy"] == Upstream(name="legacy", scheme="http", host="127.0.0.1", port=3000)
    assert found.routes[0] == Route(
        name="rest",
        index=0,
        pattern=PathPattern("/**", (b"**",)),
        stage=Stage.LEGACY,
        cohort=(CLIENT_IP,),
        shadow=ShadowPolicy(),
        line=7,
    )


def test_the_snapshot_holds_nothing_of_the_reading() -> None:
    """Workers unpickle a snapshot without loading what reads files, also where values came out of the environment."""
    text = (
        EVERYTHING.replace("orders.show", "${NAME}")
        .replace("/internal/**", "${PATH_}")
        .replace("app, web", "'${APP}', web")
    )
    env = {"NAME": "orders.show", "PATH_": "/internal/**", "APP": "app"}
    pickled = pickle.dumps(snapshot(text, env), protocol=5)

    assert b"proxy.config" not in pickled
    assert pickle.loads(pickled).routes == snapshot(EVERYTHING).routes
