"""Values of the core in the words of routes.yaml.

Long: a table of cases, of which each value of the file has one.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator

import pytest

from proxy.cli.plan import file_words
from proxy.cli.plan.field_changes import route_changes, settings_changes, upstream_changes
from proxy.cli.plan.file_words import length, share, size, text
from proxy.config.blocks.limits import read_rate
from proxy.config.readers.address import read_listen
from proxy.config.readers.units import read_length, read_share, read_size, read_span
from proxy.core.routing.snapshot import Snapshot
from proxy.core.routing.tie import Cookies
from proxy.core.secret import Secret
from tests.cli.conftest import ROOT
from tests.config.given_files import snapshot

UPSTREAMS = """\
version: 1
listen: 127.0.0.1:8080
upstreams:
  legacy: { url: "http://legacy.internal:3000" }
"""


def file(top: str = "", new: str = 'url: "http://new:1"', route: str = "", cohort: str = "client_ip") -> Snapshot:
    """One route between two upstreams, with these lines beside what is always there."""
    return snapshot(
        f"{top}\n{UPSTREAMS}  new: {{ {new} }}\nroutes:\n"
        f"  - name: a\n    match: /a/{{id}}\n    stage: canary\n    split: 10%\n    cohort: {cohort}\n    {route}\n"
    )


def of_route(before: str, after: str, cohort: str = "client_ip") -> dict[str, tuple[str, str]]:
    changes = route_changes(file(route=before, cohort=cohort).routes[0], file(route=after, cohort=cohort).routes[0])
    return {change.field: (change.before, change.after) for change in changes}


def of_new(before: str, after: str) -> dict[str, tuple[str, str]]:
    found = upstream_changes(file(new=before).upstreams, file(new=after).upstreams)
    return {change.field: (change.before, change.after) for change in found}


def of_top(before: str, after: str) -> dict[str, tuple[str, str]]:
    return {change.field: (change.before, change.after) for change in settings_changes(file(before), file(after))}


@pytest.mark.parametrize(
    ("write", "read", "texts"),
    [
        (length, read_length, ["0s", "1ms", "250ms", "1500ms", "20s", "60s", "90s", "2m", "10m", "1h", "24h"]),
        (length, read_span, ["36h", "2d", "30d"]),
        (share, read_share, ["0%", "0.01%", "0.25%", "10%", "33.33%", "98%", "100%"]),
        (size, read_size, ["1B", "1023B", "1KiB", "64KB", "10MiB", "1GB", "3GiB"]),
        (file_words.rate, read_rate, ["100/s", "600/m", "1/h"]),
    ],
)
def test_what_a_person_wrote_is_written(
    write: Callable[[object], str], read: Callable[[object], object], texts: list[str]
) -> None:
    """Lengths, shares, sizes and rates come out as they went in."""
    assert [write(read(each)) for each in texts] == texts


@pytest.mark.parametrize("value", ["0.000001", "0.00000001", "12345678.5", "10000000", "0.01", "3"])
def test_a_number_is_written_in_digits(value: str) -> None:
    """A bound of `tolerance`, however small or large, has no exponent, and none of its digits is lost."""
    before, rule = "compare: {}", "$.at, reason: r, owner: o, until: never"
    after = f"compare: {{ tolerance: [{{ path: {rule}, relative: {value} }}] }}"

    found = of_route(before, after)["compare.tolerance $.at"][1]

    assert f"relative: {value} " in found
    assert text(float(value)) == value


@pytest.mark.parametrize("place", ["127.0.0.1:8080", "[::1]:9090", "unix:/run/banyan.sock"])
def test_an_address_is_written_as_one(place: str) -> None:
    """Host and port, or the path of a socket; no pair of values."""
    found = read_listen(place)

    assert file_words.address((found.host, found.port)) == place


def numbers_with_fractions() -> Iterator[tuple[str, str]]:
    """Class and field of every number in the files whose values are written, by their sources: a wheel has no more."""
    for module in {kind.__module__ for kind in file_words.KEYS}:
        tree = ast.parse((ROOT / f"{module.replace('.', '/')}.py").read_text(encoding="utf-8"))
        for block in ast.walk(tree):
            if isinstance(block, ast.ClassDef):
                fields = [each for each in block.body if isinstance(each, ast.AnnAssign)]
                named = [each.target.id for each in fields if isinstance(each.target, ast.Name) and _is_float(each)]
                yield from ((block.name, name) for name in named)


def _is_float(field: ast.AnnAssign) -> bool:
    return any(isinstance(part, ast.Name) and part.id == "float" for part in ast.walk(field.annotation))


def test_every_number_with_a_fraction_has_its_unit() -> None:
    """A length or a share that is added has to be written as one before this passes."""
    numbers = set(numbers_with_fractions())
    written = {(block.__name__, field) for block, keys in file_words.KEYS.items() for field in keys}

    assert len(numbers) > 30
    whole, computed = ("RateLimit", "seconds"), ("Closing", "until")  # `10/s`; no value of a file
    assert numbers - written == {whole, computed}


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ("", "ramp: { steps: [10%, 50%], hold: 5m }", {"ramp": ("nothing", "{ steps: [10%, 50%], hold: 5m }")}),
        ("ramp: {}", "ramp: { soak: 2d }", {"ramp.soak": ("24h", "2d")}),
        ("ramp: {}", "ramp: { needs: { coverage: 1% } }", {"ramp.needs.coverage": ("0.5%", "1%")}),
        ("ramp: {}", "ramp: { steps: [50%] }", {"ramp.steps": ("[1%, 5%, 25%, 50%, 98%]", "[50%]")}),
        ("", "guard: { budget: 7d, latency: 99% }", {"guard.budget": ("30d", "7d"), "guard.latency": ("95%", "99%")}),
        ("", "guard: { on_failure: freeze }", {"guard.on_failure": ("rollback", "freeze")}),
        (
            "",
            "guard: { on_failure: { canary: page }, classes: [5xx] }",
            {
                "guard.on_failure": ("rollback", "{ canary: page }"),
                "guard.classes": ("[5xx, latency, mismatch, timeout]", "[5xx]"),
            },
        ),
        (
            "",
            'brownout: { field: "$.rank", share: 5%, until: "2026-01-31" }',
            {"brownout": ("nothing", '{ share: 5%, until: "2026-01-31T00:00:00Z", field: $.rank }')},
        ),
        (
            'brownout: { until: "2026-01-31" }',
            'brownout: { until: "2026-01-31", answer: 410 }',
            {"brownout.answer": ("503", "410")},
        ),
        (
            'deprecated: { since: "2026-01-31" }',
            'deprecated: { since: "2026-01-31", sunset: "2026-02-28" }',
            {"deprecated.sunset": ("nothing", '"2026-02-28T00:00:00Z"')},
        ),
        ("", "timeout: { response: 20s }", {"timeout": ("the upstream's", "{ response: 20s }")}),
        ("timeout: { response: 1m }", "timeout: { response: 250ms }", {"timeout.response": ("60s", "250ms")}),
        ("", "upgrades: [websocket]", {"upgrades": ("nothing", "[websocket]")}),
        (
            "",
            "limits: { body_size: 10MiB, rate: 10/s, rate_by: cohort }",
            {"limits.body_size": ("nothing", "10MiB"), "limits.rate": ("nothing", "10/s, rate_by: cohort")},
        ),
        ("", "fallback: other", {"fallback": ("nothing", "{ to: other }")}),
        ("fallback: legacy", "fallback: other", {"fallback.to": ("legacy", "other")}),
        ("", "effects: safe", {"effects": ("by the method", "safe")}),
        ("", "leniency: [bare_lf]", {"leniency": ("nothing", "[bare_lf]")}),
        ("", "affinity: 5s", {"affinity": ("nothing", "5s")}),
        (
            "",
            "stay: { by: [query:state], lasts: 5m }",
            {"stay.by": ("nothing", "[query:state]"), "stay.lasts": ("10m", "5m")},
        ),
        ("", "pin: { new: [acme, b], legacy: c }", {"pin": ("nothing", "{ legacy: [c], new: [acme, b] }")}),
        (
            "",
            "shadow: { sample: 25%, timeout: 2s, max_body: 64KiB, second: 5%, writes: never }",
            {
                "shadow.sample": ("by the stage", "25%"),
                "shadow.timeout": ("5s", "2s"),
                "shadow.max_body": ("1MiB", "64KiB"),
                "shadow.second": ("2%", "5%"),
            },
        ),
        (
            "",
            'windows: [{ name: batch, days: mon-fri, start: "22:00", end: "06:00" }]',
            {
                "windows.batch": (
                    "nothing",
                    '{ name: batch, days: mon-fri, start: "22:00", end: "06:00" }',
                )
            },
        ),
        (
            'windows: [{ name: x, start: "2030-12-20T00:00Z", end: "2031-01-04T00:00Z" }]',
            'windows: [{ name: x, start: "2030-12-20T00:00Z", end: "2031-01-05T08:00+08:00" }]',
            {"windows.x.end": ('"2031-01-04T00:00:00Z"', '"2031-01-05T00:00:00Z"')},
        ),
        (
            'windows: [{ name: x, days: [sat, sun], start: "01:00", end: "02:00" }]',
            'windows: [{ name: x, start: "01:00", end: "02:30" }]',
            {"windows.x.days": ("[sat, sun]", "mon-sun"), "windows.x.end": ('"02:00"', '"02:30"')},
        ),
    ],
)
def test_a_route_is_told_in_the_words_of_the_file(before: str, after: str, changes: dict[str, tuple[str, str]]) -> None:
    """Keys as they stand there, values with their units, and of something whole what was said."""
    assert of_route(before, after) == changes


RULE = "path: $.at, reason: agreed, owner: us, until"


def test_rules_are_told_one_by_one() -> None:
    """By what they do and where; one that comes, goes or ends on another day says no more than that."""
    before = f"compare: {{ ignore: [{{ {RULE}: never }}], mask: [{{ {RULE}: never }}], exact: [{{ {RULE}: never }}] }}"
    after = (
        f'compare: {{ ignore: [{{ {RULE}: "2999-12-31" }}], time: [{{ {RULE}: never, within: 1s }}], '
        f"tolerance: [{{ {RULE}: never, absolute: 0.01 }}], noisy: [{{ {RULE}: never }}] }}"
    )
    said = "{ reason: agreed, owner: us, until: never }"

    assert of_route(before, after) == {
        "compare.ignore $.at.until": ("never", "2999-12-31"),
        "compare.mask $.at": (said, "nothing"),
        "compare.tolerance $.at": ("nothing", said.replace(" }", ", absolute: 0.01 }")),
        "compare.time $.at": ("nothing", said.replace(" }", ", within: 1s }")),
        "compare.exact $.at": (said, "nothing"),
        "compare.noisy $.at": ("nothing", said),
    }


URL = 'url: "http://new:1"'


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        (
            URL,
            'url: "https://new:2", host: upstream',
            {"new.url": ("http://new:1", "https://new:2"), "new.host": ("preserve", "upstream")},
        ),
        (
            URL,
            'endpoints: ["http://a:1", "http://b:2"]',
            {"new.endpoints": ("http://new:1", "[http://a:1, http://b:2]")},
        ),
        (URL, f"{URL}, timeout: {{ response: 20s }}", {"new.timeout.response": ("30s", "20s")}),
        (URL, f"{URL}, health: {{ path: /h, every: 2s }}", {"new.health": ("nothing", "{ path: /h, every: 2s }")}),
        (URL, f"{URL}, breaker: {{ enabled: false }}", {"new.breaker": ("{ enabled: true }", "{ enabled: false }")}),
        (
            URL,
            f"{URL}, breaker: {{ share: 20%, open: 1m }}",
            {"new.breaker.share": ("50%", "20%"), "new.breaker.open": ("5s", "60s")},
        ),
        (
            URL,
            f"{URL}, eject: {{ max_ejected: 20%, cap: 10m }}",
            {"new.eject.cap": ("5m", "10m"), "new.eject.max_ejected": ("50%", "20%")},
        ),
        (
            URL,
            f"{URL}, resolve: {{ by: system, most: 10s }}",
            {"new.resolve.most": ("30s", "10s"), "new.resolve.by": ("dns", "system")},
        ),
        (
            URL,
            f"{URL}, expect: forward, keep_alive: 0s",
            {"new.keep_alive": ("1500ms", "0s"), "new.expect": ("answer", "forward")},
        ),
    ],
)
def test_an_upstream_is_told_in_the_words_of_the_file(
    before: str, after: str, changes: dict[str, tuple[str, str]]
) -> None:
    """Where it is by its url or endpoints, and waits and shares with their units."""
    assert of_new(before, after) == changes


@pytest.mark.parametrize(
    ("after", "changes"),
    [
        ("admin: 127.0.0.1:9091", {"admin": ("127.0.0.1:9090", "127.0.0.1:9091")}),
        ("drain: 5s", {"drain": ("30s", "5s")}),
        ("log: { sample: 10% }", {"log.sample": ("100%", "10%")}),
        (
            "guard: { error_budget: 0.1%, in_motion: 2 }",
            {"guard.error_budget": ("nothing", "0.1%"), "guard.in_motion": ("nothing", "2")},
        ),
        (
            'trusted_proxies: [10.0.0.0/8, 127.0.0.1, "::1"]',
            {"trusted_proxies": ("nothing", "[10.0.0.0/8, 127.0.0.1, ::1]")},
        ),
        ("pins: { header: [10.0.0.0/8] }", {"pins.header": ("nothing", "[10.0.0.0/8]")}),
        ("underscore_headers: reject", {"underscore_headers": ("allow", "reject")}),
        ("request_id: keep", {"request_id": ("nothing", "keep")}),
        ("shadow: { memory: 1GiB }", {"shadow.memory": ("64MiB", "1GiB")}),
        ('limits: { memory: "off", idle: 2m }', {"limits.memory": ("auto", "off"), "limits.idle": ("75s", "2m")}),
        (
            "limits: { memory: 512MiB, rate: 100/s }",
            {"limits.memory": ("auto", "512MiB"), "limits.rate": ("nothing", "100/s")},
        ),
        (
            "limits: { body_rate: 1KiB/s, connections_per_client: 5 }",
            {"limits.body_rate": ("240B/s", "1KiB/s"), "limits.connections_per_client": ("nothing", "5")},
        ),
        ("tls: { cert: a.pem, key: a.key }", {"tls": ("nothing", "{ certificates: [{ cert: a.pem, key: a.key }] }")}),
    ],
)
def test_the_top_is_told_in_the_words_of_the_file(after: str, changes: dict[str, tuple[str, str]]) -> None:
    """Under the keys that it has there."""
    assert of_top("", after) == changes


def test_a_rate_is_one_value() -> None:
    """As it is written: not how many, and in how many seconds."""
    assert of_top("limits: { rate: 100/s }", "limits: { rate: 600/m }") == {"limits.rate": ("100/s", "600/m")}


def test_a_value_stands_on_one_line_and_ends() -> None:
    """Line breaks of a text are blanks, and so much of it is shown as says something."""
    assert text("a\nb") == "a b"
    assert text("x" * 1000) == "x" * 119 + "…"


def test_certificates_are_told_by_their_place() -> None:
    """The first beside the block's other keys, the next ones below `more`."""
    one = "tls: { cert: a.pem, key: a.key }"
    two = "tls: { cert: b.pem, key: a.key, more: [{ cert: c.pem, key: c.key }] }"

    assert of_top(one, two) == {
        "tls.cert": ("a.pem", "b.pem"),
        "tls.more[0]": ("nothing", "{ cert: c.pem, key: c.key }"),
    }


