from __future__ import annotations

from hashlib import sha256

import pytest

from proxy.config.blocks.stickiness import CookiesBlock, cookies_of, tie_of
from proxy.core.outcome import Side
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.route import Route
from proxy.core.routing.tie import PLAIN_COOKIES, Tie
from tests.config.given_files import HEAD, snapshot, told, warnings, with_routes

KEY = "0123456789-0123456789-0123456789"
STATE = CohortSource(SourceKind.QUERY, "state")


def route(inside: str, top: str = "") -> Route:
    """The route that says `inside`."""
    return snapshot(with_routes(f"name: a, match: '/t/{{id}}', stage: live, {inside}", head=HEAD + top)).routes[0]


def test_a_route_that_says_nothing_is_tied_to_nothing() -> None:
    """Without any of the keys there is no tie, nor a cookie of Banyan's that the table reads."""
    found = snapshot(with_routes("name: a, match: /a, stage: live"))

    assert found.routes[0].tie is None
    assert not found.is_tied
    assert b"cookie" not in found.fields
    assert cookies_of(None) == cookies_of(CookiesBlock.model_validate({})) == found.cookies == PLAIN_COOKIES
    assert tie_of(None, None, None, lambda source: source) is None


def test_a_route_says_what_ties_its_requests() -> None:
    """All of it at once, in the long forms."""
    inside = "affinity: 5s, stay: {by: ['query:state', 'path:id'], lasts: 1m}, pin: {new: [b, a], legacy: c}"
    placed = CohortSource(SourceKind.PATH, "id", 1 + 1)
    pins = ((b"a", Side.NEW), (b"b", Side.NEW), (b"c", Side.LEGACY))

    assert route(inside).tie == Tie(affinity=5.0, stay=(STATE, placed), stay_for=60.0, pins=pins)


@pytest.mark.parametrize("stay", ["'query:state'", "['query:state']", "{by: 'query:state'}"])
def test_the_short_forms_mean_the_same(stay: str) -> None:
    """One source, a list of one, and the mapping."""
    assert route(f"stay: {stay}").tie == Tie(stay=(STATE,))


def test_cookies_are_named_and_keyed_at_the_top() -> None:
    """The key is kept as 32 bytes, and stands in no text."""
    found = snapshot(with_routes("name: a, match: /a, stage: live", head=HEAD + f"cookies: {{key: {KEY}, days: 7}}\n"))

    assert found.cookies.key.reveal() == sha256(KEY.encode()).digest()
    assert (found.cookies.cohort, found.cookies.side, found.cookies.days) == ("banyan_cohort", "", 7)
    assert repr(found.cookies.key.reveal()) not in repr(found)


def test_a_key_that_is_too_short_is_not_repeated() -> None:
    """It may be a good part of a secret."""
    text = with_routes("name: a, match: /a, stage: live", head=HEAD + "cookies: {key: ¦hunter2}\n")

    (said,) = told(text)
    assert "hunter2" not in said
    assert "at least 32 characters" in said


def test_tables_that_tie_read_cookies() -> None:
    """An anonymous cohort, a flow by a cookie, and clients that choose: each makes the table look."""
    for inside, top in (
        ("cohort: anonymous", ""),
        ("stay: 'cookie:sid'", ""),
        ("affinity: 1s", ""),
        ("split: 0%", "pins: {header: [10.0.0.0/8]}\n"),
    ):
        stage = "canary" if "split" in inside else "live"
        found = snapshot(with_routes(f"name: a, match: /a, stage: {stage}, {inside}", head=HEAD + top))

        assert found.is_tied
        assert b"cookie" in found.fields


@pytest.mark.parametrize(
    ("inside", "message"),
    [
        ("stay: ¦client_ip", "stay: is no flow's own"),
        ("stay: ¦anonymous", "stay: is no flow's own"),
        ("stay: {by: ¦[]}", "stay.by: must name at least one source"),
        (
            "stay: {by: ¦[" + ", ".join(f"'query:{each}'" for each in range(9)) + "]}",
            "must be at most 8 sources, got 9",
        ),
        ("pin: {new: ¦[]}", "pin.new: must be a cohort's key"),
        ("pin: {new: ¦7}", "write the number in quotes"),
        ("pin: {new: ¦[" + ", ".join(f"k{each}" for each in range(1001)) + "]}", "must be at most 1000 keys, got 1001"),
        ("cohort: ¦anonymous:x", "anonymous takes no name"),
    ],
)
def test_wrong_values_are_refused(inside: str, message: str) -> None:
    """Each with what would be right."""
    (said,) = told(with_routes(f"name: a, match: /a, stage: live, {inside}"))

    assert message in said


