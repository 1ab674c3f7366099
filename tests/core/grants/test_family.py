from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest

from proxy.core.grants.family import (
    LIMITED,
    LONGEST_BACK_OFF,
    Attempt,
    FamilyMove,
    FamilyState,
    GrantRuling,
    ShownToken,
    back_off,
    is_fresh,
    move_after,
    rule,
)
from proxy.core.grants.grant_policy import GrantPolicy, GrantSystem, KeyPlace, Regress
from proxy.core.grants.token_answer import CallOutcome
from proxy.core.grants.token_request import Credentials, Proof
from proxy.core.secret import Secret

LEGACY = GrantSystem(name="legacy", networks=(ip_network("10.1.0.0/16"),), until=2000.0)
NEW = GrantSystem(name="new", networks=(ip_network("10.2.0.0/16"),))
POLICY = GrantPolicy(
    name="aggregator", upstream="a", systems=(LEGACY, NEW), hash_key=KeyPlace(), data_keys=(KeyPlace(),)
)
CARD = Credentials(client_id="card", proof=Proof.BASIC, written=Secret("s"))
PUBLIC = Credentials(client_id="card", proof=Proof.NONE)
ANCESTOR = ShownToken(
    state=FamilyState.ACTIVE,
    client_id="card",
    generation=1,
    current=3,
    marked=1,
    now=1000.0,
    lease=0.0,
    next_at=0.0,
    begun=900.0,
    ends=4500.0,
)
CURRENT = replace(ANCESTOR, generation=3)


def ruled(
    shown: ShownToken, system: GrantSystem | None = NEW, credentials: Credentials = CARD, **policy: object
) -> GrantRuling:
    with_policy = replace(POLICY, **policy)  # type: ignore[arg-type]
    return rule(shown, with_policy, system, credentials)


def test_an_ancestor_gets_what_is_stored_and_the_current_token_is_used() -> None:
    """That is all there is to it while nothing is wrong."""
    assert ruled(ANCESTOR) is GrantRuling.STORED
    assert ruled(CURRENT) is GrantRuling.REFRESH
    assert ruled(replace(ANCESTOR, ends=1010.0)) is GrantRuling.REFRESH


@pytest.mark.parametrize(
    ("shown", "system", "credentials", "expected"),
    [
        (ANCESTOR, None, CARD, GrantRuling.STRANGER),
        (replace(ANCESTOR, client_id="other"), NEW, CARD, GrantRuling.OTHER_CLIENT),
        (replace(ANCESTOR, state=FamilyState.ENDED), NEW, CARD, GrantRuling.ENDED),
        (replace(ANCESTOR, state=FamilyState.NEEDS_CONSENT), NEW, CARD, GrantRuling.NEEDS_CONSENT),
        (ANCESTOR, NEW, PUBLIC, GrantRuling.PUBLIC),
        (CURRENT, NEW, PUBLIC, GrantRuling.REFRESH),
        (replace(ANCESTOR, now=2000.0), LEGACY, CARD, GrantRuling.PAST_UNTIL),
        (replace(CURRENT, now=2000.0), LEGACY, CARD, GrantRuling.REFRESH),
        (replace(ANCESTOR, now=1999.0), LEGACY, CARD, GrantRuling.STORED),
    ],
)
def test_a_refusal_comes_before_anything_is_given(
    shown: ShownToken, system: GrantSystem | None, credentials: Credentials, expected: GrantRuling
) -> None:
    """To strangers, other clients, clients that cannot prove who they are, and of grants that are no more."""
    assert ruled(shown, system, credentials) is expected


def test_a_system_that_goes_back_is_served_or_refused() -> None:
    """As `regress` says; it shows in either case."""
    back = replace(ANCESTOR, marked=2)
    assert back.is_regressed
    assert ruled(back) is GrantRuling.STORED
    assert ruled(back, regress=Regress.REFUSE) is GrantRuling.REGRESSED
    assert ruled(ANCESTOR, regress=Regress.REFUSE) is GrantRuling.STORED


