"""Who knows a name, and what is said where nobody does: a real name server, a hosts file, the system's own modules."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from proxy.core.reachability.finding import End, Finding, ProbeRow, RowOutcome
from proxy.names.files import Files
from proxy.names.resolver import Resolver
from proxy.reachability.name_row import NameSources, name_row
from proxy.reachability.target_time import TargetTime
from proxy.tasks import Tasks
from tests.names.server import Mute, NameServer, Told
from tests.reachability.conftest import Behind
from tests.reachability.probing import LONG, probed, resolver_files, row


@pytest.fixture
async def server() -> AsyncIterator[NameServer]:
    """Its book is empty."""
    made = await NameServer().start()
    yield made
    await made.stop()


async def asked(files: Files, name: str, *, system: bool = False, length: float = LONG) -> Finding:
    tasks = Tasks()
    resolver = Resolver(tasks, files)
    found, _ = await name_row(
        NameSources(resolver, files, tasks), name, "upstreams.new", TargetTime(length), system=system
    )
    await tasks.end()
    await resolver.close()
    return found


def with_server(server: NameServer, folder: Path, hosts: str = "") -> Files:
    return resolver_files(folder, f"127.0.0.1:{server.port}", hosts)


async def test_a_name_server_s_answer_is_told_with_its_ttl(server: NameServer, tmp_path: Path) -> None:
    """And which server said so; that curl would not find it here is a warning."""
    server.book["crm.test"] = Told(30, ("10.0.0.8", "10.0.0.7"))

    found = await asked(with_server(server, tmp_path), "crm.test")

    assert found.said == f"10.0.0.7, 10.0.0.8 by 127.0.0.1:{server.port} ({tmp_path}/resolv.conf), TTL 30 s"
    assert found.outcome is not RowOutcome.FAILED


async def test_the_hosts_file_goes_first(server: NameServer, tmp_path: Path) -> None:
    """It is named, and no server is asked."""
    found = await asked(with_server(server, tmp_path, "10.0.0.9 crm.test\n"), "crm.test")

    assert found.said == f"10.0.0.9 by {tmp_path}/hosts"
    assert server.asked == []


@pytest.mark.parametrize(
    ("book", "change", "said", "cure"),
    [
        ({}, End.HERE, "no name server and no hosts file knows it", "has no answer for crm.test"),
        ({"crm.test": Mute.FAILED}, End.THERE, "could not say", "who keeps crm.test"),
    ],
)
async def test_a_name_without_an_address_says_who_has_to_change_what(
    server: NameServer, tmp_path: Path, book: dict[str, Mute], change: End, said: str, cure: str
) -> None:
    """Nobody knows it: here; its servers fail: there."""
    server.book.update(book)

    found = await asked(with_server(server, tmp_path), "crm.test")

    assert (found.row, found.outcome, found.change) == (ProbeRow.NAME, RowOutcome.FAILED, change)
    assert said in found.said
    assert cure in found.cure


async def test_silence_is_bounded_and_told_apart(server: NameServer, tmp_path: Path) -> None:
    """It ends with the target's time, and names the server that is silent."""
    server.book["crm.test"] = Mute.SILENT

    found = await asked(with_server(server, tmp_path), "crm.test", length=0.3)

    assert (found.outcome, found.change) == (RowOutcome.FAILED, End.HERE)
    assert found.said == f"crm.test: no name server answered (127.0.0.1:{server.port})"
    assert f"{tmp_path}/resolv.conf names 127.0.0.1:{server.port}" in found.cure


async def test_curl_s_other_answer_is_a_warning(server: NameServer, tmp_path: Path) -> None:
    """`localhost` is 127.0.0.1 for the system; a hosts file that says otherwise is what Banyan would ask."""
    found = await asked(with_server(server, tmp_path, "10.0.0.9 localhost\n"), "localhost")

    assert (found.outcome, found.change) == (RowOutcome.WARNING, End.HERE)
    assert "127.0.0.1" in found.cure
    assert found.cure.endswith("if that is right, upstreams.new.resolve: system")


async def test_by_the_system_alone_nothing_is_compared(server: NameServer, tmp_path: Path) -> None:
    """`resolve: system` asks nsswitch.conf, and says so."""
    found = await asked(with_server(server, tmp_path), "localhost", system=True)

    assert found.outcome is RowOutcome.FINE
    assert found.said.endswith(" by this system (nsswitch.conf)")
    assert server.asked == []


async def test_each_address_of_a_name_has_its_rows(behind: Behind, server: NameServer, tmp_path: Path) -> None:
    """One that is well and one that refuses stand beside each other."""
    upstream = await behind()
    server.book["crm.test"] = Told(30, ("127.0.0.1", "127.0.0.2"))

    found = await probed({"url": f"http://crm.test:{upstream.port}"}, files=with_server(server, tmp_path))

    assert row(found, ProbeRow.CONNECT, f"127.0.0.1:{upstream.port}").outcome is RowOutcome.FINE
    assert row(found, ProbeRow.CONNECT, f"127.0.0.2:{upstream.port}").said == "refused"
    assert row(found, ProbeRow.MAY_I).address == f"127.0.0.1:{upstream.port}"
