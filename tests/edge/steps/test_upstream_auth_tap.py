"""What puts Banyan's credential into a request, where it is sent to another side than it was decided for at first."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from proxy.core.outcome import Side
from proxy.core.secret import Secret
from proxy.core.upstream_auth.token_source import AwsEnvironment, BearerFile, IssuedToken, source_key
from proxy.edge.routing.step import LocalAnswer, Wait
from proxy.edge.steps.step_kind import WITHIN, nobody
from proxy.link.journal_questions import BeginWrite, WriteCommitted
from proxy.link.questions import Notice, Question
from proxy.link.token_messages import UpstreamTokens, token_message
from tests.edge.conftest import Play
from tests.edge.proxy import Block, Proxy, snapshot_of, upstream
from tests.edge.raw_client import request
from tests.edge.scripted import Scripted, echo
from tests.edge.signature_check import signer_of

SECRETS = {"AKBANYAN": "banyans-secret-key"}
SIGV4: Block = {
    "sigv4": {"region": "eu-west-1", "service": "execute-api", "credentials": "environment", "max_body": "1KiB"}
}
FOREVER = 4e9


class KillingClerk:
    """The kill switch is thrown while it is asked for the first time; whatever it is asked is done."""

    proxy: Proxy

    def __init__(self) -> None:
        self.sides: list[Side] = []

    def ask(self, question: Question, hear: Callable[..., object], within: float = WITHIN) -> Wait | LocalAnswer:
        assert isinstance(question, BeginWrite)
        if not self.sides:
            self.proxy.listener.kill(on=True)
        self.sides.append(question.side)
        wait = Wait(within)

        def answer() -> None:
            hear(WriteCommitted())
            wait.go_on()

        asyncio.get_running_loop().call_soon(answer)
        return wait

    def tell(self, notice: Notice, taken: Callable[[], None] = nobody) -> bool:
        del notice, taken
        return True


@pytest.fixture
async def serve_both(tmp_path: Path, play: Play) -> AsyncIterator[Callable[..., object]]:
    """A route that is live, whose legacy wants signatures."""
    started: list[Proxy] = []

    async def serve(clerk: KillingClerk, new_auth: Block | None, **more: object) -> tuple[Proxy, Scripted]:
        legacy, new = await play(echo), await play(echo)
        auth = {"auth": new_auth} if new_auth else {}
        upstreams = {
            "legacy": upstream(legacy, auth=SIGV4, applies="/applies"),
            "new": upstream(new, applies="/applies", **auth),
        }
        route: Block = {"name": "cards", "match": "/cards/{id}", "stage": "live", **more}
        proxy = await Proxy(tmp_path / "log").start(snapshot_of(upstreams, [route], {"state": "embedded"}), clerk=clerk)
        clerk.proxy = proxy
        token = IssuedToken(token=Secret(SECRETS["AKBANYAN"]), issued=0, ends=FOREVER, access_key="AKBANYAN")
        proxy.listener.hear_tokens(UpstreamTokens([token_message(source_key(AwsEnvironment()), token, (1, 0, 0))]))
        started.append(proxy)
        return proxy, legacy

    yield serve
    for proxy in started:
        await proxy.stop()


async def test_a_write_that_is_decided_anew_is_signed_with_its_body(serve_both: Callable[..., object]) -> None:
    """It was new's, which wants no signature, when its step was asked; the journal read its body after that."""
    clerk = KillingClerk()
    proxy, legacy = await serve_both(clerk, None, writes={"mode": "dual", "key": "path:id"})  # type: ignore[misc]
    answer = await proxy.ask(request(b"PUT", b"/cards/7", body=b"a card"))

    assert answer.status == 200
    assert clerk.sides == [Side.NEW, Side.LEGACY]
    (sent,) = [each for each in legacy.requests if each.start.startswith(b"PUT")]
    assert (sent.body, signer_of(sent, SECRETS)) == (b"a card", "AKBANYAN")


async def test_a_body_that_was_not_read_is_not_signed_for_another(serve_both: Callable[..., object]) -> None:
    """It waited for new's first token, and went to legacy by a kill meanwhile: 503, never a wrong signature."""
    bearer: Block = {"bearer": {"file": "/run/banyan/token"}}
    proxy, legacy = await serve_both(KillingClerk(), bearer)  # type: ignore[misc]
    asked = asyncio.ensure_future(proxy.ask(request(b"PUT", b"/cards/7", body=b"a card")))
    await proxy.until(lambda: proxy.pool("new").credential.waiting)
    proxy.listener.kill(on=True)
    token = IssuedToken(token=Secret("first"), issued=0, ends=FOREVER, access_key="")
    key = source_key(BearerFile(path="/run/banyan/token"))
    proxy.listener.hear_tokens(UpstreamTokens([token_message(key, token, (1, 0, 0))]))

    assert (await asked).status == 503
    assert [each for each in legacy.requests if each.start.startswith(b"PUT")] == []
