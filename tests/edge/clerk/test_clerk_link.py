"""The worker's end of the clerk's socket, against the clerk's real one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from proxy.edge.clerk import clerk_link
from proxy.edge.clerk.clerk_link import ClerkLink
from proxy.edge.routing.step import LocalAnswer, Wait
from proxy.link.questions import Answer
from tests.clerk.clerk_at import CLAIM, SETTLED, Clerk, Scripted, linked
from tests.waiting import until

LONG = 1000.0


@pytest.fixture
async def handler() -> Scripted:
    return Scripted()


@pytest.fixture
async def clerk(tmp_path: Path, handler: Scripted) -> AsyncIterator[Clerk]:
    made = Clerk(tmp_path, handler)
    await made.start()
    yield made
    await made.end()


@pytest.fixture
async def link(tmp_path: Path) -> AsyncIterator[ClerkLink]:
    async with linked(ClerkLink(tmp_path)) as made:
        yield made


def ask(link: ClerkLink, key: str = "k1", within: float = LONG) -> tuple[Wait, list[Answer]]:
    """A wait that goes on once it is answered, and the answer."""
    heard: list[Answer] = []

    def hear(answer: Answer) -> None:
        heard.append(answer)

    wait = link.ask(msgspec.structs.replace(CLAIM, key=key), hear, within)
    assert isinstance(wait, Wait)
    return wait, heard


def outcomes(link: ClerkLink) -> dict[str, int]:
    return {f"{each.kind} {each.outcome}": each.count for each in link.take_outcomes()}


async def test_an_answer_ends_the_wait(clerk: Clerk, link: ClerkLink) -> None:
    """The step hears the answer and lets the request go on; nothing is kept of it."""
    wait, heard = ask(link)
    assert (wait.within, link.waits, link.held > 0) == (LONG, 1, True)
    await until(lambda: wait.is_over)

    assert (wait.given, len(heard), link.waits, link.held) == (None, 1, 0, 0)
    assert outcomes(link) == {"claim_key answered": 1}


async def test_a_step_may_answer_by_what_it_heard(clerk: Clerk, link: ClerkLink) -> None:
    """What `hear` returns is the client's answer; an error of it is 500 for this request, and the link goes on."""
    said = LocalAnswer(409, "no")
    answered = link.ask(CLAIM, lambda _: said, LONG)
    broken = link.ask(CLAIM, lambda _: 1 / 0, LONG)  # type: ignore[arg-type, return-value]
    assert isinstance(answered, Wait)
    assert isinstance(broken, Wait)
    await until(lambda: answered.is_over and broken.is_over)

    assert answered.given is said
    assert broken.given is not None
    assert broken.given.status == 500
    later, _ = ask(link)
    await until(lambda: later.is_over)


async def test_a_database_that_is_away_is_503(clerk: Clerk, link: ClerkLink, handler: Scripted) -> None:
    """The clerk says that it cannot know; the client gets 503 with `Retry-After`, and may come back."""
    handler.away = True
    wait, heard = ask(link)
    await until(lambda: wait.is_over)

    assert wait.given is not None
    assert (wait.given.status, wait.given.lines, heard) == (503, (b"Retry-After: 1",), [])
    assert outcomes(link) == {"claim_key unavailable": 1}


async def test_who_leaves_is_forgotten_after_the_answer_was_worked_out(
    clerk: Clerk, link: ClerkLink, handler: Scripted
) -> None:
    """What a client that left had asked is undone, and not before it was done."""
    handler.go.clear()
    wait, heard = ask(link)
    late, _ = ask(link, "late", within=0.0)
    await until(lambda: len(handler.asked) == 2)
    wait.abandon()
    late.abandon()
    answered, _ = ask(link, "k2")
    await until(lambda: len(handler.asked) == 3)
    assert handler.forgotten == []

    handler.go.set()
    await until(lambda: answered.is_over and not link.held)
    assert (sorted(handler.forgotten), heard, link.waits) == (["k1", "late"], [], 0)
    assert outcomes(link) == {"claim_key left": 1, "claim_key late": 1, "claim_key answered": 1}


async def test_a_clerk_that_dies_is_asked_again_when_another_is_there(
    clerk: Clerk, link: ClerkLink, handler: Scripted
) -> None:
    """Questions that were not answered, and notices that were not taken, are said again; who left is not."""
    handler.go.clear()
    first, _ = ask(link, "first")
    left, _ = ask(link, "left")
    await until(lambda: len(handler.asked) == 2)
    await clerk.end()
    left.abandon()
    while_away, _ = ask(link, "while away")
    assert link.tell(SETTLED)
    handler.asked.clear()
    handler.go.set()
    await clerk.start()
    await until(lambda: first.is_over and while_away.is_over and not link.held)

    assert handler.asked == ["first", "while away"]
    assert handler.forgotten == ["left"]
    assert (first.given, while_away.given, handler.taken) == (None, None, [SETTLED])
    await until(lambda: link.held == 0)


async def test_a_notice_is_told_until_it_was_taken(
    clerk: Clerk, link: ClerkLink, handler: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database is away the worker keeps it; `finish` waits for it, a moment."""
    monkeypatch.setattr("proxy.clerk.worker_connection.AGAIN_AFTER", 0.01)
    handler.away = True
    assert link.tell(SETTLED)
    answered, _ = ask(link)
    await until(lambda: answered.is_over)
    assert (handler.taken, link.held > 0) == ([], True)

    handler.away = False
    await link.finish()
    assert (handler.taken, link.held) == ([SETTLED], 0)


async def test_what_waits_is_bounded_in_number_and_bytes(
    clerk: Clerk, link: ClerkLink, handler: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One question too many is 503 at once, one notice too many is lost; both are counted, and others go on."""
    monkeypatch.setattr(clerk_link, "MAX_WAITS", 2)
    handler.go.clear()
    waits = [ask(link)[0], ask(link)[0]]
    refused = link.ask(CLAIM, lambda _: None)
    assert isinstance(refused, LocalAnswer)
    assert (refused.status, refused.lines) == (503, (b"Retry-After: 1",))

    monkeypatch.setattr(clerk_link, "MAX_HELD", link.held)
    assert not link.tell(SETTLED)
    handler.go.set()
    await until(lambda: all(wait.is_over for wait in waits))
    assert link.tell(SETTLED)
    assert outcomes(link) == {"claim_key no_room": 1, "key_settled no_room": 1, "claim_key answered": 2}


async def test_a_clerk_that_reads_nothing_loses_the_connection(
    clerk: Clerk, link: ClerkLink, handler: Scripted, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it left unread is bounded: the connection is made anew, and what matters still is said there."""
    handler.go.clear()
    await until(lambda: link.unread is not None)
    first = link._transport
    wait, _ = ask(link)
    await until(lambda: handler.asked)
    monkeypatch.setattr(clerk_link, "MAX_UNREAD", -1)
    ask(link, "more")
    monkeypatch.undo()
    await until(lambda: link._transport not in {None, first})
    handler.go.set()
    await until(lambda: wait.is_over and not link.waits)


async def test_what_nobody_can_read_ends_the_connection(clerk: Clerk, link: ClerkLink, handler: Scripted) -> None:
    """Of either end; both go on with the next connection."""
    await until(lambda: link.unread is not None)
    link.write(b"\x00\x00\x00\x01\xc1")
    wait, _ = ask(link)
    await until(lambda: wait.is_over)
    link.data_received(b"\x00\x00\x00\x01\xc1")
    again, _ = ask(link)
    await until(lambda: again.is_over)

    assert handler.asked[-1] == "k1"
