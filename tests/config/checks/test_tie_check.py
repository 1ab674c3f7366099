from __future__ import annotations

from tests.config.given_files import HEAD, told, warnings, with_routes

ALONE = HEAD.replace('  new: {url: "http://127.0.0.1:3001"}\n', "")
KEY = "0123456789-0123456789-0123456789"


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
