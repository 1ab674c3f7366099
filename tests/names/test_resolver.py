"""Names to addresses, asked of a real name server."""

from __future__ import annotations

import asyncio
from pathlib import Path
from time import monotonic

import pytest

from proxy.names import dns
from proxy.names import resolver as resolving
from proxy.names.dns import MOST
from proxy.names.files import Files
from proxy.names.resolution import NoAddress, Resolution, Resolved, Unresolved
from proxy.names.resolver import Resolver
from tests.names.server import Mute, NameServer, Told

EVER = -float("inf")
"""Any answer is new enough."""


async def now(resolver: Resolver, name: str) -> Resolution:
    """What a new look-up finds."""
    return await resolver.ask(name, monotonic())


def addresses(resolved: Resolution) -> tuple[str, ...]:
    """Those of an answer."""
    assert isinstance(resolved, Resolved), resolved
    return resolved.hosts


async def test_both_families_come_in_one_order(resolver: Resolver, server: NameServer) -> None:
    """Whatever order a server puts addresses in: IPv4, then IPv6, each by number and once."""
    server.book["app.test"] = Told(7, ("10.0.0.10", "::2", "10.0.0.9", "::1", "10.0.0.9"))

    found = await resolver.ask("app.test", EVER)

    assert addresses(found) == ("10.0.0.9", "10.0.0.10", "::1", "::2")
    assert isinstance(found, Resolved)
    assert found.ttl == 7.0


async def test_the_least_ttl_of_a_chain_counts(resolver: Resolver, server: NameServer) -> None:
    """An alias that holds for 3 s makes addresses that hold for 60 s hold for 3 s."""
    server.book["app.test"] = Told(60, ("10.0.0.1",), alias="real.test", alias_ttl=3)

    found = await resolver.ask("app.test", EVER)

    assert isinstance(found, Resolved)
    assert (found.hosts, found.ttl) == (("10.0.0.1",), 3.0)


async def test_the_search_list_leads_to_the_first_that_has_addresses(resolver: Resolver, server: NameServer) -> None:
    """A domain that does not know the name, and one whose name has no address, lead on; so does one that fails."""
    server.book["app.one.test"] = Told(9, ())
    server.book["app.two.test"] = Told(9, ("10.0.0.1",))

    assert addresses(await resolver.ask("app", EVER)) == ("10.0.0.1",)

    server.book["app.one.test"] = Mute.FAILED

    assert addresses(await now(resolver, "app")) == ("10.0.0.1",)


async def test_a_hundred_answers_come_over_tcp(resolver: Resolver, server: NameServer) -> None:
    """What is cut short over UDP is asked for again over TCP; nothing is lost."""
    server.book["app.test"] = Told(9, tuple(f"10.0.0.{number}" for number in range(100)))

    assert len(addresses(await resolver.ask("app.test", EVER))) == 100
    assert server.by_tcp == 1


async def test_more_addresses_than_the_bound_are_left_out(resolver: Resolver, server: NameServer) -> None:
    """Of a thousand the first 256 count, and always the same."""
    told = [f"10.0.{number // 256}.{number % 256}" for number in range(1000)]
    server.book["app.test"] = Told(9, tuple(reversed(told)))

    assert addresses(await resolver.ask("app.test", EVER)) == tuple(told[:MOST])


