from __future__ import annotations

import pytest

from proxy.config.blocks.shadow import (
    MOST_NAMED,
    FileShadowBlock,
    memory_of,
    policy_of,
)
from proxy.config.load import Loaded, load_text
from proxy.core.routing.shadow import MEMORY, Carry, ShadowPolicy
from proxy.core.secret import Secret
from tests.config.given_files import HEAD, NOTHING, problems, snapshot, told, warnings, with_routes

ROUTE = "name: a, match: /a, stage: shadow"


def policy(inside: str, top: str = "") -> ShadowPolicy:
    text = with_routes(f"{ROUTE}, shadow: {{{inside}}}", head=HEAD + (f"shadow: {{{top}}}\n" if top else ""))
    found = snapshot(text).routes[0].shadow
    assert found is not None
    return found


def test_without_a_block_the_defaults_hold() -> None:
    """A route with two sides can be shadowed; one without the other side, or with an answer of its own, cannot."""
    routes = with_routes(ROUTE, "name: b, match: /b, respond: {status: 403}", "name: c, match: /c, stage: live")
    found = snapshot(routes)

    assert [route.shadow for route in found.routes] == [ShadowPolicy(), None, ShadowPolicy()]
    assert found.shadow_memory == MEMORY
    assert policy_of(None, None) == ShadowPolicy()
    assert memory_of(None) == memory_of(FileShadowBlock.model_validate({})) == MEMORY


def test_one_upstream_alone_has_no_shadow() -> None:
    """Where the other side is missing, or is the same, there is nobody to ask."""
    alone = HEAD.replace('  new: {url: "http://127.0.0.1:3001"}\n', "")

    assert snapshot(with_routes("name: a, match: /a, stage: legacy", head=alone)).routes[0].shadow is None
    assert snapshot(with_routes("name: a, match: /a, stage: live, new: legacy")).routes[0].shadow is None


def test_every_key_arrives() -> None:
    """What is written is what acts."""
    said = "sample: 25%, concurrency: 3, timeout: 2s, max_body: 64KiB, second: 0, version_header: X-App"

    assert policy(said) == ShadowPolicy(
        sample=0.25, concurrency=3, timeout=2.0, max_body=65536, second=0.0, version_header=b"x-app"
    )


def test_the_comparison_knows_the_version_header() -> None:
    """It is no part of an answer on the routes that have it, as the route or the top says."""
    top = "shadow: {version_header: X-Top}\n"
    own = [
        snapshot(with_routes(each, head=HEAD + top)).routes[0]
        for each in (ROUTE, ROUTE + ", shadow: {version_header: X-A}")
    ]

    assert [each.compare.version_header for each in own] == [b"x-top", b"x-a"]
    assert snapshot(with_routes(ROUTE)).routes[0].compare.version_header == b""


def test_a_route_goes_before_the_file_key_by_key() -> None:
    """What the route leaves out, the file says."""
    found = policy("sample: 1%", "sample: 50%, timeout: 1s, memory: 8MiB")

    assert (found.sample, found.timeout) == (0.01, 1.0)
    assert snapshot(with_routes(ROUTE, head=HEAD + "shadow: {memory: 8MiB}\n")).shadow_memory == 8 << 20


@pytest.mark.parametrize(
    ("written", "carry", "lines"),
    [
        ("forward", Carry.FORWARD, ()),
        ("drop", Carry.DROP, ()),
        ("{carry: forward}", Carry.FORWARD, ()),
        ("{replace: {Authorization: Bearer x}}", Carry.REPLACE, (b"Authorization: Bearer x",)),
    ],
)
def test_credentials_are_a_word_or_what_stands_instead(written: str, carry: Carry, lines: tuple[bytes, ...]) -> None:
    """Forward, drop, or fields of a test account."""
    found = policy(f"credentials: {written}")

    assert (found.carry, found.replacements) == (carry, Secret(lines))


def test_a_route_takes_back_what_the_file_replaces() -> None:
    """Credentials are one key: the route's word leaves nothing of the file's fields."""
    found = policy("credentials: drop", "credentials: {replace: {Cookie: a=b}}")

    assert (found.carry, found.replacements) == (Carry.DROP, Secret(()))


