"""What answers say of their route's end."""

from __future__ import annotations

from proxy.core.brownout.deprecation import DeprecationPolicy, added, deprecation_of
from proxy.core.steps.closed_hours import NEVER
from proxy.core.steps.step_policy import StepPolicy

SINCE, SUNSET = 1_688_169_599.0, 1_767_225_599.0
SAID = DeprecationPolicy(since=SINCE, sunset=SUNSET, link="https://docs.example.com/moving")


def test_the_fields_are_those_of_the_standards() -> None:
    """RFC 9745 has a date of structured fields (its own example), RFC 8594 one of HTTP; each has a link."""
    assert SAID.lines == (
        b"Deprecation: @1688169599",
        b"Sunset: Wed, 31 Dec 2025 23:59:59 GMT",
        b'Link: <https://docs.example.com/moving>; rel="deprecation"; type="text/html"',
        b'Link: <https://docs.example.com/moving>; rel="sunset"; type="text/html"',
    )
    assert DeprecationPolicy(since=SINCE).lines == (b"Deprecation: @1688169599",)
    assert len(DeprecationPolicy(since=SINCE, link="https://a").lines) == 2
    assert isinstance(SAID, StepPolicy)


def test_an_upstream_that_says_it_itself_is_believed() -> None:
    """A field is not there twice; links stand beside each other."""
    there = [b"sunset: Thu, 01 Jan 2026 00:00:00 GMT", b'Link: </2>; rel="next"']
    found = added(there, SAID.lines)
    assert found == [*there, SAID.lines[0], *SAID.lines[2:]]


def test_a_route_has_one_or_none() -> None:
    """Among its other policies."""
    assert deprecation_of((NEVER, SAID)) is SAID
    assert deprecation_of((NEVER,)) is None
