"""Desks before a real provider and a real database: each is what one replica's clerk does for `grants:`."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from proxy.clerk.grants.spool import Spool
from proxy.clerk.grants.spool_recovery import recover
from proxy.clerk.grants.token_desk import TokenDesk
from proxy.core.grants.grant_policy import GrantPolicy, GrantSystem, KeyPlace
from proxy.core.routing.route import Upstream
from proxy.core.secret import Secret
from proxy.link.grant_questions import GrantUsed, UseGrant
from proxy.names.resolver import Resolver
from proxy.store.postgres.connections import Connections, Patience
from proxy.store.postgres.grant_tables import GrantTables
from proxy.tasks import Tasks
from tests.clerk.grants.provider import SECRET, basic

LEGACY, NEW, STRANGER = "10.1.0.1", "10.2.0.1", "192.0.2.1"
POLICY = GrantPolicy(
    name="aggregator",
    upstream="aggregator",
    systems=(
        GrantSystem(name="legacy", networks=(ip_network("10.1.0.0/16"),), adopt=True),
        GrantSystem(name="new", networks=(ip_network("10.2.0.0/16"),)),
    ),
    hash_key=KeyPlace(text=Secret("11" * 32)),
    data_keys=(KeyPlace(text=Secret("22" * 32)),),
    wait=20.0,
)
FORM = ("content-type", "application/x-www-form-urlencoded")


@dataclass(slots=True)
class Desk:
    """One replica. `ask` refreshes as a system does that stands at `address`."""

    desk: TokenDesk
    tables: GrantTables
    connections: Connections
    spool: Spool
    resolver: Resolver
    tasks: Tasks
    given: list[GrantUsed] = field(default_factory=list)

    async def ask(
        self, token: str, address: str = LEGACY, secret: str = SECRET, client: str = "card", **more: str
    ) -> GrantUsed:
        form = {"grant_type": "refresh_token", "refresh_token": token, **more}
        return await self.post(urlencode(form).encode(), ("authorization", basic(client, secret)), address=address)

    async def post(
        self, body: bytes, *fields: tuple[str, str], address: str = LEGACY, path: str = "/token"
    ) -> GrantUsed:
        revokes = path != "/token"
        question = UseGrant(
            provider="aggregator", revokes=revokes, target=path, fields=(FORM, *fields), body=body, address=address
        )
        return await self.desk.answer(question)

    async def recover(self) -> int:
        return await recover(self.tables, self.spool)

    async def close(self) -> None:
        await self.desk.end()
        await self.tasks.end()
        await self.resolver.close()
        await self.connections.close()


def desk(database: str, folder: Path, port: int, policy: GrantPolicy = POLICY, **patience: float) -> Desk:
    """A replica with its own state directory; to be made inside the loop."""
    connections = Connections(database, patience=Patience(**({"timeout": 30.0, "connect": 30.0} | patience)), most=8)
    tables, spool, tasks = GrantTables(connections), Spool(folder), Tasks()
    resolver = Resolver(tasks)
    made = TokenDesk(tables, spool, resolver, tasks)
    made.follow({policy.name: policy}, {policy.upstream: upstream(port)})
    return Desk(desk=made, tables=tables, connections=connections, spool=spool, resolver=resolver, tasks=tasks)


def upstream(port: int) -> Upstream:
    return Upstream(name="aggregator", scheme="http", host="127.0.0.1", port=port)


def with_policy(**changes: object) -> GrantPolicy:
    return replace(POLICY, **changes)  # type: ignore[arg-type] # by their names


def said(reply: GrantUsed) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(reply.body)
    return found


def refreshed(reply: GrantUsed) -> str:
    """The refresh token of an answer that has to be good."""
    assert reply.status == 200, reply
    return str(said(reply)["refresh_token"])
