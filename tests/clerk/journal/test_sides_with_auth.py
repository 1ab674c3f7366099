"""What the clerk sends to the other side of a write is sent as Banyan."""

from __future__ import annotations

from dataclasses import replace

from proxy.clerk.journal.sides import Sides
from proxy.core.journal.intent import StoredRequest
from proxy.core.routing.route import HostMode, Upstream
from proxy.core.secret import Secret
from proxy.core.upstream_auth.credential import UpstreamCredentials
from proxy.core.upstream_auth.token_source import AwsEnvironment, IssuedToken, SigV4Scope, UpstreamAuth, source_key
from proxy.names.resolver import Resolver
from proxy.tasks import Tasks
from tests.clerk.journal.side import Heard, RecordingSide, serving
from tests.edge.message import Message
from tests.edge.signature_check import signer_of

AUTH = UpstreamAuth(source=AwsEnvironment(), sigv4=SigV4Scope(region="eu-west-1", service="execute-api", max_body=1000))
SECRET = "hush-hush"
LINES = (b"Host: api.test", b"Authorization: Bearer callers", b"Content-Type: application/json", b"X-Amz-Meta:  a   b")


def as_message(heard: Heard) -> Message:
    lines = [f"{name}: {value}".encode() for name, value in heard.fields.items()]
    head = b"\r\n".join([f"{heard.method} {heard.path} HTTP/1.1".encode(), *lines, b"", b""])
    return Message(head=head, body=heard.body)


async def test_writes_that_are_sent_again_are_signed() -> None:
    """With the Host that the side sees; nothing is sent while there is nothing to sign with."""
    tasks, credentials = Tasks(), UpstreamCredentials()
    sides = Sides(Resolver(tasks), tasks, credentials)
    async with serving(side := RecordingSide()):
        own = replace(side.upstream("new"), auth=AUTH)
        request = StoredRequest(method=b"PUT", target=b"/rows/1", lines=LINES, body=b'{"a": 1}')
        for mode in HostMode:
            upstream: Upstream = replace(own, host_mode=mode)
            sides.follow({"new": upstream})
            await sides.ask()
            if mode is HostMode.PRESERVE:
                assert sides.agreed("new") == ()
                answer = await sides.send("new", upstream.endpoints, request, 10.0, 100)
                assert (answer.was_sent, answer.said) == (False, "there is no token to ask new with")
                token = IssuedToken(token=Secret(SECRET), issued=0.0, ends=4e9, access_key="AKBANYAN")
                credentials.adopt({source_key(AUTH.source): token})
                await sides.ask()
            assert sides.agreed("new") == upstream.endpoints
            answer = await sides.send("new", upstream.endpoints, request, 10.0, 100)
            assert answer.status == 200
    assert len(side.heard) == len(HostMode)
    assert [signer_of(as_message(each), {"AKBANYAN": SECRET}) for each in side.heard] == ["AKBANYAN"] * len(HostMode)
    await sides.close()
    await tasks.end()
