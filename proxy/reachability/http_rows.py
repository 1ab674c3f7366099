"""All rows of what speaks HTTP, an upstream's endpoint or whom Banyan's own parts ask: the name once, the others for
each address.

Rule 1: after a row that fails the address has no more of them: what would be asked next hangs on it.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from proxy.core.http.authority import normal_host
from proxy.core.reachability.answer_finding import Answer, AskedAs, judged
from proxy.core.reachability.connect_finding import own_address
from proxy.core.reachability.endpoint_finding import judged_introspection, judged_lookup, judged_token
from proxy.core.reachability.finding import Finding, ProbeRow, RowOutcome, TargetKind, fine
from proxy.core.reachability.key_set_finding import judged_key_set
from proxy.core.routing.route import Endpoint
from proxy.edge.instance import Here
from proxy.reachability.answer_rows import alert, ask
from proxy.reachability.connection_rows import Opened, connect_row, source_row, tls_row
from proxy.reachability.endpoint_targets import EndpointTarget
from proxy.reachability.name_row import NameSources, name_row
from proxy.reachability.presented import Presented, as_client, presented
from proxy.reachability.target_time import TargetTime
from proxy.reachability.targets import KeySetTarget, UpstreamTarget

HttpTarget = UpstreamTarget | KeySetTarget | EndpointTarget
MOST_ADDRESSES = 16
"""Of one name; of more, the first in order are probed."""
_REFUSALS = (401, 403)


async def http_rows(target: HttpTarget, names: NameSources, here: Here, target_time: TargetTime) -> list[Finding]:
    """Every row; `here` is where this routes.yaml listens."""
    upstream, host = target.upstream, target.question.host
    asked_as = (
        as_client(target)
        if isinstance(target, EndpointTarget)
        else presented(upstream, host, names.resolver, target_time)
    )
    shown, (found, places) = await asyncio.gather(asked_as, _places(target, names, target_time))
    each = await asyncio.gather(*[_AddressRows(target, place, shown, here, target_time).all() for place in places])
    rows = [*found, *(row for rows in each for row in rows)]
    is_said = any(row.row is ProbeRow.AS_WHOM for row in rows)
    return rows if is_said or upstream.auth is None else [*rows, shown.row]


async def _places(
    target: HttpTarget, names: NameSources, target_time: TargetTime
) -> tuple[list[Finding], list[Endpoint]]:
    """The row of the name, if there is one, and its addresses."""
    endpoint, upstream = target.endpoint, target.upstream
    if endpoint.is_unix:
        return [], [endpoint]
    key = f"upstreams.{upstream.name}" if isinstance(target, UpstreamTarget) else ""
    found, hosts = await name_row(names, endpoint.host, key, target_time, system=upstream.resolve.system)
    return [found], [Endpoint(host, endpoint.port) for host in hosts[:MOST_ADDRESSES]]


class _AddressRows:
    """The rows of one address."""

    def __init__(
        self, target: HttpTarget, place: Endpoint, shown: Presented, here: Here, target_time: TargetTime
    ) -> None:
        self._upstream = target.upstream
        self._target = target
        self._place = place
        self._shown = shown
        self._here = here
        self._target_time = target_time
        self._rows: list[Finding] = []

    async def all(self) -> list[Finding]:
        """In their order."""
        await self._reach()
        address = "" if self._place.is_unix else self._place.text
        return [replace(row, address=address) for row in self._rows]

    def _fails(self, row: Finding) -> bool:
        """Keep it; whether it is the last one, by rule 1."""
        self._rows.append(row)
        return row.outcome is RowOutcome.FAILED

    async def _reach(self) -> None:
        place = self._place
        if not place.is_unix and self._fails(source_row(place.host)):
            return
        if self._here.is_at(place.host, place.port):
            self._fails(own_address(place.text))
            return
        opened = await self.connected()
        if opened is None:
            return
        try:
            if not self._fails(self._shown.row):
                await self._ask(opened)
        finally:
            opened.close()

    async def connected(self) -> Opened | None:
        """With its handshake; None where a row has failed. Both share the time for a connection."""
        length = self._upstream.timeouts.connect
        row, opened = await connect_row(self._place, self._target_time, length)
        self._rows.append(row)
        if opened is None or self._upstream.scheme != "https":
            return opened
        left = length - (row.ms or 0.0) / 1000
        tls = await tls_row(opened, self._place, self._upstream, self._tls_name, self._target_time, left)
        if self._fails(tls):
            opened.close()
            return None
        return opened

    async def _ask(self, opened: Opened) -> None:
        question, upstream = self._target.question, self._upstream
        answer, took = await ask(opened, question, self._shown.written(question), upstream, self._target_time)
        if isinstance(answer, Answer) and answer.status in _REFUSALS and question.method == "HEAD":
            answer = await self._told_why(answer)
        if isinstance(answer, Finding):
            self._fails(await self._alerted() or answer)
            return
        self._fails(self._judged(answer))
        self._rows.append(fine(ProbeRow.ROUND_TRIP, f"{took:.1f} ms", took))

    def _judged(self, answer: Answer) -> Finding:
        match self._target:
            case KeySetTarget(name=name):
                return judged_key_set(answer.asked, answer.status, answer.body, name)
            case EndpointTarget() as target:
                return _judged_endpoint(target, answer)
            case UpstreamTarget(upstream=upstream, question=question):
                shown = self._shown
                asked_as = AskedAs(host=question.host, shown=shown.who, parties=shown.parties)
                return judged(answer, upstream.name, asked_as, is_health=upstream.health is not None)

    async def _alerted(self) -> Finding | None:
        """Why a handshake without a certificate was not enough, if it was that (rule 4 of `answer_rows`)."""
        if self._upstream.scheme != "https" or self._upstream.tls.cert:
            return None
        opened = await self._again()
        if opened is None:
            return None
        try:
            return await alert(opened, self._target.question, self._upstream, self._target_time)
        finally:
            opened.close()

    async def _again(self) -> Opened | None:
        """One more connection, whose rows nobody needs."""
        return await _AddressRows(self._target, self._place, self._shown, self._here, self._target_time).connected()

    async def _told_why(self, answer: Answer) -> Answer:
        """The same refusal with its body, where that can be had (rule 2 of `answer_rows`)."""
        opened = await self._again()
        if opened is None:
            return answer
        try:
            question = replace(self._target.question, method="GET")
            told, _ = await ask(opened, question, self._shown.written(question), self._upstream, self._target_time)
        finally:
            opened.close()
        is_same = isinstance(told, Answer) and told.status == answer.status
        return replace(answer, body=told.body) if is_same and isinstance(told, Answer) else answer

    @property
    def _tls_name(self) -> str:
        """The name that a worker would ask for, and that the certificate must hold."""
        upstream = self._upstream
        if upstream.follows_host and (host := normal_host(self._target.question.host.encode("ascii", "replace"))):
            return host.strip("[]")
        return upstream.tls.server_name or self._target.endpoint.host.removesuffix(".")


def _judged_endpoint(target: EndpointTarget, answer: Answer) -> Finding:
    if target.lookup is not None:
        return judged_lookup(answer, target.key, target.lookup)
    if target.kind is TargetKind.INTROSPECTION:
        return judged_introspection(answer, target.key, target.client)
    return judged_token(answer, target.key, target.client)
