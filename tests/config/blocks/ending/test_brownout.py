"""`brownout:` of a route."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from proxy.config.load import Loaded, load_text
from proxy.core.brownout.brownout_policy import BrownoutPolicy
from tests.core.translation.test_body_path import path

SOON = datetime.now(UTC).date() + timedelta(days=60)
"""A file is judged by the day on which it is read."""
AUTH = (
    'auth: { members: { issuer: "https://id.example.com", audience: [a], algorithms: [RS256], '
    'keys: { url: "https://id.example.com/jwks" } } }\n'
)


def text(route: str, top: str = "", stage: str = "stage: legacy") -> str:
    return (
        "version: 1\nlisten: 127.0.0.1:0\nadmin: 127.0.0.1:0\n"
        f'{top}upstreams:\n  legacy: {{ url: "http://legacy.internal" }}\n  new: {{ url: "http://new.internal" }}\n'
        f"routes:\n  - {{ name: a, match: /a, {stage}, {dated(route)} }}\n"
        "  - { name: b, match: /b, stage: live }\n"
    )


def dated(route: str) -> str:
    """`SOON` and `LATE` as days."""
    return route.replace("SOON", str(SOON)).replace("LATE", str(SOON + timedelta(days=366)))


def moment(day: date) -> float:
    """Its beginning in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def problems(written: str) -> list[str]:
    found = load_text(written, "routes.yaml", {})
    return [] if isinstance(found, Loaded) else [str(each).partition(": ")[2] for each in found]


def steps(written: str) -> tuple[object, ...]:
    found = load_text(written, "routes.yaml", {})
    assert isinstance(found, Loaded), "\n".join(map(str, found))
    return found.snapshot.routes[0].steps


def test_a_brown_out_becomes_the_policy_of_a_step() -> None:
    """A field of some clients; or the endpoint, with what it has by default."""
    said = 'brownout: { field: "$.items[*].rank", clients: [b, a], share: 5%, until: "SOON" }'
    found = steps(text(f"auth: members, {said}", AUTH).replace("match: /b,", "match: /b, auth: members,"))
    assert found[0] == BrownoutPolicy(
        share=0.05, until=moment(SOON), field=path("$.items[*].rank"), clients=frozenset("ab")
    )
    assert steps(text('brownout: { until: "SOONT01:00+01:00" }')) == (
        BrownoutPolicy(share=0.01, until=moment(SOON), status=503, retry_after=60),
    )
    assert steps(text('brownout: { until: "SOON", answer: 410, share: 100% }')) == (
        BrownoutPolicy(share=1.0, until=moment(SOON), status=410, retry_after=60),
    )


def test_a_route_without_them_has_no_step() -> None:
    """It pays nothing."""
    assert steps(text("effects: safe")) == ()


@pytest.mark.parametrize(
    ("brownout", "problem"),
    [
        ('field: rank, until: "SOON"', "field: must be a path such as"),
        ('field: "$.items[*]", until: "SOON"', "field: must lead to a member"),
        ('field: $.a, answer: 503, until: "SOON"', "answer: answer belongs to the endpoint's own brown-out"),
        ('field: $.a, retry_after: 5s, until: "SOON"', "retry_after: retry_after belongs to the endpoint's own"),
        ('answer: 410, retry_after: 5s, until: "SOON"', "retry_after: a 410 is not tried again"),
        ('answer: 404, until: "SOON"', "answer: must be 503, which asks to come again, or 410"),
        ('share: 0%, until: "SOON"', "share: must be above 0 %"),
        ("share: 1%", "until: is missing"),
        ("until: 2027-01-31", "until: 2027-01-31 is a date to some readers"),
        ('until: "2027-02-30"', "until: is no date of the calendar"),
        ('until: "2027-01-31T12:00"', 'until: must be a day such as "2027-01-31" in quotes'),
        ('until: "LATE"', "until: must be at most a year ahead"),
        ('clients: [a], until: "SOON"', "clients: need a policy: nobody on this route is verified"),
        ('clients: [""], until: "SOON"', "clients[0]: must be the name of a client"),
        ('feild: $.a, until: "SOON"', "feild: is not known here; did you mean field?"),
    ],
)
def test_what_cannot_be_is_told(brownout: str, problem: str) -> None:
    """At the value, with what to write there."""
    (found,) = problems(text(f"brownout: {{ {brownout} }}"))
    assert found.startswith(f"routes[0].brownout.{problem}")


def test_where_anybody_may_call_no_client_is_known() -> None:
    """With an `auth_default` of nobody it is the same."""
    said = 'brownout: { clients: [a], until: "SOON" }'
    (found,) = problems(text(said, "auth_default: anonymous\n"))
    assert "clients: need a policy" in found


def test_a_route_that_is_retired_has_nothing_left_out() -> None:
    """Where nobody answers; a share of its cohorts that is, may have one."""
    said = 'brownout: { until: "SOON" }'
    (found,) = problems(text(said, stage="stage: retired"))
    assert found.startswith("routes[0].brownout: has no meaning at stage retired")
    assert problems(text(said, stage="stage: retired, split: 5%")) == []


def test_one_that_is_over_is_a_warning() -> None:
    """The file goes on being used: nobody has to come on that day."""
    found = load_text(text('brownout: { until: "2026-01-01" }'), "routes.yaml", {})
    assert isinstance(found, Loaded)
    assert [str(each).partition(": ")[2] for each in found.warnings] == [
        "routes[0].brownout.until: is over, so nothing is absent any more"
    ]