@pytest.mark.parametrize("name", ["a b", "7;", "''"])
def test_a_cookies_name_is_a_token(name: str) -> None:
    """What could not stand in a Cookie field is refused."""
    (said,) = told(with_routes("name: a, match: /a, stage: live", head=HEAD + f"cookies: {{side: ¦{name}}}\n"))

    assert "is not the name of a cookie" in said


ALONE = HEAD.replace('  new: {url: "http://127.0.0.1:3001"}\n', "")


def test_a_flow_by_path_needs_the_parameter() -> None:
    """A name that the path does not have could never be found; the same twice says nothing more."""
    text = with_routes("name: a, match: '/a/{x}', stage: live, stay: {by: ['path:x', ¦'path:id', ¦'path:x']}")

    assert told(text) == [
        "routes[0].stay.by[1]: the path has no {id}; its parameters are: x",
        "routes[0].stay.by[2]: stands twice; take one out",
    ]


def test_a_cohort_is_pinned_to_one_side() -> None:
    """Both at once cannot be, and neither says nothing."""
    both = with_routes("name: a, match: /a, stage: live, pin: {new: [a, b], legacy: ¦[b]}")
    neither = with_routes("name: a, match: /a, stage: live, ¦pin: {}")

    assert told(both) == ['routes[0].pin.legacy: "b" is pinned to both sides; take it out of one']
    assert told(neither) == ["routes[0].pin: pins nobody; say new: or legacy:, or take it out"]


def test_a_pin_needs_the_side() -> None:
    """A side without upstream could not answer."""
    message = 'routes[0].pin.new: there is no upstream "new"; add it below upstreams, or take the pins out'

    assert told(with_routes("name: a, match: /a, stage: legacy, pin: {¦new: x}", head=ALONE)) == [message]


def test_nobody_knows_the_key_of_an_anonymous_cohort() -> None:
    """Pins beside anonymous cohorts alone would never be met."""
    (said,) = told(with_routes("name: a, match: /a, stage: live, cohort: anonymous, ¦pin: {new: x}"))

    assert "anonymous cohorts have none that anybody knows" in said


def test_a_pin_that_no_address_can_meet_is_warned_of() -> None:
    """Where cohorts are clients' addresses, said or by default: what is none, and one in another spelling."""
    found = warnings(
        with_routes(
            'name: a, match: /a, stage: live, pin: {new: [acme, "10.0.0.7"]}',
            'name: b, match: /b, stage: live, cohort: client_ip, pin: {legacy: "2001:DB8::1"}',
            "name: c, match: /c, stage: live, cohort: [header:X-T, client_ip], pin: {new: acme}",
        )
    )

    never = "is never a client's address, and the cohorts here are those"
    assert [each.partition(": ")[2] for each in found if "pin" in each] == [
        f'routes[0].pin.new: "acme" {never}; write one, or a cohort: that has such keys',
        f'routes[1].pin.legacy: "2001:DB8::1" {never}; write 2001:db8::1',
    ]


def test_the_two_cookies_have_two_names() -> None:
    """Also where one of the names is the default."""
    head = HEAD + "cookies: {side: ¦banyan_cohort}\n"

    assert told(with_routes("name: a, match: /a, stage: live", head=head)) == [
        "cookies.side: is the name of the cohort's cookie, too; choose another"
    ]


def test_an_answer_of_banyans_own_is_tied_to_nothing() -> None:
    """What belongs to upstreams has no place beside respond."""
    (said,) = told(with_routes("name: a, match: /a, respond: {status: 403}, ¦affinity: 5s"))

    assert "affinity and respond exclude each other" in said


def test_replicas_that_cannot_read_each_others_cookies_are_warned_of() -> None:
    """A shared database without a shared key; with it, and a cookie's name for ties, nothing is said."""
    routes = ("name: a, match: /a, stage: live, cohort: anonymous", "name: b, match: /b, stage: live, affinity: 5s")
    shared = HEAD + "state: postgresql://db/banyan\n"
    keyed = shared + f"cookies: {{key: {KEY}, side: banyan_side}}\n"

    assert [each.partition("; ")[0].partition(": ")[2] for each in warnings(with_routes(*routes, head=shared))] == [
        "routes[0].cohort: each replica signs with a key of its own",
        "routes[1].affinity: holds on each machine by itself",
    ]
    assert [warning for warning in warnings(with_routes(*routes, head=keyed)) if "routes[" in warning] == []
    assert not warnings(with_routes(*routes))
