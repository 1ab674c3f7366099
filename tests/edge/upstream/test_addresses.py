"""Several addresses of one upstream: who is asked, who is left out, who comes back, and what names stand for."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter, deque
from collections.abc import Sequence

import pytest

from proxy.core.routing.route import Balance, Eject, Endpoint
from proxy.edge.upstream.address import Chooser, UpstreamAddress, usable_of
from proxy.edge.upstream.dial import USER_TIMEOUT
from proxy.edge.upstream.outcomes import Asking
from tests.edge.conftest import Play, Serve
from tests.edge.loops import BOTH
from tests.edge.proxy import REST, Block
from tests.edge.questions import Question, everybody
from tests.edge.raw_client import get, post
from tests.edge.scripted import Peer, Scripted, always, sized, then_close
from tests.edge.upstream.test_circuit_breaker import crowd


class Nobody:
    """An overseer that does nothing."""

    def returned(self, connection: object) -> None:
        """Nothing."""

    def freed(self) -> None:
        """Nothing."""

    def failed(self, address: UpstreamAddress, asking: Asking) -> None:
        """Nothing."""

    def unavailable(self, address: UpstreamAddress, asking: Asking) -> None:
        """Nothing."""

    def answered(self, address: UpstreamAddress, asking: Asking, status: int) -> None:
        """Nothing."""


def some(count: int) -> list[UpstreamAddress]:
    """Addresses without connections."""
    waiting: deque[object] = deque()
    return [UpstreamAddress(Endpoint("a", number), "127.0.0.1", Nobody(), waiting) for number in range(count)]  # type: ignore[arg-type]


def several(*upstreams: Scripted | int, **more: object) -> Block:
    """An upstream that listens at all of these."""
    ports = [upstream if isinstance(upstream, int) else upstream.port for upstream in upstreams]
    return {"endpoints": [f"http://127.0.0.1:{port}" for port in ports], **more}


def test_at_most_a_share_is_left_out() -> None:
    """Of four, two; those that would be back first stay in; when all are out, all are asked."""
    addresses = some(4)
    for number, address in enumerate(addresses[:3]):
        address.out_until = 10.0 + number

    assert usable_of(addresses, 0.5, 1.0) == [addresses[0], addresses[3]]
    assert usable_of(addresses, 0.5, 11.5) == [addresses[0], addresses[1], addresses[3]]

    addresses[3].down_until = 50.0

    assert usable_of(addresses, 0.5, 1.0) == addresses


def test_a_single_address_is_never_left_out() -> None:
    """There is nobody else."""
    (alone,) = some(1)
    alone.out_until = alone.down_until = 100.0

    assert usable_of([alone], 1.0, 1.0) == [alone]


def test_what_control_said_ends_with_its_time() -> None:
    """A verdict of a control that is gone holds no longer than it said."""
    addresses = some(2)
    addresses[0].down_until = 15.0

    assert usable_of(addresses, 0.5, 14.9) == addresses[1:]
    assert usable_of(addresses, 0.5, 15.0) == addresses


def test_each_ejection_is_longer_up_to_a_cap_and_an_answer_ends_the_series() -> None:
    """Base times their number, a fifth of jitter at most on top."""
    (address,) = some(1)
    rule = Eject(failures=2, base=10.0, cap=25.0)
    lengths = []
    for _ in range(3):
        assert [address.refuse(rule, 100.0) for _ in range(2)] == [False, True]
        lengths.append(address.out_until - 100.0)

    assert [10 <= lengths[0] <= 12, 20 <= lengths[1] <= 24, 25 <= lengths[2] <= 30] == [True] * 3

    address.recover(Question(), 101.0)
    address.out_until = 0.0
    assert [address.refuse(rule, 100.0) for _ in range(2)] == [False, True]
    assert address.out_until >= 125.0  # an answer that comes late says nothing of what comes next

    address.out_until = 0.0
    address.recover(Question(), 100.0)
    assert [address.refuse(rule, 100.0) for _ in range(2)] == [False, True]
    assert address.out_until <= 112.0
    assert not any(address.refuse(None, 100.0) for _ in range(9))


def ejected(failing: Sequence[Question], well: Sequence[Question]) -> bool:
    """Whether an address is, at which these fail and those are answered, in turn."""
    (address,) = some(1)
    found = False
    for bad, good in zip(failing, well, strict=True):
        found |= address.fail(Eject(), bad, 100.0)
        address.recover(good, 100.0)
    return found


def test_an_address_goes_by_what_several_ask_of_it() -> None:
    """Half of ten requests of several operations and clients; what one operation or one client meets ejects nothing."""
    several = everybody()

    assert ejected(several, several)
    assert not ejected([Question(b"slow", b"c%d" % number) for number in range(16)], several)
    assert not ejected([Question(b"o%d" % number, b"bad") for number in range(16)], several)
    assert not any(some(1)[0].fail(None, question, 100.0) for question in several)


def test_the_less_busy_of_two_is_chosen() -> None:
    """Of two addresses the busier one is never asked; of three the busiest never."""
    addresses = some(3)
    for number, address in enumerate(addresses):
        address.open = number
    chooser = Chooser(Balance.LEAST_REQUEST)

    assert {chooser.choose(addresses[:2]).open for _ in range(50)} == {0}
    assert {chooser.choose(addresses).open for _ in range(200)} == {0, 1}


def test_in_turn_means_in_turn() -> None:
    """`round_robin` asks each as often."""
    addresses = some(3)
    chooser = Chooser(Balance.ROUND_ROBIN)

    assert Counter(chooser.choose(addresses).endpoint.port for _ in range(30)) == {0: 10, 1: 10, 2: 10}


@pytest.mark.parametrize("balance", Balance)
def test_who_is_back_gets_its_part_slowly(balance: Balance) -> None:
    """Right after its return about a tenth of its half, at half of `slow_start` half of it, then all."""
    addresses = some(2)
    back = addresses[0]
    back.back_at = 100.0
    shares = []
    for now in (100.0, 105.0, 110.0):
        back.warm(now, 10.0)
        chooser = Chooser(balance)
        shares.append(sum(chooser.choose(addresses) is back for _ in range(4000)) / 4000)

    assert [0.02 < shares[0] < 0.09, 0.2 < shares[1] < 0.3, 0.45 < shares[2] < 0.55] == [True] * 3


@BOTH
async def test_all_endpoints_are_asked(play: Play, serve: Serve) -> None:
    """Two endpoints share what one upstream gets; each has connections of its own."""
    one, two = await play(always(sized(b"1"))), await play(always(sized(b"2")))
    proxy = await serve(upstreams={"legacy": several(one, two)}, routes=[REST])
    answers = Counter([(await proxy.ask(get())).body for _ in range(60)])

    assert set(answers) == {b"1", b"2"}
    assert [len(server.peers) for server in (one, two)] == [1, 1]


async def test_the_busy_endpoint_is_asked_less(play: Play, serve: Serve) -> None:
    """FT02: an endpoint that hangs keeps the few that it has; the others go elsewhere."""
    gate = asyncio.Event()

    async def hanging(peer: Peer) -> None:
        await peer.request()
        await gate.wait()

    slow, quick = await play(hanging), await play(always(sized(b"quick")))
    proxy = await serve(upstreams={"legacy": several(slow, quick)}, routes=[REST])
    asking = [asyncio.ensure_future(proxy.ask(get())) for _ in range(3)]
    await proxy.until(lambda: len(slow.requests) + len(quick.requests) == 3)
    answers = [(await proxy.ask(get())).body for _ in range(30)]
    gate.set()
    await asyncio.gather(*asking)

    assert len(slow.requests) <= 3
    assert answers == [b"quick"] * 30


async def test_a_dead_endpoint_costs_nobody_an_answer(play: Play, serve: Serve) -> None:
    """FT18: one of two refuses connections: every request, a POST too, is answered by the other."""
    dead, well = await play(always(sized(b""))), await play(always(sized(b"well")))
    dead.stop_listening()
    proxy = await serve(upstreams={"legacy": several(dead, well)}, routes=[REST])

    assert {(await proxy.ask(message)).body for message in [get(), post(b"x")] * 10} == {b"well"}
    assert proxy.pool().ejected == 1


async def test_an_endpoint_that_breaks_off_is_ejected_and_comes_back(play: Play, serve: Serve) -> None:
    """After `volume` failures it is not asked for `base`; then it is again."""
    bad, well = await play(then_close()), await play(always(sized(b"well")))
    keys: Block = {"eject": {"volume": 3, "base": "500ms"}, "slow_start": "0s", "balance": "round_robin"}
    proxy = await serve(upstreams={"legacy": several(bad, well, **keys)}, routes=[REST])
    statuses = await crowd(proxy, 20, method=b"DELETE")

    assert statuses.count(502) == len(bad.requests) == 3

    bad.script = always(sized(b"back"))
    await proxy.until(lambda: proxy.pool().ejected == 0)

    assert {(await proxy.ask(get())).body for _ in range(4)} == {b"well", b"back"}


async def test_what_the_probes_found_is_heard(play: Play, serve: Serve) -> None:
    """An endpoint that control calls down is not asked until it is called well."""
    one, two = await play(always(sized(b"1"))), await play(always(sized(b"2")))
    proxy = await serve(upstreams={"legacy": several(one, two, slow_start="0s")}, routes=[REST])
    pool = proxy.pool()
    pool.hear(f"127.0.0.1:{one.port}", 0.0, float("inf"))

    assert {(await proxy.ask(get())).body for _ in range(20)} == {b"2"}
    assert pool.ejected == 1

    pool.hear(f"127.0.0.1:{one.port}", 0.0, 0.0)

    assert {(await proxy.ask(get())).body for _ in range(40)} == {b"1", b"2"}


@BOTH
async def test_a_connection_that_dies_silently_is_found_out(play: Play, serve: Serve) -> None:
    """FT03: keep-alive probes and a user timeout are set on every connection to an upstream."""
    legacy = await play(always(sized(b"hi")))
    proxy = await serve(legacy)
    await proxy.ask(get())
    (connection,) = proxy.pool().addresses[0].idle
    sock = connection.transport.get_extra_info("socket")

    assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == USER_TIMEOUT


async def test_a_wait_for_a_turn_that_is_too_long_is_our_own_503(play: Play, serve: Serve) -> None:
    """All connections are busy for longer than `timeout.queue`: the proxy is to blame, in the phase connect."""
    gate = asyncio.Event()

    async def slow(peer: Peer) -> None:
        while await peer.next_request() is not None:
            await gate.wait()
            await peer.send(sized(b"hi"))

    legacy = await play(slow)
    keys: Block = {"url": f"http://127.0.0.1:{legacy.port}", "connections": 1, "timeout": {"queue": "200ms"}}
    proxy = await serve(upstreams={"legacy": keys}, routes=[REST])
    first = asyncio.ensure_future(proxy.ask(get()))
    await proxy.until(lambda: legacy.requests)
    answer = await proxy.ask(post(b"x"))
    gate.set()

    assert (answer.status, answer.value(b"Retry-After")) == (503, b"1")
    assert (await first).status == 200
    assert {line["failure"] for line in await proxy.lines(2) if line["status"] == 503} == {"connect:proxy"}
    assert len(legacy.requests) == 1