KEY = "0123456789abcdef0123456789abcdef"
SECRETS = (
    f"cookies: {{ side: banyan_side, key: {KEY} }}",
    f"state: postgresql://u:{KEY}@h/d",
    f"hooks: [{{ url: 'https://h/{KEY}', secret: {KEY} }}]",
    f"hooks: [{{ url: 'https://h/{KEY}', secret: {KEY}, timeout: 1s }}, {{ url: 'https://i?{KEY}' }}]",
    f"shadow: {{ credentials: {{ replace: {{ Authorization: Bearer {KEY} }} }} }}",
)


@pytest.mark.parametrize("before", ["", *SECRETS, *(said.replace("0", "1") for said in SECRETS)])
@pytest.mark.parametrize("after", ["", *SECRETS])
def test_no_secret_is_written(before: str, after: str) -> None:
    """Neither the old one nor the new one, in whatever form it is kept."""
    one, two = file(before), file(after)
    changes = [*settings_changes(one, two), *route_changes(one.routes[0], two.routes[0])]

    assert bool(changes) is (before != after)
    assert "123456789" not in str(changes)
    assert "\\x" not in str(changes)


def test_of_an_address_no_parameter_that_sounds_secret_is_written() -> None:
    """The key of a token endpoint may stand in its query, and may be a variable's value."""
    assert text("https://id.example.com/token?key=s3cret&audience=new") == (
        "https://id.example.com/token?key=[redacted]&audience=new"
    )


