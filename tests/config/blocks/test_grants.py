from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network
from pathlib import Path

import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.grants.grant_policy import GrantPolicy, GrantRole, GrantSystem, GrantUse, KeyPlace, Regress, Replaces
from proxy.core.secret import Secret
from tests.config.given_files import problems, snapshot, warnings

HASH, DATA = "11" * 32, "22" * 32
ENVIRONMENT = {"HASH": HASH, "DATA": DATA}
GRANTS = """\
grants:
  aggregator:
    upstream: aggregator
    systems: { legacy: { from: [10.1.0.0/16], adopt: true }, new: { from: [10.2.0.0/16] } }
    keys: { hash: "${HASH}", data: ["${DATA}"] }
"""
HEAD = """\
version: 1
listen: 127.0.0.1:8080
state: embedded
upstreams:
  legacy: {url: "http://127.0.0.1:3000"}
  aggregator: {url: "http://127.0.0.1:3001"}
"""
ROUTES = """\
routes:
  - {name: rest, match: /**, stage: legacy}
  - {name: token, match: POST /token, grants: aggregator}
"""
FILE = HEAD + GRANTS + ROUTES
PLAIN = GrantPolicy(
    name="aggregator",
    upstream="aggregator",
    systems=(
        GrantSystem(name="legacy", networks=(ip_network("10.1.0.0/16"),), adopt=True),
        GrantSystem(name="new", networks=(ip_network("10.2.0.0/16"),)),
    ),
    hash_key=KeyPlace(text=Secret(HASH)),
    data_keys=(KeyPlace(text=Secret(DATA)),),
)


def said(more: str, was: str = "    upstream: aggregator\n") -> list[str]:
    """The problems of the file with these lines in place of another."""
    return problems(FILE.replace(was, more), ENVIRONMENT)


def test_a_provider_has_what_the_file_says_and_defaults() -> None:
    """Systems, keys, and a step on its route, which nothing of a side answers."""
    found = snapshot(FILE, ENVIRONMENT)
    (rest, token) = found.routes

    assert dict(found.grants) == {"aggregator": PLAIN}
    assert token.steps == (GrantUse("aggregator"),)
    assert (token.respond is None, rest.steps) == (False, ())
    assert snapshot(HEAD + "routes: [{name: rest, match: /**, stage: legacy}]\n").grants == {}


def test_everything_that_is_said_arrives() -> None:
    """Each key once."""
    more = (
        "    upstream: aggregator\n    grace: 30s\n    timeout: 40s\n    wait: 10s\n    lease: 45s\n    min_left: 5s\n"
        "    keep: 14d\n    regress: refuse\n    replaces: id_token.sub\n    heir: new\n    relative: [a]\n"
        "    absolute: [b, c]\n"
    )
    text = FILE.replace("    upstream: aggregator\n", more).replace("adopt: true", 'adopt: false, until: "2027-03-31"')
    legacy = GrantSystem(name="legacy", networks=(ip_network("10.1.0.0/16"),), until=1806451200.0)

    assert snapshot(text, ENVIRONMENT).grants["aggregator"] == replace(
        PLAIN,
        systems=(legacy, PLAIN.systems[1]),
        grace=30.0,
        timeout=40.0,
        wait=10.0,
        lease=45.0,
        min_left=5.0,
        keep=14 * 86400.0,
        regress=Regress.REFUSE,
        replaces=Replaces.SUBJECT,
        heir="new",
        relative=("a",),
        absolute=("b", "c"),
    )


def test_a_route_may_stand_for_the_revocation_endpoint() -> None:
    """By a mapping; `as: token` is what a name alone means."""
    both = "grants: { of: aggregator, as: revocation }", "grants: { of: aggregator, as: token }"
    found = [snapshot(FILE.replace("grants: aggregator}", f"{each} }}"), ENVIRONMENT).routes[1].steps for each in both]

    assert found == [(GrantUse("aggregator", GrantRole.REVOCATION),), (GrantUse("aggregator"),)]


