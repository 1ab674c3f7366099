from __future__ import annotations

from collections.abc import Sequence

from proxy.core.discovery.endpoint import (
    MOST_CALLERS,
    MOST_DAYS,
    MOST_NAMES,
    EndpointSeen,
    Observation,
    statuses,
)
from proxy.core.discovery.usage import OTHERS, SECONDS_A_DAY

Fields = Sequence[tuple[str, str]]


def seen(
    *, at: float = 100.0, status: int = 200, caller: str = "app", weight: float = 1.0, **more: object
) -> Observation:
    return Observation(method="GET", path="/", status=status, at=at, caller=caller, weight=weight, **more)  # type: ignore[arg-type]


def counted(*all_seen: Observation) -> EndpointSeen:
    found = EndpointSeen(all_seen[0].at)
    for each in all_seen:
        found.count(each)
    return found


def test_what_was_seen_is_counted() -> None:
    """By weight, class, caller, day, name of a query; the first and the last time."""
    found = counted(
        seen(at=SECONDS_A_DAY * 2.0, weight=3.0, query=("page", "page"), route="rest"),
        seen(at=SECONDS_A_DAY * 1.0, status=404, caller="web"),
        seen(at=SECONDS_A_DAY * 2.5, status=999),
    )

    assert (found.calls, found.observed) == (5.0, 3)
    assert (found.first, found.last) == (SECONDS_A_DAY, SECONDS_A_DAY * 2.5)
    assert statuses(found) == {"2xx": 3.0, "4xx": 1.0, "5xx": 1.0}
    assert {name: (each.calls, each.first, each.last) for name, each in found.callers.items()} == {
        "app": (4.0, SECONDS_A_DAY * 2.0, SECONDS_A_DAY * 2.5),
        "web": (1.0, SECONDS_A_DAY, SECONDS_A_DAY),
    }
    assert (found.days, found.query, found.routes) == ({2: 4.0, 1: 1.0}, {"page": 1}, {"rest": 3.0, "": 2.0})


def test_fields_are_present_null_or_absent() -> None:
    """Of the bodies that were looked at; who sends a null is known."""
    some: Fields = (("$.a", "null"), ("$.a", "string"), ("$.b", "integer"))
    found = counted(seen(fields=some), seen(fields=(("$.b", "integer"),), caller="web"), seen())

    assert found.bodies == 2
    assert {name: (each.present, each.kinds) for name, each in found.fields.items()} == {
        "$.a": (1, {"null": 1, "string": 1}),
        "$.b": (2, {"integer": 2}),
    }
    assert {name: each.nulls for name, each in found.callers.items()} == {"app": {"$.a"}, "web": set()}


def test_names_of_a_body_are_seen_without_a_call() -> None:
    """Of a caller that is known, and of one that is not yet."""
    found = counted(seen())
    for caller in ("app", "web"):
        found.see_body((("$.a", "null"),), caller)

    assert (found.calls, found.bodies, found.fields["$.a"].present) == (1.0, 2, 2)
    assert {name: each.nulls for name, each in found.callers.items()} == {"app": {"$.a"}}


def test_two_halves_are_the_whole() -> None:
    """Merged, what was seen in two places is what was seen in one."""
    all_seen = [
        seen(at=SECONDS_A_DAY * number, caller=f"c{number % 3}", status=200 + number % 4 * 100, route=f"r{number % 2}")
        for number in range(1, 9)
    ] + [seen(at=50.0, fields=(("$.a", "null"),), query=("q",))]
    whole, half = counted(*all_seen), counted(*all_seen[:4])
    half.merge(counted(*all_seen[4:]))

    for name in ("calls", "observed", "first", "last", "classes", "routes", "query", "days", "bodies"):
        assert getattr(half, name) == getattr(whole, name)
    assert {name: (each.calls, each.nulls) for name, each in half.callers.items()} == {
        name: (each.calls, each.nulls) for name, each in whole.callers.items()
    }
    assert half.fields["$.a"].kinds == whole.fields["$.a"].kinds


def test_everything_is_bounded() -> None:
    """Callers beyond the bound are counted together, names and days beyond it are left out, the oldest days first."""
    found = EndpointSeen(0.0)
    for number in range(MOST_DAYS + 5):
        names = (f"n{number}",)
        fields = ((f"$.f{number}", "null"),)
        found.count(seen(at=SECONDS_A_DAY * number, caller=f"c{number}", query=names, fields=fields))

    assert len(found.callers) == MOST_CALLERS + 1
    assert found.callers[OTHERS].calls == MOST_DAYS + 5 - MOST_CALLERS
    assert (len(found.query), len(found.fields)) == (MOST_NAMES, MOST_NAMES)
    assert (len(found.days), min(found.days)) == (MOST_DAYS, 5)
    assert found.callers[OTHERS].nulls <= set(found.fields)
