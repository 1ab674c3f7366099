from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest

from proxy.core.outcome import SERVED_BY_SIDE, Blame, Failure, Phase, Refused, ServedBy, Side


@pytest.mark.parametrize(
    ("labels", "values"),
    [
        (Side, ["legacy", "new"]),
        (ServedBy, ["legacy", "new", "self"]),
        (Phase, ["connect", "send", "head", "body"]),
        (Blame, ["client", "upstream", "proxy"]),
        (
            Refused,
            [
                "upstream",
                "breaker",
                "queue",
                "wait",
                "resources",
                "misdirected",
                "no_upstream_token",
                "write_outdated",
                "closed",
            ],
        ),
    ],
    ids=["side", "served by", "phase", "blame", "refused"],
)
def test_labels_are_closed_lists(labels: type[Side | ServedBy | Phase | Blame | Refused], values: list[str]) -> None:
    """What becomes a metric's label is one of these words, on which dashboards rely."""
    assert [str(label) for label in labels] == values


@pytest.mark.parametrize("side", Side)
def test_a_side_that_answers_is_named_by_its_own_word(side: Side) -> None:
    """Every side has its `ServedBy`, under the same word."""
    assert SERVED_BY_SIDE[side].value == side.value


def test_a_failure_claims_nothing_that_nobody_said() -> None:
    """Unless told, a failure is no timeout, and nothing may be sent again."""
    failure = Failure(phase=Phase.HEAD, blame=Blame.UPSTREAM)

    assert (failure.timed_out, failure.replayable, failure.detail) == (False, False, "")


def test_a_failure_is_a_value() -> None:
    """Two failures of the same kind are equal, and none can be changed after the fact."""
    failure = Failure(phase=Phase.CONNECT, blame=Blame.UPSTREAM, timed_out=True)

    assert failure == Failure(phase=Phase.CONNECT, blame=Blame.UPSTREAM, timed_out=True)
    with pytest.raises(FrozenInstanceError):
        failure.replayable = True  # type: ignore[misc]


@pytest.mark.parametrize(
    ("failure", "nobodys", "unreachable"),
    [
        (Failure(phase=Phase.CONNECT, blame=Blame.PROXY, refused=Refused.QUEUE), True, False),
        (Failure(phase=Phase.SEND, blame=Blame.CLIENT), True, False),
        (Failure(phase=Phase.CONNECT, blame=Blame.CLIENT, refused=Refused.MISDIRECTED), True, False),
        (Failure(phase=Phase.CONNECT, blame=Blame.UPSTREAM), False, True),
        (Failure(phase=Phase.HEAD, blame=Blame.UPSTREAM), False, False),
        (Failure(phase=Phase.HEAD, blame=Blame.PROXY), False, False),
    ],
    ids=["refused", "the client's", "a made-up name", "no connection", "no answer", "an error inside the proxy"],
)
def test_a_failure_says_whose_it_is(failure: Failure, nobodys: bool, unreachable: bool) -> None:  # noqa: FBT001
    """What was sent nowhere and what the client did is nobody's; an error while new answers may be new's doing."""
    assert (failure.is_nobodys, failure.is_unreachable) == (nobodys, unreachable)
