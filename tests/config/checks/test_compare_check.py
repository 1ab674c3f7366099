from __future__ import annotations

from proxy.config.checks.compare_check import expired_rules
from tests.config.given_files import draft, problems, warnings, with_routes

WHO = "reason: r, owner: team-a, until: never"
ROUTE = "name: a, match: /a, stage: live"


def test_two_rules_for_one_thing_are_told() -> None:
    """The same kind for the same path, or two ways to pair one list; different kinds may stand beside each other."""
    text = with_routes(
        f"{ROUTE}, compare: {{ignore: [{{path: $.a, {WHO}}}, {{path: $.a, {WHO}}}], mask: [{{path: $.a, {WHO}}}], "
        f"unordered: [{{path: $.b, {WHO}}}], keyed: [{{path: $.b, key: id, {WHO}}}]}}"
    )
    found = [each.partition(" ")[2] for each in problems(text)]

    assert found == [
        "routes[0].compare.ignore[1].path: another rule stands for $.a already; take one out",
        "routes[0].compare.keyed[0].path: another rule stands for $.b already; take one out",
    ]


def test_a_tolerance_needs_a_bound() -> None:
    """At the top as on a route."""
    top = f"compare: {{tolerance: [{{path: $.a, {WHO}}}]}}\n"
    text = with_routes(f"{ROUTE}, compare: {{tolerance: [{{path: $.a, {WHO}}}, {{path: $.b, absolute: 1, {WHO}}}]}}")

    assert [each.partition(" ")[2] for each in problems(text + top)] == [
        "routes[0].compare.tolerance[0]: needs absolute or relative, such as absolute: 0.01",
        "compare.tolerance[0]: needs absolute or relative, such as absolute: 0.01",
    ]


def test_an_expired_rule_is_a_warning() -> None:
    """The file loads; the owner is named."""
    text = with_routes(f'{ROUTE}, compare: {{ignore: [{{path: $.a, reason: r, owner: team-a, until: "2020-12-31"}}]}}')
    (found,) = warnings(text)

    sentence = "has expired, so its differences count again; team-a renews it or takes it out"
    assert found.endswith(f"routes[0].compare.ignore[0].until: {sentence}")


def test_a_rule_holds_to_the_end_of_its_last_day() -> None:
    """Midnight after it, in UTC, is the first moment without it; one without an end never ends."""
    text = with_routes(
        f'{ROUTE}, compare: {{ignore: [{{path: $.a, reason: r, owner: o, until: "2026-12-31"}}, {{path: $.b, {WHO}}}]}}'
    )

    assert list(expired_rules(draft(text), 1_798_761_599.0)) == []
    assert len(list(expired_rules(draft(text), 1_798_761_600.0))) == 1


def test_an_answer_of_our_own_is_compared_with_nothing() -> None:
    """Where Banyan answers itself there are no two sides."""
    (found,) = problems(with_routes("name: a, match: /a, respond: {status: 403}, compare: {}"))

    assert "compare and respond exclude each other" in found
