from __future__ import annotations

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from proxy.clerk.introspection.introspection_handler import IntrospectionOutcome
from proxy.core.auth.opaque_policy import SecretPlace
from proxy.link.introspection_questions import IntrospectToken, TokenIntrospected
from proxy.link.questions import Unavailable
from tests.clerk.introspection.issuers import Asking, Issuer
from tests.waiting import until

GOOD, BAD = IntrospectToken("partners", b"good"), IntrospectToken("partners", b"bad &+ token")


async def test_a_token_is_asked_for_once_for_all(issuer: Issuer, asking: Asking) -> None:
    """However many want to know at the same time, and for as long as the answer is believed."""
    issuer.held = asyncio.Event()
    waiting = [asyncio.ensure_future(asking.handler.answer(GOOD)) for _ in range(50)]
    await until(lambda: issuer.asked)
    issuer.held.set()
    answers = await asyncio.gather(*waiting)
    assert len(set(map(repr, answers))) == 1
    assert isinstance(answers[0], TokenIntrospected)
    assert (answers[0].active, json.loads(answers[0].claims)["sub"]) == (True, "partner-1")

    asking.now += 29
    await asking.handler.answer(GOOD)
    assert issuer.asked == ["good"]
    asking.now += 1
    await asking.handler.answer(GOOD)
    assert issuer.asked == ["good", "good"]
    assert asking.handler.counts == {
        ("partners", IntrospectionOutcome.ACTIVE): 2,
        ("partners", IntrospectionOutcome.KNOWN): 1,
    }


async def test_an_answer_is_not_believed_beyond_the_token_s_end(issuer: Issuer, asking: Asking) -> None:
    """A token with ten seconds left is asked for again after ten; one that has ended is not active."""
    asking.now = 1_000_090.0
    first = await asking.handler.answer(GOOD)
    assert isinstance(first, TokenIntrospected)
    assert first.until == 1_000_100

    asking.now += 10
    second = await asking.handler.answer(GOOD)
    assert isinstance(second, TokenIntrospected)
    assert (second.active, second.claims, len(issuer.asked)) == (False, b"", 2)


async def test_that_a_token_is_not_active_is_believed_too(issuer: Issuer, asking: Asking) -> None:
    """For as long; whatever is in it is asked for as it is."""
    for _ in range(2):
        answer = await asking.handler.answer(BAD)
        assert answer == TokenIntrospected(False, b"", asking.now + 30)  # noqa: FBT003
    assert issuer.asked == ["bad &+ token"]


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (401, b"", "it answered 401"),
        (307, b"", "it answered 307"),
        (200, b"{", "its answer is no JSON, or says a member twice"),
        (200, b'{"active": "true"}', "its answer does not say whether the token is active"),
        (200, b" " * 70_000, "its answer has more than 65536 bytes"),
    ],
)
async def test_what_is_no_answer_says_nothing_of_a_token(
    issuer: Issuer, asking: Asking, status: int, body: bytes, why: str
) -> None:
    """It is 503, told to the log once, and remembered of no token; so is the issuer's return."""
    issuer.status, issuer.body = status, body
    with capture_logs() as lines:
        for _ in range(2):
            assert isinstance(await asking.handler.answer(GOOD), Unavailable)
        issuer.status, issuer.body = 200, None
        assert isinstance(await asking.handler.answer(GOOD), TokenIntrospected)
    assert [(line["event"], line.get("error")) for line in lines] == [
        ("introspection_failed", why),
        ("introspection_recovered", None),
    ]
    assert len(issuer.asked) == 3


async def test_an_issuer_that_is_away_is_503(issuer: Issuer, asking: Asking) -> None:
    """What is known holds meanwhile; what is not known is nobody's to guess."""
    await asking.handler.answer(GOOD)
    await issuer.stop()
    assert isinstance(await asking.handler.answer(GOOD), TokenIntrospected)
    assert isinstance(await asking.handler.answer(BAD), Unavailable)


async def test_an_issuer_that_hangs_is_503(issuer: Issuer) -> None:
    """Within less than a request waits."""
    issuer.held = asyncio.Event()
    asking = Asking(issuer, timeout=0.1)
    with capture_logs() as lines:
        assert isinstance(await asking.handler.answer(GOOD), Unavailable)
    assert lines[0]["error"] == "no answer within 0.1 s"
    await asking.handler.end()


async def test_so_many_are_out_at_once(issuer: Issuer, asking: Asking, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next is 503, unless it asks what is asked already."""
    monkeypatch.setattr("proxy.clerk.introspection.introspection_handler.MOST_OUT", 1)
    issuer.held = asyncio.Event()
    first, same = (asyncio.ensure_future(asking.handler.answer(GOOD)) for _ in range(2))
    await until(lambda: issuer.asked)
    assert isinstance(await asking.handler.answer(BAD), Unavailable)
    issuer.held.set()
    assert await first == await same


async def test_who_leaves_ends_no_question(issuer: Issuer, asking: Asking) -> None:
    """Others may wait for it, and its answer is kept."""
    issuer.held = asyncio.Event()
    left, waits = (asyncio.ensure_future(asking.handler.answer(GOOD)) for _ in range(2))
    await until(lambda: issuer.asked)
    left.cancel()
    await asking.handler.forget(GOOD)
    issuer.held.set()
    assert isinstance(await waits, TokenIntrospected)


async def test_a_policy_that_asks_elsewhere_believes_nothing_of_before(issuer: Issuer, asking: Asking) -> None:
    """One that stays keeps what it knows; one that is gone is answered by nobody."""
    await asking.handler.answer(GOOD)
    asking.handler.follow(asking.table(replace(asking.policy, scopes=frozenset({"a"}))))
    await asking.handler.answer(GOOD)
    assert len(issuer.asked) == 1

    elsewhere = replace(asking.policy.introspection, keep=5.0)
    asking.handler.follow(asking.table(replace(asking.policy, introspection=elsewhere)))
    await asking.handler.answer(GOOD)
    assert len(issuer.asked) == 2
    asking.handler.follow(asking.table())
    assert isinstance(await asking.handler.answer(GOOD), Unavailable)


async def test_the_secret_of_a_file_is_read_anew(issuer: Issuer, asking: Asking, tmp_path: Path) -> None:
    """It may have been replaced; a file without one is 503."""
    file = tmp_path / "secret"
    file.write_text("\n")
    place = replace(asking.policy.introspection, secret=SecretPlace(file=str(file)))
    asking.handler.follow(asking.table(replace(asking.policy, introspection=place)))
    assert isinstance(await asking.handler.answer(GOOD), Unavailable)

    file.write_text("s%cret ü\n")
    assert isinstance(await asking.handler.answer(GOOD), TokenIntrospected)
    assert issuer.asked == ["good"]


async def test_nothing_prints_a_token_or_a_secret(asking: Asking) -> None:
    """Neither question nor policy."""
    assert "good" not in repr(GOOD)
    assert "s%cret" not in repr(asking.policy)
