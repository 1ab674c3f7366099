from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from bench.errors import BenchError
from holds.asking import Answer, Ask, Asker
from holds.isolation.blast import Played, checks
from holds.isolation.crowd import Crowd, turned
from holds.isolation.faulty import Fault, Talk, belongs
from holds.isolation.harm import Death, Layout, Scenario, choose, scenarios
from holds.isolation.misuse import Conduct, Misuse, Misuser
from holds.isolation.setting import table
from holds.isolation.stopped import Stopped
from holds.isolation.stopped import checks as stopped_checks
from proxy.config.load import Loaded, load_text
from tests.edge.blackhole import blackhole

GET = Ask("GET", "r00")
WELL = Answer(number=1, ask=GET, began=1.0, ended=1.01, status=200, trouble="")
REFUSED = replace(WELL, status=503, trouble="status")
OPEN = "open to the end"
GOT = {
    (Conduct.ASK, Fault.NONE): "200",
    (Conduct.ASK, Fault.ERROR): "500",
    (Conduct.ASK, Fault.RESET): "cut",
    (Conduct.ASK, Fault.FLOOD): "200",
    (Conduct.ASK, Fault.HANG): OPEN,
    (Conduct.ASK, Fault.TRICKLE): OPEN,
    (Conduct.LEAVE, Fault.TRICKLE): "left after 200",
    (Conduct.STALL, Fault.NONE): OPEN,
    (Conduct.STALL, Fault.IMPATIENT): "cut",
    (Conduct.LATE, Fault.IMPATIENT): "ended",
    (Conduct.CHURN, Fault.NONE): "left",
}
"""What most requests of a kind get from the upstream itself."""


@asynccontextmanager
async def served() -> AsyncIterator[int]:
    """A faulty upstream; its port."""
    server = await asyncio.get_running_loop().create_server(Talk, "127.0.0.1", 0)
    async with server:
        yield int(server.sockets[0].getsockname()[1])


def played(scenario: Scenario, *answers: Answer, told: Counter[str] | None = None) -> Played:
    """Fifteen seconds with these answers."""
    return Played(scenario=scenario, seconds=15.0, calm=[WELL], answers=answers, came=Counter(), told=told or Counter())


def broken(run: Played) -> list[str]:
    """The sentences that do not hold."""
    return [each.sentence for each in checks(run) if not each.holds]


def test_every_scenario_has_a_name_of_its_own_and_a_table_that_loads() -> None:
    """Eighty and more, and `check` finds nothing wrong with what Banyan is started with."""
    everything = scenarios()

    assert len({each.name for each in everything}) == len(everything)
    for each in everything:
        text = table(each, ["127.0.0.2"], 80).replace("@LISTEN@", "1024").replace("@ADMIN@", "1025")

        assert isinstance(load_text(text, "routes.yaml", {}), Loaded)


def test_scenarios_are_chosen_by_pattern_and_a_pattern_that_meets_none_is_an_error() -> None:
    """In their own order, each once; the error names what there is."""
    assert [each.name for each in choose("two/refuses,two/r*")] == [
        "two/refuses",
        "two/routes-reset-2",
        "two/routes-reset-50",
        "two/routes-reset-burst",
    ]
    with pytest.raises(BenchError, match=r"called 'tow/\*'; there are routes/hang-2"):
        choose("two/*,tow/*")


def test_nobody_good_asks_for_the_bad_endpoint() -> None:
    """Nineteen with GET and POST; all twenty where the client is bad, since it asks for all."""
    bad, client = choose("endpoints/reset-2,endpoints/client-reset")

    assert Ask("POST", "api/r19") not in bad.asks
    assert len(bad.asks) == 38
    assert len(client.asks) == 40


def test_one_good_request_that_fails_breaks_a_scenario() -> None:
    """Whatever its status; with two addresses one that was left out does, too."""
    (one, two) = choose("routes/reset-2,two/routes-reset-2")

    assert broken(played(one, WELL, WELL)) == []
    assert broken(played(one, WELL, REFUSED)) == ["routes/reset-2: no good request failed"]
    assert broken(played(two, WELL, told=Counter(address=1))) == ["two/routes-reset-2: no address is left out"]


