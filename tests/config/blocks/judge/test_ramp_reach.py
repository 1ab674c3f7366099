"""Every way in which a file's ramp can never climb, and what `check` says of it."""

from __future__ import annotations

import pytest

from proxy.config.load import Loaded, load_text
from tests.config.given_files import HEAD, warnings, with_routes

REST = "name: rest, match: /**, stage: live"


def remarks(text: str) -> list[str]:
    found = load_text(text, "routes.yaml", {})
    assert isinstance(found, Loaded), "\n".join(map(str, found))
    of_others = ("nobody declared the GETs", "with fallback: legacy")  # test_shadow.py, test_fallback.py
    return [remark.split(": ", 1)[1] for remark in found.remarks if not any(each in remark for each in of_others)]


def stops(*routes: str, head: str = HEAD) -> list[str]:
    """The warnings of a file with these routes, and one for the rest, without file and line."""
    return [each.split(": ", 1)[1] for each in warnings(with_routes(*routes, REST, head=head))]


@pytest.mark.parametrize(
    "route",
    [
        "match: 'GET /x/{id}', stage: shadow, ramp: {}",
        "match: 'GET /x/{id}', stage: canary, split: 1%, ramp: {}",
        "match: '/x/{id}', stage: shadow, ramp: {}",
        "match: 'POST /x', stage: shadow, effects: safe, ramp: {}",
        "match: 'POST /x', stage: shadow, ramp: {needs: {compared: 0}}",
        "match: 'POST /x', stage: shadow, shadow: {sample: 0}, ramp: {needs: {compared: 0}}",
        "match: 'GET /x', stage: shadow, shadow: {sample: 96%}, ramp: {}",
        "match: 'GET /x', stage: shadow, shadow: {sample: 10%}, ramp: {needs: {capacity: false}}",
        "match: 'GET /x', stage: shadow, shadow: {sample: 0}, ramp: {dry_run: true}",
        "match: 'POST /x', stage: complete, ramp: {}",
        "match: 'GET /x', stage: shadow, ramp: {after: [rest]}",
    ],
)
def test_what_can_climb_is_not_warned_of(route: str) -> None:
    """Defaults, what says that nothing is compared, ramps that are not meant to promote, and those that have ended."""
    assert stops(f"name: a, {route}") == []


SAMPLE = "at canary 5% new carries 14.5 % of the requests at most, shadow included, and canary 25% is next"
CURE = "or ramp: {needs: {compared: 0}} to go by guard, requests and time alone"
WRITES = (
    "what may change something is not sent to new beside legacy, so nothing is ever compared, and its ramp needs 1000 "
    f"comparisons; write shadow: {{writes: dry_run}} if new can dry-run, {CURE}"
)


@pytest.mark.parametrize(
    ("route", "sentence"),
    [
        (
            "match: 'GET /x', stage: shadow, shadow: {sample: 10%}, ramp: {}",
            (
                f"routes[0].shadow.sample: is too small for the ramp: {SAMPLE}; write 96%, take it out so that the "
                "judge chooses, or write ramp: {needs: {capacity: false}}"
            ),
        ),
        (
            "match: 'GET /x', stage: canary, split: 1%, shadow: {sample: 0}, ramp: {}",
            f"routes[0].shadow.sample: is none, and its ramp needs 1000 comparisons; write another share, {CURE}",
        ),
        ("match: 'POST /x', stage: shadow, ramp: {}", f"routes[0].match: {WRITES}"),
        ("match: 'POST,PATCH /x', stage: live, ramp: {}", f"routes[0].match: {WRITES}"),
        ("match: 'GET /x', stage: shadow, effects: unsafe, ramp: {}", f"routes[0].effects: {WRITES}"),
        ("match: 'POST /x', stage: shadow, effects: keyed, ramp: {}", f"routes[0].effects: {WRITES}"),
        (
            "match: 'GET /x', stage: legacy, new: legacy, ramp: {}",
            (
                "routes[0].ramp: leads nowhere, as the route has no two sides; "
                "name two upstreams of the file: legacy: NAME, new: NAME"
            ),
        ),
        (
            "match: 'GET /x', stage: shadow, ramp: {}, windows: [{name: w, start: '00:00', end: '00:00'}]",
            "routes[0].ramp: promotes nothing, as window w is always on; let the window end at another time",
        ),
    ],
)
def test_what_can_never_climb_is_told(route: str, sentence: str) -> None:
    """The value that stops it, why, and what to write."""
    assert sentence in stops(f"name: a, {route}")


