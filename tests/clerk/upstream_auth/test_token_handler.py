"""Sources are kept supplied: ahead of time, one call at a time, also after everything stood still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import pytest
from structlog.testing import capture_logs

from proxy.clerk.upstream_auth import token_flight
from proxy.clerk.upstream_auth.source_error import SourceError
from proxy.clerk.upstream_auth.token_handler import TokenHandler
from proxy.core.routing.snapshot import Snapshot
from proxy.core.secret import Secret
from proxy.core.upstream_auth.token_source import GoogleIdentity, IssuedToken, TokenSource, source_key
from proxy.link.questions import Unavailable
from proxy.link.token_messages import TokenRefused, UpstreamTokens
from tests.config.given_files import snapshot, with_routes
from tests.waiting import until

LIFE = 20.0


class Clock:
    """Wall time that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def time(self) -> float:
        return self.now


class Source:
    """What every source is here: it gives token after token, unless it fails or hangs."""

    def __init__(self, clock: Clock) -> None:
        self.calls: list[TokenSource] = []
        self.at_once = self.most_at_once = 0
        self.problem: Exception | None = None
        self.go = asyncio.Event()
        self.go.set()
        self._clock = clock

    async def fetch(self, source: TokenSource) -> IssuedToken:
        self.calls.append(source)
        self.at_once += 1
        self.most_at_once = max(self.at_once, self.most_at_once)
        number, now = len(self.calls), self._clock.now
        try:
            await self.go.wait()
            if self.problem is not None:
                raise self.problem
        finally:
            self.at_once -= 1
        return IssuedToken(token=Secret(f"hush-{number}"), issued=now, ends=now + LIFE)


def table(*audiences: str) -> Snapshot:
    """Legacy, and one upstream for each of these audiences."""
    upstreams = "".join(
        f'  u{at}: {{url: "https://u{at}.test", host: upstream, auth: {{google_identity: {{audience: {audience}}}}}}}\n'
        for at, audience in enumerate(audiences)
    )
    head = f'version: 1\nlisten: 127.0.0.1:8080\nupstreams:\n  legacy: {{url: "http://127.0.0.1:3000"}}\n{upstreams}'
    return snapshot(with_routes("name: rest, match: /**, stage: legacy", head=head))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(token_flight, "time", made)
    monkeypatch.setattr(token_flight, "LOOK_EVERY", 0.01)
    return made


@asynccontextmanager
async def handling(source: Source, *audiences: str) -> AsyncIterator[tuple[TokenHandler, list[UpstreamTokens]]]:
    told: list[UpstreamTokens] = []
    handler = TokenHandler(table(*audiences), told.append, source.fetch)
    try:
        yield handler, told
    finally:
        source.go.set()
        await handler.end()


def last(told: list[UpstreamTokens]) -> list[str]:
    return [each.token for each in told[-1].tokens]


def has(told: list[UpstreamTokens], *tokens: str) -> Callable[[], bool]:
    return lambda: last(told) == list(tokens)


async def test_equal_sources_are_asked_once(clock: Clock) -> None:
    """However many upstreams name it; another audience is another source."""
    source = Source(clock)
    async with handling(source, "/a", "/a", "/b") as (handler, told):
        await until(lambda: len(told[-1].tokens) == 2)
        assert source.calls == [GoogleIdentity(audience="/a"), GoogleIdentity(audience="/b")]
        assert [each.upstreams for each, _ in handler._flights.values()] == [("u0", "u1"), ("u2",)]


async def test_a_token_is_renewed_ahead_of_its_end(clock: Clock) -> None:
    """Half its life before."""
    source = Source(clock)
    async with handling(source, "/a") as (_, told):
        await until(has(told, "hush-1"))
        clock.now += LIFE / 2 - 0.1
        await asyncio.sleep(0.1)
        assert len(source.calls) == 1
        clock.now += 0.2
        await until(has(told, "hush-2"))


async def test_after_a_pause_it_is_renewed_at_once(clock: Clock) -> None:
    """The process stood still for an hour: what counts is the wall clock, not how long it has slept."""
    source = Source(clock)
    async with handling(source, "/a") as (_, told):
        await until(has(told, "hush-1"))
        clock.now += 3600.0
        await until(has(told, "hush-2"))