def test_another_secret_is_told_as_another() -> None:
    """That it differs is told, and where."""
    assert of_top(SECRETS[0], SECRETS[0].replace("0", "1")) == {"cookies.key": ("…", "another")}
    assert of_top(SECRETS[2], SECRETS[2].replace(f"secret: {KEY}", f"secret: {KEY}2")) == {
        "hooks[0].secret": ("…", "another")
    }
    assert of_top("", SECRETS[2]) == {"hooks[0]": ("nothing", "{ url: https://h/… }")}
    assert text(Cookies(key=Secret(b"x" * 32))) == "{ key: … }"


@pytest.mark.parametrize("cohort", ["cookie:sid", "header:Authorization", "[header:X-Api-Key, client_ip]"])
def test_pins_by_a_credential_are_hidden(cohort: str) -> None:
    """Whoever reads the plan could act in the name of a client whose key is its session."""
    assert of_route("", f"pin: {{ new: [{KEY}] }}", cohort) == {"pin": ("nothing", "…")}
    assert of_route(f"pin: {{ new: [{KEY}] }}", "pin: { new: [a] }", cohort) == {"pin": ("…", "another")}
    assert of_route("", "pin: { new: [a] }", "[header:T, anonymous]") == {"pin": ("nothing", "{ new: [a] }")}