def test_a_key_may_be_in_a_file(tmp_path: Path) -> None:
    """Relative to the folder of routes.yaml; only its path is in the table, and another key is another revision."""
    file = str(tmp_path / "routes.yaml")
    text = FILE.replace('"${DATA}"', "file:k1")
    key = tmp_path / "k1"
    revisions = set()
    for content in (b"k" * 32, b"l" * 32):
        key.write_bytes(content)
        found = load_text(text, file, ENVIRONMENT)
        assert isinstance(found, Loaded)
        revisions.add(found.snapshot.revision)
        assert found.snapshot.grants["aggregator"].data_keys == (KeyPlace(file=str(key)),)
    assert len(revisions) == 2

    key.write_bytes(b"short")
    found = load_text(text, file, ENVIRONMENT)
    assert isinstance(found, list)
    assert "grants.aggregator.keys.data[0]: its file does not hold 32 bytes" in str(found[0])
    key.unlink()
    found = load_text(text, file, ENVIRONMENT)
    assert isinstance(found, list)
    assert "grants.aggregator.keys.data[0]: the file" in str(found[0])


def test_a_key_that_stands_in_the_file_is_warned_of() -> None:
    """It would stand in every copy of it."""
    found = warnings(FILE.replace("${HASH}", HASH).replace("${DATA}", DATA))

    assert [line.partition(": ")[2].partition(":")[0] for line in found] == [
        "grants.aggregator.keys.hash",
        "grants.aggregator.keys.data[0]",
    ]
    assert not any(HASH in line or DATA in line for line in found)
    in_files = FILE.replace('"${HASH}"', "file:k1").replace('"${DATA}"', "file:k1")
    assert len(problems(in_files)) == 2


def test_keys_in_files_are_not_warned_of(tmp_path: Path) -> None:
    """They stand in no copy of the file."""
    for name in ("hash", "data"):
        (tmp_path / name).write_bytes(bytes(32))
    text = FILE.replace('"${HASH}"', f"file:{tmp_path / 'hash'}").replace('"${DATA}"', f"file:{tmp_path / 'data'}")
    found = load_text(text, str(tmp_path / "routes.yaml"), {})

    assert isinstance(found, Loaded)
    assert not [line for line in found.warnings if "grants" in line]


@pytest.mark.parametrize(
    ("more", "complaint"),
    [
        ("    upstream: aggregatr\n", '.upstream: there is no upstream "aggregatr"; did you mean aggregator?'),
        ("    upstream: zzzzzzzzz\n", '.upstream: there is no upstream "zzzzzzzzz"; add it below upstreams'),
        ("    upstream: aggregator\n    lease: 14s\n", ".lease: must be at least 15s"),
        ("    upstream: aggregator\n    heir: old\n", ".heir: must be one of its systems: legacy, new"),
        ("    upstream: aggregator\n    relative: ['a b']\n", ".relative[0]: must be the name of a member"),
        ("    upstream: aggregator\n    regress: forgive\n", ".regress: must be one of alarm, refuse"),
    ],
)
def test_what_cannot_be_meant_of_a_provider_is_refused(more: str, complaint: str) -> None:
    """At the key."""
    (found,) = said(more)
    assert f"grants.aggregator{complaint}" in found


@pytest.mark.parametrize(
    ("systems", "complaint"),
    [
        ("{}", ".systems: must name 1 to 4 systems"),
        (
            f"{{{', '.join(f's{n}: {{from: [10.{n}.0.0/16]}}' for n in range(5))}}}",
            ".systems: must name 1 to 4 systems",
        ),
        (
            "{ legacy: { from: [10.1.0.0/16, fd00::/8] }, new: { from: [10.1.2.0/24] } }",
            ".systems.new.from: overlaps with legacy",
        ),
        ("{ legacy: { from: [here] } }", ".systems.legacy.from[0]: must be an address or a network"),
        ("{ legacy: { adopt: true } }", ".systems.legacy.from: is missing"),
        ("{ legacy: { from: [10.1.0.1], until: soon } }", ".systems.legacy.until: must be a date such as"),
        ("{ legacy: { from: [10.1.0.1], until: '2027-02-31' } }", ".systems.legacy.until: is no date of the calendar"),
        ("{ legacy: { from: [10.1.0.1], until: 3 } }", ".systems.legacy.until: must be a date such as"),
    ],
)
def test_systems_that_cannot_be_told_apart_are_refused(systems: str, complaint: str) -> None:
    """One to four, each from networks of its own."""
    (found,) = said(f"    systems: {systems}\n", GRANTS.splitlines(keepends=True)[3])
    assert f"grants.aggregator{complaint}" in found


