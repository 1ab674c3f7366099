"""When a source is asked for its next token."""

from __future__ import annotations

import pytest

from proxy.core.secret import Secret
from proxy.core.upstream_auth.renewal import MARGIN, MOST_WAIT, REFUSED_EVERY, REREAD, Renewal, end_of, renew_after
from proxy.core.upstream_auth.token_source import IssuedToken


def token(text: str = "t", *, issued: float = 1000.0, ends: float = 1020.0) -> IssuedToken:
    return IssuedToken(token=Secret(text), issued=issued, ends=ends)


def test_a_source_is_due_at_once() -> None:
    """Before anything was asked."""
    assert Renewal().due == 0.0


@pytest.mark.parametrize(
    ("life", "after"), [(20.0, 10.0), (600.0, 300.0), (3600.0, 3300.0), (0.0, REREAD), (float("inf"), MARGIN)]
)
def test_a_token_is_renewed_ahead_of_its_end(life: float, after: float) -> None:
    """Half its life before, five minutes at the most; a file is looked at each second."""
    assert renew_after(token(ends=1000.0 + life)) == after
    renewal = Renewal()
    renewal.succeed(token(ends=1000.0 + life))
    assert renewal.due == 1000.0 + after


def test_what_is_here_is_looked_at_all_the_time() -> None:
    """A file may be written anew long before its token ends."""
    renewal = Renewal(rereads=True)
    renewal.succeed(token(ends=5000.0))
    assert renewal.due == 1000.0 + REREAD


def test_failures_are_asked_again_ever_more_slowly_but_for_ever() -> None:
    """And after a success as at first; the token of before stays."""
    renewal = Renewal()
    renewal.succeed(token())
    waits = []
    for _ in range(7):
        renewal.fail(2000.0)
        waits.append(renewal.due - 2000.0)
    assert waits == [1.0, 2.0, 4.0, 8.0, MOST_WAIT, MOST_WAIT, MOST_WAIT]
    assert renewal.token == token()
    renewal.succeed(token())
    renewal.fail(2000.0)
    assert renewal.due == 2001.0


def test_a_refused_token_is_renewed_once() -> None:
    """At once, and not again before a while: a provider is not asked for each 401."""
    renewal = Renewal()
    assert not renewal.refuse(token("a").mark, 1001.0)
    renewal.succeed(token("a"))
    assert not renewal.refuse(token("another").mark, 1001.0)
    assert renewal.refuse(token("a").mark, 1001.0)
    assert renewal.due == 1001.0
    renewal.succeed(token("b"))
    assert not renewal.refuse(token("b").mark, 1002.0)
    assert renewal.refuse(token("b").mark, 1001.0 + REFUSED_EVERY)


def test_a_clock_that_was_set_back_does_not_end_renewals() -> None:
    """What was refused in the future counts no more."""
    renewal = Renewal()
    renewal.succeed(token("a"))
    assert renewal.refuse(token("a").mark, 5000.0)
    assert renewal.refuse(token("a").mark, 1000.0)


@pytest.mark.parametrize(("life", "until"), [(20.0, 1018.0), (3600.0, 4598.0), (5.0, 1004.5), (-5.0, 995.0)])
def test_a_token_is_not_sent_up_to_its_very_end(life: float, until: float) -> None:
    """Two seconds before it, or a tenth of its life."""
    assert end_of(token(ends=1000.0 + life)) == until


def test_a_token_without_a_known_end_has_none() -> None:
    """It is sent for as long as there is no other."""
    assert end_of(token(ends=float("inf"))) == float("inf")