def test_writes_need_a_word_and_a_handshake() -> None:
    """`dry_run` is taken where the new side names the path of its handshake; `never` takes it back."""
    head = HEAD.replace("3001", "3001/").replace('/"}', '", dry_run: /-/dry}')
    dry = snapshot(with_routes(f"{ROUTE}, shadow: {{writes: dry_run}}", head=head))
    never = snapshot(with_routes(f"{ROUTE}, shadow: {{writes: never}}", head=head + "shadow: {writes: dry_run}\n"))

    assert [each.shadow and each.shadow.dry_run for each in (*dry.routes, *never.routes)] == [True, False]
    assert dry.upstreams["new"].dry_run == "/-/dry"


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("memory: 1MiB", "shadow.memory: "),
        ("sample: ¦5", "shadow.sample: must be a share from 0% to 100%, or a number from 0 to 1"),
        ("concurrency: ¦0", "shadow.concurrency: must be a whole number"),
        ("timeout: ¦0s", "shadow.timeout: must be longer than nothing"),
        ("max_body: ¦1GiB", "shadow.max_body: must be at most 16MiB"),
        ("credentials: ¦keep", "shadow.credentials: must be one of forward, drop, {replace: {NAME: value}}"),
        ("credentials: {replace: ¦{}}", "shadow.credentials.replace: must be a mapping of 1 to 16 header fields"),
        ("credentials: {replace: {A: ¦' x'}}", "shadow.credentials.replace.A: must be visible ASCII characters"),
        ("writes: ¦always", "shadow.writes: must be one of never, dry_run"),
        ("version_header: ¦Host", "shadow.version_header: is a field that belongs to one connection"),
    ],
)
def test_what_cannot_be_is_told_where_it_stands(inside: str, message: str) -> None:
    """Each with its line and column."""
    marked = inside if "¦" in inside else f"¦{inside}"
    found = told(with_routes(f"{ROUTE}, shadow: {{{marked}}}"))

    assert len(found) == 1
    assert found[0].startswith(f"routes[0].{message}")


ALONE = HEAD.replace('  new: {url: "http://127.0.0.1:3001"}\n', "")
DRY = "shadow: {writes: dry_run}"


def test_stage_shadow_needs_somebody_to_call() -> None:
    """Without new it would do nothing, and look as if it did."""
    assert told(with_routes("name: a, match: /a, stage: ¦shadow", head=ALONE)) == [
        'routes[0].stage: needs both sides, and there is no upstream "new"; add it, or name another: new: NAME'
    ]


def test_another_name_that_is_missing_is_told_once() -> None:
    """A name that no upstream has is one mistake, not two."""
    found = problems(with_routes("name: a, match: /a, stage: shadow, new: crm", head=ALONE))

    assert len(found) == 1
    assert "crm" in found[0]


def test_a_dry_run_needs_a_handshake() -> None:
    """On a route as at the top; an answer of Banyan's own, or another word on the route, needs none."""
    message = "needs a handshake: write dry_run: PATH at upstream new, where it says that it can dry-run"
    live = "name: a, match: /a, stage: live"

    assert told(with_routes(f"{live}, shadow: {{writes: ¦dry_run}}")) == [f"routes[0].shadow.writes: {message}"]
    assert told(with_routes(live, head=HEAD + "shadow: {writes: ¦dry_run}\n")) == [f"shadow.writes: {message}"]
    never = with_routes(f"{live}, shadow: {{writes: never}}", "name: b, match: /b, respond: {status: 403}")
    assert snapshot(never.replace("routes:", DRY + "\nroutes:")).routes


def test_credentials_are_one_thing() -> None:
    """A word beside fields, or neither, says nothing."""
    for inside in ("{}", "{carry: drop, replace: {A: b}}"):
        found = told(with_routes(f"name: a, match: /a, stage: live, shadow: {{credentials: ¦{inside}}}"))

        assert found == ["routes[0].shadow.credentials: is forward, drop, or a mapping of replace alone"]