@pytest.mark.parametrize("key", ["hidden-and-short", "file:", "file:a\\0b", "3"])
def test_a_key_that_is_none_is_refused_and_not_repeated(key: str) -> None:
    """Whatever it is."""
    found = said(f'    keys: {{ hash: "{key}", data: ["${{DATA}}"] }}\n', GRANTS.splitlines(keepends=True)[4])

    assert len(found) == 1
    assert "grants.aggregator.keys.hash: must be file: and the path of a key" in found[0]
    assert "hidden" not in found[0]


def test_there_is_at_least_one_key_for_data() -> None:
    """Without one nothing could be sealed."""
    (found,) = said('    keys: { hash: "${HASH}", data: [] }\n', GRANTS.splitlines(keepends=True)[4])
    assert "grants.aggregator.keys.data: must name at least one key" in found


def test_a_database_and_a_private_listener_are_needed() -> None:
    """Tokens outlive the process, and nobody reads them on the way."""
    (memory,) = said("", "state: embedded\n")
    (open_,) = said("listen: 0.0.0.0:8080\n", "listen: 127.0.0.1:8080\n")

    assert "grants: needs a database" in memory
    assert "listen: can be reached from other machines" in open_


def test_a_provider_on_another_machine_is_asked_by_tls() -> None:
    """Whoever listens on the way would have tokens and secrets; on this machine nobody does."""
    was = '  aggregator: {url: "http://127.0.0.1:3001"}\n'
    (found,) = said('  aggregator: {url: "http://aggregator.internal"}\n', was)
    assert "grants.aggregator.upstream: aggregator is asked by http" in found

    for private in ("https://aggregator.internal", "http://localhost:3001", "http+unix:///run/aggregator.sock"):
        assert snapshot(FILE.replace(was, f'  aggregator: {{url: "{private}"}}\n'), ENVIRONMENT).grants


BESIDE = {
    "stage": "legacy",
    "split": "10%",
    "cohort": "client_ip",
    "stay": "{ by: header:X-Id }",
    "affinity": "5s",
    "fallback": "legacy",
    "shadow": "{ sample: 10% }",
    "effects": "safe",
    "upgrades": "[websocket]",
    "legacy": "legacy",
    "respond": "{ status: 403 }",
}


@pytest.mark.parametrize("key", BESIDE)
def test_what_belongs_to_a_side_does_not_stand_beside_it(key: str) -> None:
    """A token endpoint is asked the same whichever side answers the rest."""
    found = said(f"grants: aggregator, {key}: {BESIDE[key]}}}", "grants: aggregator}")
    assert any("exclude each other; take one out" in each and "grants" in each for each in found), found


@pytest.mark.parametrize(
    ("route", "complaint"),
    [
        ("match: GET /token, grants: aggregator", "routes[1].match: a token endpoint takes POST alone"),
        ("match: /token, grants: aggregator", "routes[1].match: a token endpoint takes POST alone"),
        ("match: POST /token, grants: other", 'routes[1].grants: must be a name in grants (aggregator), got "other"'),
        ("match: POST /token, grants: { as: token }", "routes[1].grants.of: is missing"),
        (
            "match: POST /token, grants: { of: aggregator, as: x }",
            "routes[1].grants.as: must be one of",
        ),
        ("match: POST /token", "routes[1].stage: is missing; a route needs a stage, respond or grants"),
    ],
)
def test_a_route_that_is_no_endpoint_is_refused(route: str, complaint: str) -> None:
    """Of another method, of no provider, or neither this nor that."""
    (found,) = said(f"{route}}}", "match: POST /token, grants: aggregator}")
    assert complaint in found


def test_without_any_provider_a_route_cannot_name_one() -> None:
    """And says so."""
    (found,) = problems(HEAD + ROUTES)
    assert "routes[1].grants: must be a name in grants (there is none)" in found
