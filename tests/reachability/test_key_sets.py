"""Key sets of `auth:`, fetched from a real server as control would."""

from __future__ import annotations

import json

from proxy.core.reachability.finding import ProbeRow, RowOutcome, TargetFindings, TargetKind
from proxy.reachability.reachability import find_out
from proxy.reachability.targets import targets_of
from tests.core.reachability.test_key_set_finding import KEY, body
from tests.e2e.program import free_port
from tests.edge.scripted import always, chunked, sized
from tests.reachability.conftest import Behind
from tests.reachability.probing import LONG, failure, row, snapshot_of


async def key_sets(*urls: str) -> list[TargetFindings]:
    """What is found of the sets of policies with these URLs."""
    plain = {"issuer": "https://id.test", "audience": "crm", "algorithms": ["EdDSA"]}
    auth = {f"policy{place}": plain | {"keys": {"url": url}} for place, url in enumerate(urls)}
    snapshot = snapshot_of({"url": "http://127.0.0.1:1"}, auth=auth, auth_default=list(auth))
    return await find_out(snapshot, [each for each in targets_of(snapshot) if each.kind is TargetKind.KEY_SET], LONG)


async def test_a_key_set_is_read_whole(behind: Behind) -> None:
    """In chunks, too; policies with one source are asked once, and no query is shown."""
    document = body(KEY)
    upstream = await behind(None, always(chunked(document[:20], document[20:])))
    url = f"http://127.0.0.1:{upstream.port}/jwks?key=secret"

    (found,) = await key_sets(url, url)

    assert (found.name, found.outcome) == ("policy0, policy1", RowOutcome.FINE)
    assert "secret" not in repr(found)
    assert found.where == f"http://127.0.0.1:{upstream.port}/jwks"
    assert row(found, ProbeRow.MAY_I).said.endswith(": 1 key")
    assert [each.start for each in upstream.requests] == [b"GET /jwks?key=secret HTTP/1.1"]


async def test_a_page_is_no_key_set_and_a_closed_port_none_either(behind: Behind) -> None:
    """Each source has its rows."""
    upstream = await behind(None, always(sized(json.dumps({"keys": 1}).encode())))

    page, away = await key_sets(f"http://127.0.0.1:{upstream.port}/jwks", f"http://127.0.0.1:{free_port()}/jwks")

    assert row(page, ProbeRow.MAY_I).outcome is RowOutcome.FAILED
    assert failure(away).row is ProbeRow.CONNECT