async def test_a_call_that_hangs_is_not_made_twice(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """It counts as failed, and what it brings at last is taken."""
    monkeypatch.setattr(token_flight, "TIMEOUT", 0.02)
    source = Source(clock)
    source.go.clear()
    async with handling(source, "/a") as (handler, told):
        for _ in range(5):
            failed = handler.told.tokens[0].failed if handler.told.tokens else 0
            await until(lambda failed=failed: handler.told.tokens and handler.told.tokens[0].failed > failed)  # type: ignore[misc]
            clock.now += 20.0
        assert last(told) == [""]
        assert (len(source.calls), source.most_at_once) == (1, 1)
        source.go.set()
        await until(lambda: last(told) != [""])
        assert source.most_at_once == 1


@pytest.mark.parametrize("problem", [SourceError("away"), RuntimeError("hush-hush")])
async def test_a_failure_leaves_the_token_of_before(clock: Clock, problem: Exception) -> None:
    """It is told once, and again when the token has ended; after that the next token is news."""
    source = Source(clock)
    with capture_logs() as logged:
        async with handling(source, "/a") as (handler, told):
            await until(has(told, "hush-1"))
            source.problem = problem
            for _ in range(3):
                clock.now += LIFE / 2
                failed = handler.told.tokens[0].failed
                await until(lambda failed=failed: handler.told.tokens[0].failed > failed)  # type: ignore[misc]
            assert last(told) == ["hush-1"]
            await until(lambda: any(each["event"] == "upstream_token_ended" for each in logged))
            source.problem = None
            clock.now += LIFE
            await until(lambda: last(told) != ["hush-1"])
    events = [each["event"] for each in logged if each["event"] != "upstream_token_broke"]
    assert events == [
        *("upstream_token_fetched", "upstream_token_failed", "upstream_token_ended", "upstream_token_fetched"),
    ]
    shown = [each for each in logged if each["event"] != "upstream_token_broke"]
    assert "hush" not in str(shown)


async def test_a_source_that_never_had_one_says_so(clock: Clock) -> None:
    """So that nobody waits for the first."""
    source = Source(clock)
    source.problem = SourceError("away")
    async with handling(source, "/a") as (_, told):
        await until(lambda: told[-1].tokens)
        assert last(told) == [""]


async def test_a_refused_token_is_asked_for_anew_once(clock: Clock) -> None:
    """However many requests were refused with it; a token of before, or of another source, is nobody's business."""
    source = Source(clock)
    async with handling(source, "/a") as (handler, told):
        await until(has(told, "hush-1"))
        key, mark = source_key(GoogleIdentity(audience="/a")), IssuedToken(token=Secret("hush-1"), issued=0).mark
        await handler.take(TokenRefused("another", mark))
        await handler.take(TokenRefused(key, "another"))
        for _ in range(5):
            await handler.take(TokenRefused(key, mark))
        await until(has(told, "hush-2"))
        await handler.take(TokenRefused(key, IssuedToken(token=Secret("hush-2"), issued=0).mark))
        await asyncio.sleep(0.1)
        assert len(source.calls) == 2
        assert handler.told.tokens[0].refused == 7


async def test_a_new_table_keeps_what_it_still_names(clock: Clock) -> None:
    """Its token stays; a source that nobody names is asked no more, and its token forgotten."""
    source = Source(clock)
    async with handling(source, "/a", "/b") as (handler, told):
        await until(lambda: len(told[-1].tokens) == 2)
        handler.follow(table("/b", "/c"))
        await until(lambda: len(told[-1].tokens) == 2)
        assert [each.audience for each in source.calls if isinstance(each, GoogleIdentity)] == ["/a", "/b", "/c"]
        handler.follow(table())
        assert told[-1].tokens == []
        assert handler.told.tokens == []


async def test_nothing_is_asked_of_it(clock: Clock) -> None:
    """Workers are told; there are no questions."""
    async with handling(Source(clock), "/a") as (handler, _):
        assert isinstance(await handler.answer(None), Unavailable)
        await handler.forget(None)


async def test_what_is_told_shows_no_secret(clock: Clock) -> None:
    """A message that somebody prints, or that is part of an error."""
    source = Source(clock)
    async with handling(source, "/a") as (_, told):
        await until(has(told, "hush-1"))
        assert "hush" not in repr(told)
