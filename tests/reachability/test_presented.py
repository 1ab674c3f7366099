"""Upstreams with `auth:`: their token is fetched from a real source, sent with the request, and told by nothing."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from pathlib import Path

from proxy.core.reachability.finding import End, ProbeRow, RowOutcome
from tests.e2e.program import free_port
from tests.edge.scripted import always, sized
from tests.reachability.conftest import Behind
from tests.reachability.probing import failure, probed, row


def token_of(ends: float) -> str:
    parts: tuple[dict[str, object], ...] = ({"alg": "none"}, {"exp": ends}, {})
    return ".".join(urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts)


async def test_the_token_goes_along(behind: Behind, tmp_path: Path) -> None:
    """As whom names its source and its end, never the token; what the upstream answers to it is the status."""
    upstream = await behind()
    token = token_of(time.time() + 3600)
    (tmp_path / "token").write_text(token)

    found = await probed(
        {"url": f"http://127.0.0.1:{upstream.port}", "auth": {"bearer": {"file": str(tmp_path / "token")}}}
    )

    assert upstream.requests[0].values(b"Authorization") == [f"Bearer {token}".encode()]
    assert row(found, ProbeRow.AS_WHOM).said.startswith(f"the token in {tmp_path}/token, until 20")
    assert row(found, ProbeRow.MAY_I).outcome is RowOutcome.FINE
    assert token not in repr(found)


async def test_a_token_that_is_not_enough_is_for_the_other_end_to_let_in(behind: Behind, tmp_path: Path) -> None:
    """403 to somebody: the role that is missing, where the answer says it."""
    body = json.dumps({"error": {"message": "Permission 'run.routes.invoke' denied on resource 'projects/crm'"}})
    upstream = await behind(None, always(sized(body.encode(), status=b"403 Forbidden")))
    (tmp_path / "token").write_text("opaque")

    found = await probed(
        {"url": f"http://127.0.0.1:{upstream.port}", "auth": {"bearer": {"file": str(tmp_path / "token")}}}
    )

    assert row(found, ProbeRow.MAY_I).change is End.THERE
    assert "grant roles/run.invoker on projects/crm in the callee's project crm" in row(found, ProbeRow.MAY_I).cure


async def test_a_source_without_a_token_is_told_and_nothing_is_asked(behind: Behind, tmp_path: Path) -> None:
    """A file that is not there: this end; the upstream sees no request."""
    upstream = await behind()

    found = failure(
        await probed({"url": f"http://127.0.0.1:{upstream.port}", "auth": {"bearer": {"file": str(tmp_path / "none")}}})
    )

    assert (found.row, found.change) == (ProbeRow.AS_WHOM, End.HERE)
    assert f"no token: the token in {tmp_path}/none: No such file" in found.said
    assert upstream.requests == []


async def test_a_provider_s_refusal_is_told_though_the_upstream_is_away(behind: Behind) -> None:
    """Client credentials that the provider does not take: the other end, and both have their rows."""
    provider = await behind(None, always(sized(b'{"error": "invalid_client"}', status=b"401 Unauthorized")))
    source = {
        "client_credentials": {
            "url": f"http://127.0.0.1:{provider.port}/token",
            "client_id": "banyan",
            "client_secret": "hush-hush",
        }
    }

    found = await probed({"url": f"http://127.0.0.1:{free_port()}", "auth": source})

    assert row(found, ProbeRow.CONNECT).said == "refused"
    assert (row(found, ProbeRow.AS_WHOM).outcome, row(found, ProbeRow.AS_WHOM).change) == (
        RowOutcome.FAILED,
        End.THERE,
    )
    assert "hush-hush" not in repr(found)
