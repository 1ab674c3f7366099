"""Whom the clerk asks, probed over the wire: introspection endpoints, the lookup of callers, token endpoints."""

from __future__ import annotations

import json
from base64 import b64decode
from pathlib import Path
from urllib.parse import parse_qs

from proxy.core.reachability.finding import End, ProbeRow, RowOutcome, TargetFindings, TargetKind
from proxy.core.routing.snapshot import Snapshot
from proxy.reachability.reachability import find_out
from proxy.reachability.targets import targets_of
from tests.e2e.program import free_port
from tests.edge.scripted import Scripted, always, sized
from tests.reachability.conftest import Behind
from tests.reachability.probing import LONG, Block, failure, row, snapshot_of

ASKED = (TargetKind.INTROSPECTION, TargetKind.LOOKUP, TargetKind.TOKEN_ENDPOINT)
LEGACY: Block = {"url": "http://127.0.0.1:1"}


async def found_of(snapshot: Snapshot) -> list[TargetFindings]:
    """What is found of the endpoints, not of upstreams."""
    return await find_out(snapshot, [each for each in targets_of(snapshot) if each.kind in ASKED], LONG)


def opaque(port: int, secret: Path) -> Snapshot:
    """A policy whose tokens are asked for there."""
    asked = {"url": f"http://127.0.0.1:{port}/introspect?k=hush", "client": "ban yan", "secret": f"file:{secret}"}
    return snapshot_of(LEGACY, auth={"partners": {"introspection": asked}}, auth_default=["partners"])


def basic(upstream: Scripted) -> list[str]:
    """Whom each request said that it was."""
    said = [value.removeprefix(b"Basic ") for each in upstream.requests for value in each.values(b"Authorization")]
    return [b64decode(value).decode() for value in said]


async def test_an_introspection_endpoint_is_asked_of_a_token_that_nobody_has(behind: Behind, tmp_path: Path) -> None:
    """As the client, as the clerk asks; no secret is shown, and no query."""
    (tmp_path / "secret").write_text("hush-hush\n")
    endpoint = await behind(None, always(sized(b'{"active": false}')))

    (found,) = await found_of(opaque(endpoint.port, tmp_path / "secret"))

    assert (found.name, found.outcome) == ("partners", RowOutcome.FINE)
    assert found.where == f"http://127.0.0.1:{endpoint.port}/introspect"
    assert row(found, ProbeRow.AS_WHOM).said == f"the client ban yan, its secret from {tmp_path}/secret"
    assert row(found, ProbeRow.MAY_I).said.startswith("200 to POST /introspect: a token that nobody has is not active")
    assert [each.row for each in found.findings] == [each for each in ProbeRow if each is not ProbeRow.TLS]
    assert "hush" not in repr(found)
    (asked,) = endpoint.requests
    assert asked.start == b"POST /introspect?k=hush HTTP/1.1"
    assert parse_qs(asked.body.decode())["token"] == ["banyan-probe"]
    assert basic(endpoint) == ["ban+yan:hush-hush"]


async def test_a_client_that_is_not_known_there_is_for_this_end_to_change(behind: Behind, tmp_path: Path) -> None:
    """401: the client and its secret; a port that is closed is the other end's."""
    (tmp_path / "secret").write_text("wrong")
    endpoint = await behind(None, always(sized(b"", status=b"401 Unauthorized")))

    (refused,) = await found_of(opaque(endpoint.port, tmp_path / "secret"))
    (away,) = await found_of(opaque(free_port(), tmp_path / "secret"))

    refusal = row(refused, ProbeRow.MAY_I)
    assert (refusal.outcome, refusal.change) == (RowOutcome.FAILED, End.HERE)
    assert "auth.partners.introspection" in refusal.cure
    assert row(away, ProbeRow.CONNECT).outcome is RowOutcome.FAILED


async def test_a_secret_that_this_user_cannot_read_is_told(behind: Behind, tmp_path: Path) -> None:
    """And nothing is asked."""
    endpoint = await behind()

    (found,) = await found_of(opaque(endpoint.port, tmp_path / "none"))

    assert (failure(found).row, failure(found).change) == (ProbeRow.AS_WHOM, End.HERE)
    assert failure(found).said == f"no secret in {tmp_path}/none: No such file or directory"
    assert endpoint.requests == []


async def test_the_lookup_is_asked_of_a_subject_that_nobody_has(behind: Behind) -> None:
    """As nobody; 404 is what it has to say."""
    members = await behind(None, always(sized(b"no", status=b"404 Not Found")))
    policy = {"issuer": "https://id.test", "audience": "crm", "algorithms": ["EdDSA"]}
    auth = {"a": {**policy, "keys": {"url": "https://id.test/jwks"}}}
    lookup = {"field": "X-Member-Number", "url": f"http://127.0.0.1:{members.port}/by-subject/{{sub}}"}

    (found,) = await found_of(snapshot_of(LEGACY, principal={"lookup": lookup}, auth=auth, auth_default=["a"]))

    assert (found.kind, found.name, found.outcome) == (TargetKind.LOOKUP, "lookup", RowOutcome.FINE)
    assert members.requests[0].start == b"GET /by-subject/banyan-probe HTTP/1.1"
    assert row(found, ProbeRow.AS_WHOM).said.startswith("nobody")


def client_credentials(port: int) -> dict[str, object]:
    source = {"url": f"http://127.0.0.1:{port}/token", "client_id": "banyan", "client_secret": "hush-hush"}
    return {"client_credentials": {**source, "scope": "policies:read"}}


async def test_a_token_endpoint_is_asked_for_the_token_of_its_upstreams(behind: Behind) -> None:
    """As the clerk asks; neither the secret nor the token is shown."""
    token = json.dumps({"access_token": "issued", "token_type": "Bearer", "expires_in": 60})
    provider = await behind(None, always(sized(token.encode())))
    auth = client_credentials(provider.port)
    snapshot = snapshot_of({**LEGACY, "auth": auth})

    (found,) = await found_of(snapshot)

    assert (found.kind, found.name, found.outcome) == (TargetKind.TOKEN_ENDPOINT, "legacy", RowOutcome.FINE)
    assert basic(provider) == ["banyan:hush-hush"]
    assert parse_qs(provider.requests[0].body.decode()) == {
        "grant_type": ["client_credentials"],
        "scope": ["policies:read"],
    }
    assert "hush-hush" not in repr(found)
    assert "issued" not in repr(found)


async def test_a_scope_that_a_client_may_not_have_is_told(behind: Behind) -> None:
    """By the provider's own word, and where routes.yaml asks for it."""
    provider = await behind(None, always(sized(b'{"error": "invalid_scope"}', status=b"400 Bad Request")))

    (found,) = await found_of(snapshot_of({**LEGACY, "auth": client_credentials(provider.port)}))

    refusal = row(found, ProbeRow.MAY_I)
    assert (refusal.outcome, refusal.said) == (RowOutcome.FAILED, "400 to POST /token: invalid_scope")
    assert refusal.cure.startswith("banyan may not have what upstreams.legacy.auth.client_credentials.scope asks for")