@pytest.mark.parametrize(
    ("book", "why"),
    [
        (None, NoAddress.UNKNOWN),
        (Told(9, ()), NoAddress.UNKNOWN),
        (Mute.FAILED, NoAddress.FAILED),
        (Mute.SILENT, NoAddress.SILENT),
    ],
)
async def test_why_there_is_no_address_is_told(
    resolver: Resolver,
    server: NameServer,
    book: Told | Mute | None,
    why: NoAddress,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """No such name, no address, a server that fails, one that is silent: three different things, in a sentence."""
    monkeypatch.setattr(dns, "TRIES", 1)
    if book is not None:
        server.book |= dict.fromkeys(("app.test", "app.test.one.test", "app.test.two.test"), book)

    found = await resolver.ask("app.test", EVER)

    assert isinstance(found, Unresolved)
    assert found.why is why
    assert found.detail.startswith(f"app.test: {why.value}")


async def test_silence_leads_to_no_other_name(
    resolver: Resolver, server: NameServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the right name is silent, the next one of the search list is not taken for it."""
    monkeypatch.setattr(dns, "TRIES", 1)
    server.book = {"app.one.test": Mute.SILENT, "app.two.test": Told(9, ("10.0.0.1",))}

    found = await resolver.ask("app", EVER)

    assert isinstance(found, Unresolved)
    assert found.why is NoAddress.SILENT


async def test_silence_about_one_family_keeps_nobody_waiting(resolver: Resolver, server: NameServer) -> None:
    """The other family's addresses are used after a moment; what was known of the silent one stays."""
    server.book["app.test"] = Told(9, ("10.0.0.1", "::1"))
    await resolver.ask("app.test", EVER)
    server.book["app.test"] = Told(9, ("10.0.0.2",), mute=Mute.SILENT_ABOUT_SIX)

    assert addresses(await now(resolver, "app.test")) == ("10.0.0.2", "::1")

    server.book["app.test"] = Told(9, ("10.0.0.2",))

    assert addresses(await now(resolver, "app.test")) == ("10.0.0.2",)


async def test_a_name_is_asked_for_once_at_a_time(resolver: Resolver, server: NameServer) -> None:
    """Fifty who ask at once make one question, and hear the same answer; one who leaves ends nothing."""
    server.book["app.test"] = Told(9, ("10.0.0.1",))
    waiting = [asyncio.ensure_future(resolver.ask("App.test", EVER)) for _ in range(50)]
    await asyncio.sleep(0)
    waiting.pop().cancel()

    assert {addresses(answer) for answer in await asyncio.gather(*waiting)} == {("10.0.0.1",)}
    assert server.kinds("app.test") == 1


async def test_a_look_up_that_began_too_early_is_not_taken_for_a_newer_one(
    resolver: Resolver, server: NameServer
) -> None:
    """Whoever wants to know what holds from now on waits for the one that runs, and then for one of its own."""
    server.book["app.test"] = Told(9, ("10.0.0.1",), mute=Mute.SILENT_ABOUT_SIX)
    first = asyncio.ensure_future(resolver.ask("app.test", EVER))
    while not server.asked:  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.005)
    server.book["app.test"] = Told(9, ("10.0.0.2",))

    assert addresses(await resolver.ask("app.test", monotonic())) == ("10.0.0.2",)
    assert addresses(await first) == ("10.0.0.1",)


async def test_a_look_up_that_ends_while_somebody_asks_holds_up_nobody(
    resolver: Resolver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever wants something newer, in the very turn of the loop in which it ends, begins one of its own."""
    told: list[asyncio.Future[None]] = []

    async def asked(_name: str, _servers: object) -> dns.AddressesByFamily:
        told.append(asyncio.get_running_loop().create_future())
        await told[-1]
        return dns.AddressesByFamily((f"10.0.0.{len(told)}",), None, 1.0)

    monkeypatch.setattr(resolver._dns, "ask", asked)
    first = asyncio.ensure_future(resolver.ask("app.test", monotonic()))
    while not told:  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0)
    told[0].set_result(None)
    second = asyncio.ensure_future(resolver.ask("app.test", monotonic()))
    while len(told) < 2:  # noqa: ASYNC110 - the same
        await asyncio.sleep(0)
    told[1].set_result(None)

    assert [addresses(answer) for answer in await asyncio.gather(first, second)] == [("10.0.0.1",), ("10.0.0.2",)]


async def test_what_was_told_a_moment_ago_is_asked_for_anew(resolver: Resolver, server: NameServer) -> None:
    """c-ares' own memory, which keeps an answer for its TTL, is never asked."""
    for number in range(20):
        server.book["app.test"] = Told(600, (f"10.0.0.{number}",))

        assert addresses(await resolver.ask("app.test", monotonic())) == (f"10.0.0.{number}",)


async def test_a_silent_name_keeps_no_other_waiting(resolver: Resolver, server: NameServer) -> None:
    """While a hundred names are silent, another one is answered."""
    silent = [f"silent{number}.test" for number in range(100)]
    server.book |= dict.fromkeys(silent, Mute.SILENT) | {"app.test": Told(9, ("10.0.0.1",))}
    waiting = [asyncio.ensure_future(resolver.ask(name, EVER)) for name in silent]
    while len(server.asked) < len(silent):  # noqa: ASYNC110 - what is waited for has no event
        await asyncio.sleep(0.005)

    assert addresses(await resolver.ask("app.test", EVER)) == ("10.0.0.1",)
    assert not any(waiter.done() for waiter in waiting)

    for task in waiting:
        task.cancel()


async def test_a_failure_is_not_asked_about_again_at_once(resolver: Resolver, server: NameServer) -> None:
    """A thousand requests for a name that is gone make no storm; later it is asked for again."""
    for _ in range(1000):
        await resolver.ask("app.test.", monotonic())

    few = server.kinds("app.test")
    assert few < 10

    await asyncio.sleep(resolving.FAILED_FOR)
    await resolver.ask("app.test.", monotonic())

    assert server.kinds("app.test") > few


async def test_the_last_good_answer_is_kept(resolver: Resolver, server: NameServer) -> None:
    """A look-up that fails says so, and what was known is still to be had."""
    server.book["app.test"] = Told(9, ("10.0.0.1",))
    good = await resolver.ask("app.test", EVER)
    del server.book["app.test"]

    assert isinstance(await now(resolver, "app.test"), Unresolved)
    assert resolver.kept("app.test") == good
    assert resolver.kept("other.test") is None


async def test_a_new_name_server_is_asked_from_the_next_question_on(
    resolver: Resolver, server: NameServer, tmp_path: Path
) -> None:
    """A resolv.conf that is written anew needs no restart."""
    server.book["app.test"] = Told(9, ("10.0.0.1",))
    await resolver.ask("app.test", EVER)
    other = await NameServer({"app.test": Told(9, ("10.0.0.2",))}).start()
    other.resolv_conf(tmp_path / "resolv.conf")

    assert addresses(await resolver.ask("app.test", monotonic())) == ("10.0.0.2",)

    await other.stop()


async def test_the_hosts_file_counts_before_any_server(resolver: Resolver, server: NameServer, tmp_path: Path) -> None:
    """And no server is asked for what stands there, or for localhost."""
    (tmp_path / "hosts").write_text("10.0.0.7 app.test\n", encoding="utf-8")

    assert addresses(await resolver.ask("app.test", EVER)) == ("10.0.0.7",)
    assert addresses(await resolver.ask("localhost", EVER)) == ("127.0.0.1", "::1")
    assert server.asked == []


async def test_only_so_many_names_are_remembered(
    resolver: Resolver, files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever was asked for longest ago is forgotten first."""
    monkeypatch.setattr(resolving, "MOST_KEPT", 2)
    for name in ("a.localhost", "b.localhost", "c.localhost"):
        await resolver.ask(name, EVER)

    assert [resolver.kept(name) is None for name in ("a.localhost", "b.localhost", "c.localhost")] == [
        True,
        False,
        False,
    ]
    assert files.hosts_of("a.localhost")