def test_with_an_heir_the_others_are_refused_and_its_current_token_is_answered_from_store() -> None:
    """Which proves that it holds it."""
    assert ruled(ANCESTOR, LEGACY, heir="new") is GrantRuling.HEIR
    assert ruled(CURRENT, LEGACY, heir="new") is GrantRuling.HEIR
    assert ruled(CURRENT, NEW, heir="new") is GrantRuling.STORED


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (replace(CURRENT, state=FamilyState.INFLIGHT, lease=1001.0), GrantRuling.WAIT),
        (replace(CURRENT, state=FamilyState.INFLIGHT, lease=1000.0), GrantRuling.REFRESH),
        (replace(CURRENT, state=FamilyState.UNKNOWN), GrantRuling.REFRESH),
        (replace(CURRENT, state=FamilyState.UNKNOWN, next_at=1000.1), GrantRuling.WAIT),
        (replace(ANCESTOR, state=FamilyState.UNKNOWN, next_at=1000.1), GrantRuling.STORED),
    ],
)
def test_one_call_at_a_time_and_not_too_soon(shown: ShownToken, expected: GrantRuling) -> None:
    """A lease that is over binds nobody; a living stored answer is given meanwhile."""
    assert ruled(shown) is expected


@pytest.mark.parametrize(("left", "expected"), [(61.0, True), (60.0, True), (59.0, False), (0.0, False)])
def test_a_stored_answer_is_good_for_a_while(left: float, *, expected: bool) -> None:
    """For a minute, or for a tenth of a life that is shorter than ten."""
    assert is_fresh(replace(ANCESTOR, ends=1000.0 + left, begun=0.0), 60.0) is expected
    assert is_fresh(replace(ANCESTOR, ends=1000.0 + left / 10, begun=1000.0 + left / 10 - 60.0), 60.0) is expected


FIRST = Attempt(came_from=FamilyState.ACTIVE, is_first=True, attempts=0)
LATER = replace(FIRST, is_first=False)
AGAIN = replace(LATER, came_from=FamilyState.UNKNOWN, attempts=3)


@pytest.mark.parametrize(
    ("outcome", "attempt", "expected"),
    [
        (CallOutcome.TAKEN, AGAIN, FamilyMove(state=FamilyState.ACTIVE)),
        (CallOutcome.LOST, LATER, FamilyMove(state=FamilyState.UNKNOWN, attempts=1, pause=0.2)),
        (CallOutcome.LOST, replace(LATER, in_grace=True), FamilyMove(state=FamilyState.UNKNOWN, attempts=1)),
        (CallOutcome.LOST, AGAIN, FamilyMove(state=FamilyState.UNKNOWN, attempts=4, pause=1.6)),
        (CallOutcome.INVALID_GRANT, FIRST, FamilyMove(state=None)),
        (CallOutcome.INVALID_GRANT, LATER, FamilyMove(state=FamilyState.NEEDS_CONSENT, why="refused")),
        (CallOutcome.INVALID_GRANT, AGAIN, FamilyMove(state=FamilyState.NEEDS_CONSENT, why="lost")),
        (CallOutcome.RELAYED, LATER, FamilyMove(state=FamilyState.ACTIVE)),
        (CallOutcome.NOT_SENT, AGAIN, FamilyMove(state=FamilyState.UNKNOWN, attempts=3)),
        (
            CallOutcome.LIMITED,
            replace(LATER, retry_after=9.0),
            FamilyMove(state=FamilyState.ACTIVE, pause=9.0, why=LIMITED),
        ),
    ],
)
def test_an_answer_moves_the_family(outcome: CallOutcome, attempt: Attempt, expected: FamilyMove) -> None:
    """The table of docs/grants.md."""
    assert move_after(outcome, attempt) == expected


def test_a_token_never_seen_is_forgotten_where_its_client_is_wrong() -> None:
    """So that a guess leaves nothing behind; a family that has been used stays."""
    assert move_after(CallOutcome.RELAYED, FIRST, unauthorised=True) == FamilyMove(state=None)
    assert move_after(CallOutcome.RELAYED, LATER, unauthorised=True) == FamilyMove(state=FamilyState.ACTIVE)


def test_the_back_off_doubles_to_half_a_minute() -> None:
    """And stays there, as often as it takes."""
    assert [back_off(tries) for tries in (1, 2, 3)] == [0.2, 0.4, 0.8]
    assert back_off(10_000) == LONGEST_BACK_OFF
