"""Tokens whose key a worker does not know yet, over the wire: an issuer that changes its keys costs nobody a 401."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from time import time

import pytest

from proxy.edge.auth.key_waits import MOST
from proxy.link.messages import KeySet, KeySets, Suspended
from tests.edge.auth.guarded import ORDERS, Guarded, guarded
from tests.edge.auth.issuer import Issuer, bearer, ed
from tests.edge.conftest import Play, Serve
from tests.edge.message import Message, check_problem
from tests.edge.proxy import Block
from tests.edge.raw_client import get

URL = "https://id.example.com/jwks"


class Rotating:
    """A proxy whose policy fetches its key set; `asked` is what control hears."""

    def __init__(self, orders: Guarded) -> None:
        self.orders = orders
        self.asked: list[str] = []
        self.callers = orders.proxy.listener.callers
        self.callers.key_waits.ask = self.asked.append
        self.next = Issuer(ed("two"))

    def give(self, *issuers: Issuer, answered: Sequence[str] = ()) -> None:
        """Control sends the keys of these."""
        keys = [key for issuer in issuers for key in issuer.jwks["keys"]]
        jwks = json.dumps({"keys": keys}).encode() if keys else b""
        self.callers.hear_keys(KeySets([KeySet(URL, jwks)], list(answered), time()))

    async def held(self, *tokens: bytes) -> list[asyncio.Task[Message]]:
        """Requests that wait for a key."""
        asking = [asyncio.ensure_future(self.orders.shows(token)) for token in tokens]
        await self.orders.proxy.until(lambda: len(self.callers.key_waits) == len(tokens))
        return asking


Start = Callable[..., Awaitable[Rotating]]


@pytest.fixture
def start(play: Play, serve: Serve, tmp_path: Path) -> Start:
    async def run(route: Block | None = None, **auth: object) -> Rotating:
        issuer = Issuer(ed("one"))
        policy = {"members": issuer.policy(tmp_path, keys={"url": URL})}
        routes = [{**ORDERS, **(route or {}), "auth": {"by": "members", **auth}}]
        made = Rotating(await guarded(play, serve, tmp_path, issuer=issuer, auth=policy, routes=routes))
        made.give(issuer)
        return made

    return run


async def test_a_rotation_costs_nobody_a_401(start: Start) -> None:
    """Requests with a new key are held until control has fetched it, for which it is asked once; then all go on."""
    rotating = await start()
    asking = await rotating.held(*(rotating.next.token(jti=str(each)) for each in range(30)))
    assert rotating.asked == [URL]
    rotating.give(rotating.orders.issuer, rotating.next, answered=[URL])

    assert {(await each).status for each in asking} == {200}
    assert rotating.orders.refusals() == []
    assert (await rotating.orders.shows(rotating.orders.issuer.token())).status == 200


async def test_a_held_request_stays_on_the_side_of_its_cohort(start: Start) -> None:
    """Its claims were not known when its route was found, and are when its cohort is drawn: a tenant's write is not
    one side's and its next read the other's, because the issuer has changed its key in between.
    """
    pinned: Block = {
        "stage": "canary",
        "split": "50%",
        "cohort": "jwt:tenant",
        "pin": {"new": ["acme"]},
        "new": "legacy",
    }
    rotating = await start(pinned)
    asking = await rotating.held(rotating.next.token(tenant="acme"))
    rotating.give(rotating.orders.issuer, rotating.next, answered=[URL])

    assert [(await each).status for each in asking] == [200]
    assert [line["reason"] for line in await rotating.orders.proxy.lines(1)] == ["pinned"]


async def test_a_key_that_nobody_has_is_a_401_once_it_was_asked_for(start: Start) -> None:
    """And only then does it count as a failed check of its address."""
    rotating = await start()
    (asking,) = await rotating.held(rotating.next.token())
    rotating.give(rotating.orders.issuer)
    assert not asking.done()
    assert rotating.orders.check.wait(b"127.0.0.1") == 0
    rotating.give(rotating.orders.issuer, answered=[URL])

    check_problem(await asking, 401)
    await rotating.orders.proxy.until(lambda: rotating.orders.refusals() == ["unknown_key"])


async def test_a_key_that_was_asked_for_in_vain_is_asked_for_no_more(start: Start) -> None:
    """Its next tokens are 401 at once, until the set changes: then it may be there soon."""
    rotating = await start()
    (asking,) = await rotating.held(rotating.next.token())
    rotating.give(rotating.orders.issuer, answered=[URL])
    check_problem(await asking, 401)
    check_problem(await rotating.orders.shows(rotating.next.token(jti="2")), 401)
    assert rotating.asked == [URL]

    rotating.give(Issuer(ed("three")))
    (asking,) = await rotating.held(rotating.next.token(jti="3"))
    rotating.give(rotating.next, answered=[URL])
    assert (await asking).status == 200


async def test_a_forger_of_ever_new_keys_keeps_nobody_from_a_rotation(
    start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A new key is held, or 503, however many others were asked for just now; forged ones fail a check each."""
    monkeypatch.setattr("proxy.edge.auth.key_waits.WITHIN", 0.05)
    rotating = await start()
    rotating.give(rotating.orders.issuer, answered=[URL])
    for each in range(3):
        check_problem(await rotating.orders.shows(Issuer(ed(f"forged {each}")).token()), 503)
    check_problem(await rotating.orders.shows(rotating.next.token()), 503)
    rotating.give(rotating.next, answered=[URL])
    assert (await rotating.orders.shows(rotating.next.token())).status == 200
    assert "unknown_key" not in rotating.orders.refusals()