def test_an_answer_of_its_own_has_no_shadow() -> None:
    """There is nobody else to ask."""
    found = told(with_routes("name: a, match: /a, respond: {status: 403}, ¦shadow: {sample: 5%}"))

    assert found == ["routes[0].shadow: shadow and respond exclude each other; take one out"]


SHADOWED = "name: a, match: /a, stage: shadow"
COOKIE = "cohort: 'cookie:session'"


def remarks(text: str) -> list[str]:
    """What is remarked of a file, without its place."""
    found = load_text(text, "routes.yaml", NOTHING)
    assert isinstance(found, Loaded), "\n".join(map(str, found))
    return list(found.remarks)


def test_undeclared_reads_are_named_in_one_line() -> None:
    """Each route whose GETs are shadowed and of which nobody said what they do; that is no warning."""
    text = with_routes(
        SHADOWED,
        "name: b, match: GET /b, stage: canary, split: 1%",
        "name: c, match: /c, stage: shadow, effects: safe",
        "name: d, match: /d, stage: live, effects: unsafe",
        "name: e, match: POST /e, stage: live",
        "name: f, match: /f, stage: legacy",
        "name: g, match: /g, stage: live, shadow: {sample: 0%}",
    )
    found, _ = remarks(text)

    assert found.startswith("routes.yaml:7:5: routes[0]: nobody declared the GETs of a, b: legacy is asked once ")
    assert warnings(text) == []


def test_so_many_are_named() -> None:
    """A file of a thousand routes gets a line that can be read."""
    (found,) = remarks(with_routes(*(f"name: r{at}, match: /{at}, stage: shadow" for at in range(1_000))))

    assert f", r{MOST_NAMED - 1} and 980 more: legacy is asked once " in found


@pytest.mark.parametrize("match", ["headers: {Authorization: x}", "headers: {X-Api-Key: true}", "headers: {Cookie: x}"])
def test_a_route_for_credentials_alone_is_warned_of(match: str) -> None:
    """Nobody gets there without; a shadow that drops them is turned away."""
    route = f"name: a, match: {{path: /a, {match}}}, stage: shadow, effects: safe"
    (found,) = warnings(with_routes(route))

    assert found.startswith("routes.yaml:7:22: routes[0].match: only requests with credentials come here, ")
    assert warnings(with_routes(route, head=HEAD + "shadow: {credentials: drop}\n")) == []
    for said in ("forward", "drop", "{replace: {Authorization: '${TEST_ACCOUNT}'}}"):
        assert warnings(with_routes(f"{route}, shadow: {{credentials: {said}}}"), {"TEST_ACCOUNT": "x"}) == []


@pytest.mark.parametrize("match", ["headers: {Authorization: false}", "headers: {X-Tenant: x}", "query: {key: x}"])
def test_other_conditions_say_nothing_of_credentials(match: str) -> None:
    """Requests without credentials, and those that are known by something else."""
    assert warnings(with_routes(f"name: a, match: {{path: /a, {match}}}, stage: shadow")) == []


@pytest.mark.parametrize("cohort", [COOKIE, "cohort: 'header:Authorization'", "cohort: ['header:X-T', 'cookie:s']"])
def test_cohorts_by_a_credential_are_remarked(cohort: str) -> None:
    """They tell clients apart, so answers may depend on them; whether they do, the file does not say."""
    (found,) = remarks(
        with_routes(f"{SHADOWED}, effects: safe, {cohort}", f"name: b, match: /b, stage: legacy, {cohort}")
    )

    assert "routes[0].cohort: clients of a are told apart by a credential, " in found
    assert remarks(with_routes(f"{SHADOWED}, effects: safe, {cohort}, shadow: {{credentials: forward}}")) == []


def test_other_cohorts_are_not() -> None:
    """An address, a field that lets nobody act, and Banyan's own cookie."""
    for source in ("client_ip", "'header:X-Tenant'", "anonymous"):
        assert remarks(with_routes(f"{SHADOWED}, effects: safe, cohort: {source}")) == []
