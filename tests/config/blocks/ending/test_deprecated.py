"""`deprecated:` of a route."""

from __future__ import annotations

import pytest

from proxy.core.brownout.deprecation import DeprecationPolicy
from tests.config.blocks.ending.test_brownout import problems, steps, text


def test_deprecated_becomes_the_policy_of_a_step() -> None:
    """Dates and times, in any zone."""
    said = 'deprecated: { since: "2026-12-01", sunset: "2027-03-01T12:00:00Z", link: "https://docs.example.com/a?b=1" }'
    assert steps(text(said)) == (
        DeprecationPolicy(since=1_796_083_200.0, sunset=1_803_902_400.0, link="https://docs.example.com/a?b=1"),
    )
    assert steps(text('deprecated: { since: "2026-12-01" }')) == (DeprecationPolicy(since=1_796_083_200.0),)


@pytest.mark.parametrize(
    ("said", "problem"),
    [
        ('since: "2026-12-01", sunset: "2026-11-01"', "sunset: must not come before since"),
        ('since: "2026-12-01", link: "docs"', "link: must be a URL such as"),
        ('sunset: "2026-12-01"', "since: is missing"),
    ],
)
def test_an_end_is_said_in_order(said: str, problem: str) -> None:
    """RFC 9745 section 4."""
    (found,) = problems(text(f"deprecated: {{ {said} }}"))
    assert found.startswith(f"routes[0].deprecated.{problem}")