def test_a_sample_of_the_whole_file_is_told_where_it_stands() -> None:
    """The value that has to change is not the route's."""
    found = stops("name: a, match: 'GET /x', stage: shadow, ramp: {}", head=HEAD + "shadow: {sample: 40%}\n")

    assert found[0].startswith("shadow.sample: is too small for the ramp: at canary 50% new carries 70 %")
    assert (
        stops(
            "name: a, match: 'GET /x', stage: shadow, shadow: {sample: 100%}, ramp: {}",
            head=HEAD + "shadow: {sample: 40%}\n",
        )
        == []
    )


def test_a_first_step_above_the_sample_is_told() -> None:
    """At shadow new carries the sample, and no more."""
    found = stops("name: a, match: 'GET /x', stage: shadow, shadow: {sample: 20%}, ramp: {steps: [30%]}")

    assert "at shadow new carries 20 %" in found[0]
    assert "write 30%" in found[0]


WAITING = "name: a, match: 'GET /a', stage: shadow, ramp: {after: [b]}"


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ("stage: legacy, ramp: {}", "which only people move on from legacy (line 8)"),
        ("stage: legacy", "which only people move on from legacy (line 8)"),
        ("stage: canary, split: 5%", "which nothing promotes, as it has no ramp (line 8)"),
        ("stage: shadow, ramp: {dry_run: true}", "which nothing promotes, as its ramp is on dry_run (line 8)"),
        ("stage: shadow, shadow: {sample: 0}, ramp: {}", "which can never climb (line 8)"),
    ],
)
def test_who_waits_for_a_route_that_stops_is_told(other: str, why: str) -> None:
    """`after` names a route that reaches nothing by itself."""
    found = stops(WAITING, f"name: b, match: 'GET /b', {other}")

    assert f"routes[0].ramp.after[0]: waits for b, {why}; mend that one, or take it out of after" in found


def test_who_waits_for_who_waits_is_told() -> None:
    """The chain is followed to its end, whatever the order in the file."""
    third = "name: c, match: 'GET /c', stage: shadow, ramp: {after: [a]}"
    found = stops(third, WAITING, "name: b, match: 'GET /b', stage: legacy")

    assert [each.split(":")[0] for each in found] == ["routes[0].ramp.after[0]", "routes[1].ramp.after[0]"]
    assert "waits for a, which waits itself (line 8)" in found[0]


def test_a_group_that_waits_for_a_member_is_told() -> None:
    """A member that never climbs holds up every other one, and is named."""
    reads, writes = (
        f"name: {name}, match: '{name} /o', stage: shadow, group: o, ramp: {{}}" for name in ("GET", "POST")
    )
    found = stops(reads, writes)

    assert found[0] == (
        'routes[0].group: group "o" moves together, and waits for POST, which can never climb (line 8); mend that one'
    )
    assert found[1].startswith("routes[1].match: what may change something")
    assert stops(reads, writes.replace("ramp: {}", "ramp: {needs: {compared: 0}}")) == []


@pytest.mark.parametrize(
    ("route", "sentences"),
    [
        ("match: 'GET /x', stage: shadow, ramp: {}", []),
        ("match: /x, stage: complete, ramp: {}", []),
        (
            "match: 'POST /x', stage: shadow, ramp: {needs: {compared: 0}}",
            ["routes[0].ramp.needs.compared: nobody compares: guard, requests and time alone decide its ramp"],
        ),
        (
            "match: /x, stage: shadow, ramp: {}",
            ["routes[0].match: only GET, HEAD and OPTIONS are compared; what may change something goes by the guard"],
        ),
        (
            "match: 'GET /x', stage: shadow, ramp: {needs: {compared: 100, coverage: 5%}}",
            [
                (
                    "routes[0].ramp.needs: 100 comparisons are not enough: mismatch_rate 1 % and coverage 5 % are "
                    "proved by 538 without a difference at the earliest"
                )
            ],
        ),
    ],
)
def test_what_a_ramp_does_not_look_at_is_remarked(route: str, sentences: list[str]) -> None:
    """What the file means and nobody may have thought of; it is no warning."""
    text = with_routes(f"name: a, {route}", REST)

    assert remarks(text) == sentences
    assert warnings(text) == []