@pytest.mark.parametrize(
    ("asked", "old", "new"),
    [
        ("headers: { X-Client: app }", "[app]", "[web]"),
        ("headers: { Authorization: app }", "…", "another"),
        ("query: { token: app }", "…", "another"),
        ("query: { v: app, w: false }", "[app], absent", "[web], absent"),
    ],
)
def test_another_value_that_a_match_asks_for_is_told(asked: str, old: str, new: str) -> None:
    """Where method, path and names are the same the values are shown, but for those that sound like secrets."""
    text = f"{UPSTREAMS}routes:\n  - {{ name: a, match: {{ path: /a, {asked} }}, stage: legacy }}\n"
    before, after = (snapshot(each).routes[0] for each in (text, text.replace(": app", ": web")))
    (change,) = route_changes(before, after)

    assert change.field == "match"
    assert change.before.endswith(f": {old}")
    assert change.after.endswith(new)


def adapted(adapter: str) -> Snapshot:
    """A route with this adapter."""
    return file(top=f"adapters: {{ app: {{ speaks: legacy, {adapter} }} }}", route="adapter: app")


def test_steps_of_an_adapter_are_told_one_by_one_without_what_they_put_in() -> None:
    """In the words of the file; a value may be a credential."""
    before = adapted("request: [{ rename: $.a, to: b }, { set_header: X-Key, value: one }, { drop: $.x }]")
    after = adapted("max_body: 16KiB, request: [{ rename: $.a, to: c }, { set_header: X-Key, value: two }]")

    changes = route_changes(before.routes[0], after.routes[0])

    assert {change.field: (change.before, change.after) for change in changes} == {
        "adapter.max_body": ("1MiB", "16KiB"),
        "adapter.request[0]": ("{ rename: $.a, to: b }", "{ rename: $.a, to: c }"),
        "adapter.request[1]": ("{ set_header: X-Key }", "another"),
        "adapter.request[2]": ("{ drop: $.x }", "nothing"),
    }
