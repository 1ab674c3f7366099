from __future__ import annotations

from dataclasses import dataclass

from proxy.core.routing.path import PathPattern, parse_pattern
from proxy.core.routing.route import RateLimit, Route
from proxy.core.steps.step_policy import StepPolicy


@dataclass(frozen=True, slots=True)
class Badge:
    """A policy of the test's own."""

    field: bytes
    key: str = "badge"
    answers: tuple[str, ...] = ("no_badge",)
    is_remembered: bool = True

    @property
    def fields(self) -> frozenset[bytes]:
        return frozenset({self.field})


def test_a_rate_is_a_policy_without_fields() -> None:
    """What a route's rate says of itself: where it stands, that it reads no field and answers under no name."""
    rate = RateLimit(requests=1, seconds=1.0)

    assert isinstance(rate, StepPolicy)
    assert (rate.key, rate.fields, rate.answers) == ("limits.rate", frozenset(), ())


def test_a_route_reads_the_fields_of_its_steps() -> None:
    """Heads are read for them as for predicates and cohorts; the route knows no step by name."""
    pattern = parse_pattern("/**")
    assert isinstance(pattern, PathPattern)
    route = Route(name="a", index=0, pattern=pattern, steps=(Badge(b"x-badge"),))

    assert route.fields == {b"x-badge"}


def test_heads_are_kept_where_every_step_allows_it() -> None:
    """One step whose requests carry what nobody may see is enough."""
    pattern = parse_pattern("/**")
    assert isinstance(pattern, PathPattern)
    open_route = Route(name="a", index=0, pattern=pattern, steps=(Badge(b"x-badge"),))
    veiled = Route(name="a", index=0, pattern=pattern, steps=(Badge(b"x-badge"), Badge(b"x-key", is_remembered=False)))

    assert open_route.is_remembered
    assert not veiled.is_remembered