def test_an_address_that_dies_may_take_one_request_a_second_but_none_that_can_be_repeated() -> None:
    """Of fifteen seconds, fourteen are after its death; a GET is lost only where it hangs."""
    refuses, hangs = choose("two/refuses,two/hangs")
    write = replace(REFUSED, ask=Ask("POST", "r00"))

    assert broken(played(refuses, *[write] * 14)) == []
    assert broken(played(refuses, *[write] * 15)) == ["two/refuses: at most one request a second failed"]
    assert broken(played(refuses, REFUSED)) == ["two/refuses: none that may be repeated failed"]
    assert (hangs.death, broken(played(hangs, REFUSED))) == (Death.HANGS, [])


def test_an_upstream_that_hangs_must_be_refused_at_once_and_found_again() -> None:
    """Opened in time, a 503 within 50 ms but for those that find out, and 200 soon after its return."""
    (scenario,) = choose("all/hang-1s")
    quick = [replace(REFUSED, began=2.0 + each, ended=2.01 + each) for each in range(23)]
    good = Stopped(scenario=scenario, began=1.0, ended=26.0, answers=[*quick, WELL], told=Counter())
    slow = replace(good, answers=[replace(each, ended=each.began + 1.0) for each in quick])
    gone = replace(good, answers=[*quick, replace(REFUSED, began=36.0, ended=36.01)])
    asks = replace(good, answers=[*quick, *(replace(REFUSED, began=each, ended=each + 1.0) for each in range(12, 21))])

    assert [each.holds for each in stopped_checks(good)] == [True, True, True]
    assert [each.holds for each in stopped_checks(slow)] == [False, False, True]
    assert [each.holds for each in stopped_checks(gone)] == [True, True, False]
    assert [each.holds for each in stopped_checks(asks)] == [True, True, True]
    more = replace(asks, answers=[*asks.answers, *slow.answers[-1:]])
    assert [each.holds for each in stopped_checks(more)] == [True, False, True]


async def test_good_clients_come_from_many_addresses_and_begin_at_different_endpoints() -> None:
    """An upstream without faults answers every one of them, and each answer is its own."""
    asks = (GET, Ask("POST", "r00"), Ask("GET", "api/r07"))
    async with served() as port:
        crowd = Crowd(port, asks, 200.0)
        await crowd.ask_for(0.5)

    assert {each.trouble for each in crowd.answers} == {""}
    assert {each.ask for each in crowd.answers} == set(asks)
    assert turned(asks, 4) == (asks[1], asks[2], asks[0])


async def test_the_upstream_does_what_the_client_asks_for() -> None:
    """Without a proxy between them, all at once: what bad requests get, and that others are answered meanwhile."""
    async with served() as port:
        asker = Asker(port, (GET,), 10.0, belongs=belongs)
        came = await asyncio.gather(*[_came(port, *each) for each in GOT], asker.ask_for(3.5))

    assert {each: got for each, got in zip(GOT, came, strict=False) if not got or not got[GOT[each]]} == {}
    assert {each.trouble for each in asker.answers} == {""}


async def _came(port: int, conduct: Conduct, fault: Fault) -> Counter[str]:
    misuse = Misuse(conduct=conduct, fault=fault, rate=1.0, paths=["r19"], sources=["127.9.9.9"], at_once=2)
    misuser = Misuser(port, misuse)
    await misuser.go_on(5.0)
    return misuser.came


async def test_an_address_that_swallows_packets_can_be_the_one_that_was_served() -> None:
    """No connection is made to the very port where another had listened."""
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        assert not await reader.read()
    with blackhole("127.0.0.1", port) as same, pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await asyncio.open_connection("127.0.0.1", same)


def test_layouts_differ_in_where_the_endpoint_is_named() -> None:
    """By route, by the first two segments, and by the first alone."""
    firsts = {each.layout: each.asks[0].route for each in scenarios()}

    assert firsts == {Layout.ROUTES: "r00", Layout.ENDPOINTS: "api/r00", Layout.IDS: "r00"}
