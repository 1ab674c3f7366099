"""A proxy whose routes ask for tokens, before an upstream that tells what it got."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from proxy.edge.auth.caller_check import CallerCheck
from proxy.edge.steps.auth_step import AuthKind
from tests.edge.auth.issuer import Issuer, bearer
from tests.edge.conftest import Play, Serve
from tests.edge.message import Message
from tests.edge.proxy import Block, Proxy, upstream
from tests.edge.raw_client import get
from tests.edge.scripted import Scripted, echo

ORDERS: Block = {"name": "orders", "match": "/orders/**", "stage": "legacy", "auth": "members"}


@dataclass(frozen=True, slots=True)
class Guarded:
    """`place` is where key sets are."""

    proxy: Proxy
    legacy: Scripted
    issuer: Issuer
    place: Path

    async def ask(self, *lines: bytes, target: bytes = b"/orders/7") -> Message:
        """A request with these field lines."""
        return await self.proxy.ask(get(target, *lines))

    async def shows(self, token: bytes, target: bytes = b"/orders/7") -> Message:
        """A request with this token."""
        return await self.ask(bearer(token), target=target)

    async def refuses(self, token: bytes, why: str, target: bytes = b"/orders/7") -> None:
        """401, with nothing that helps a forger; nothing goes upstream; the log alone has the reason."""
        before, asked = len(self.refusals()), len(self.legacy.requests)
        answer = await self.shows(token, target)

        assert answer.status == 401
        assert answer.values(b"WWW-Authenticate") == [b'Bearer realm="banyan", error="invalid_token"']
        assert answer.problem["detail"] == "the token is not good here"
        assert len(self.legacy.requests) == asked
        assert (await self.refused(before + 1))[before:] == [why]

    async def refused(self, count: int) -> list[str]:
        """The reasons in the log, once there are so many."""
        await self.proxy.until(lambda: len(self.refusals()) >= count)
        return self.refusals()

    def refusals(self) -> list[str]:
        """The reasons in the log of what was answered here."""
        lines = [json.loads(line) for line in self.proxy.raw_lines()]
        return [line["reason"] for line in lines if line["side"] == "self"]

    def install(self, *routes: Block, **top: object) -> None:
        """A reload, with the same policy where no other is said."""
        auth = top.pop("auth", None) or {"members": self.issuer.policy(self.place)}
        self.proxy.install({"legacy": upstream(self.legacy)}, list(routes or (ORDERS,)), auth=auth, **top)

    @property
    def check(self) -> CallerCheck:
        """What remembers tokens."""
        (kind,) = [each for each in self.proxy.listener._steps._kinds if isinstance(each, AuthKind)]
        return kind._check


async def guarded(
    play: Play,
    serve: Serve,
    place: Path,
    *,
    issuer: Issuer | None = None,
    routes: Sequence[Block] = (ORDERS,),
    policy: Block | None = None,
    **top: object,
) -> Guarded:
    """With one policy, `members`, of an issuer whose key set is in a file."""
    legacy = await play(echo)
    issuer = issuer or Issuer()
    auth = top.pop("auth", None) or {"members": issuer.policy(place, **(policy or {}))}
    proxy = await serve(legacy, routes=list(routes), auth=auth, **top)
    return Guarded(proxy, legacy, issuer, place)