async def test_ever_new_keys_of_an_address_are_bounded(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each one fails a check before it was asked for: then it is 429. A key that comes again fails none."""
    monkeypatch.setattr("proxy.edge.auth.key_waits.MOST", 0)
    rotating = await start()
    for _ in range(30):
        check_problem(await rotating.orders.shows(rotating.next.token()), 503)
    answers = [(await rotating.orders.shows(Issuer(ed(f"forged {each}")).token())).status for each in range(60)]
    assert (answers[0], answers[-1]) == (503, 429)


async def test_a_wait_in_vain_is_a_503(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the key set cannot be asked for nobody can say that the token is bad."""
    monkeypatch.setattr("proxy.edge.auth.key_waits.WITHIN", 0.05)
    rotating = await start()
    answer = await rotating.orders.shows(rotating.next.token())

    check_problem(answer, 503)
    assert answer.value(b"Retry-After") == b"1"
    assert len(rotating.callers.key_waits) == 0


async def test_a_client_that_leaves_waits_no_more(start: Start) -> None:
    """Its place is free at once."""
    rotating = await start()
    client = await rotating.orders.proxy.client()
    await client.send(get(b"/orders/7", bearer(rotating.next.token())))
    await rotating.orders.proxy.until(lambda: len(rotating.callers.key_waits) == 1)
    client.reset()
    await rotating.orders.proxy.until(lambda: len(rotating.callers.key_waits) == 0)


async def test_so_many_are_held(start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    """The next is 503 at once, as nobody has asked for its key yet; the known key is not held at all."""
    assert MOST == 64
    monkeypatch.setattr("proxy.edge.auth.key_waits.MOST", 2)
    rotating = await start()
    asking = await rotating.held(*(rotating.next.token(jti=str(each)) for each in range(2)))
    check_problem(await rotating.orders.shows(rotating.next.token(jti="more")), 503)
    assert (await rotating.orders.shows(rotating.orders.issuer.token())).status == 200
    rotating.give(rotating.next, answered=[URL])
    assert {(await each).status for each in asking} == {200}


async def test_a_removed_key_ends_its_tokens(start: Start) -> None:
    """Those that were checked before, too: they are held until it is certain, and then 401."""
    rotating = await start()
    token = rotating.orders.issuer.token()
    assert (await rotating.orders.shows(token)).status == 200
    rotating.give(rotating.next)
    (asking,) = await rotating.held(token)
    rotating.give(rotating.next, answered=[URL])
    check_problem(await asking, 401)


async def test_without_any_key_set_it_is_asked_for(start: Start) -> None:
    """The client gets 503 at once, and control hears of it now and then."""
    rotating = await start()
    rotating.give()
    for _ in range(3):
        check_problem(await rotating.orders.shows(rotating.next.token()), 503)
    assert rotating.asked == [URL]


async def test_where_nothing_is_enforced_nobody_is_held(start: Start) -> None:
    """The key is asked for all the same."""
    rotating = await start(enforce=False)
    assert (await rotating.orders.shows(rotating.next.token())).status == 200
    assert rotating.asked == [URL]


async def test_a_key_that_a_file_lacks_is_not_waited_for(play: Play, serve: Serve, tmp_path: Path) -> None:
    """Nobody fetches a file."""
    orders = await guarded(play, serve, tmp_path, issuer=Issuer(ed("one")))
    await orders.refuses(Issuer(ed("two")).token(), "unknown_key")


async def test_a_suspended_subject_is_refused_however_good_its_token_is(start: Start) -> None:
    """403 from the next request on, checked token or not, and no longer than that lasts; nobody else notices."""
    rotating = await start()
    ada, ben = rotating.orders.issuer.token(), rotating.orders.issuer.token(sub="ben")
    assert (await rotating.orders.shows(ada)).status == 200
    rotating.callers.suspended.adopt(Suspended(["ada"]))
    answer = await rotating.orders.shows(ada)
    check_problem(answer, 403)
    assert answer.values(b"WWW-Authenticate") == []
    assert (await rotating.orders.shows(ben)).status == 200
    await rotating.orders.proxy.until(lambda: rotating.orders.refusals() == ["suspended"])

    rotating.callers.suspended.adopt(Suspended([]))
    assert (await rotating.orders.shows(ada)).status == 200


async def test_a_key_that_stands_twice_in_its_set_is_one(start: Start) -> None:
    """Its issuer has said it twice, and nobody has to ask which of the two is meant."""
    rotating = await start()
    rotating.give(rotating.next, rotating.next)
    assert (await rotating.orders.shows(rotating.next.token())).status == 200


@pytest.mark.parametrize(
    "odd", [{"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA"}, {"kty": "OKP", "crv": "?", "x": "AA"}]
)
async def test_a_key_that_cannot_be_read_costs_itself_alone(start: Start, odd: dict[str, str]) -> None:
    """Neither the other keys of its set, nor the link to control that has brought it."""
    rotating = await start()
    jwks = json.dumps({"keys": [odd, *rotating.next.jwks["keys"]]}).encode()
    rotating.callers.hear_keys(KeySets([KeySet(URL, jwks)], []))

    assert (await rotating.orders.shows(rotating.next.token())).status == 200
