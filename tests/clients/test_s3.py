from __future__ import annotations

import asyncio
import io
from collections.abc import AsyncIterator
from random import Random
from typing import Any

import botocore.session
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from proxy.core.secret import Secret
from proxy.core.upstream_auth.token_source import AwsEnvironment, IssuedToken, source_key
from proxy.link.token_messages import UpstreamTokens, token_message
from tests.clients.conftest import Play, Serve
from tests.clients.s3_server import ACCESS_KEY, REGION, S3, SECRET_KEY
from tests.edge.proxy import REST, Block, Proxy, upstream

HOSTILE = [
    "plain.txt",
    "with space",
    "100%",
    "already%20encoded",
    "%2e%2e%2f",
    "a+b=c&d",
    "ümlaut/日本語/🌳",
    "up/../down",
    "../../etc/passwd",
    "./here",
    "double//slash///es",
    "trailing/",
    "quote'\"`",
    "question?mark",
    "hash#tag",
    "semi;colon;v=1",
    "back\\slash",
    "{braces}|pipe^caret~tilde",
    "[brackets]<angles>",
    "com,ma@at:colon!bang$dollar(par)*star",
    "tab\tin it",
    "x" * 1000,
]


SESSION = botocore.session.get_session()
"""It reads the description of S3 once, which takes a while."""


class Storage:
    """An S3 client whose calls run in a thread, and what stands behind the proxy."""

    def __init__(self, proxy: Proxy, server: S3, *, signs: bool = True) -> None:
        more = {} if signs else {"signature_version": UNSIGNED}
        self.proxy = proxy
        self.server = server
        self._client = SESSION.create_client(
            "s3",
            endpoint_url=f"http://127.0.0.1:{proxy.port}",
            aws_access_key_id=ACCESS_KEY,
            aws_secret_access_key=SECRET_KEY,
            region_name=REGION,
            config=Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 1}, **more),
        )

    async def call(self, operation: str, **arguments: object) -> Any:  # noqa: ANN401 - what botocore answers
        """One operation on the bucket; a body in the answer is read."""

        def run() -> Any:  # noqa: ANN401
            answer = getattr(self._client, operation)(Bucket="bucket", **arguments)
            return answer | {"Body": answer["Body"].read()} if "Body" in answer else answer

        return await asyncio.to_thread(run)

    def close(self) -> None:
        """End its connections."""
        self._client.close()


def auth(max_body: str) -> Block:
    """Of an upstream whose requests Banyan signs for S3."""
    signed = {"region": REGION, "service": "s3", "credentials": "environment", "max_body": max_body}
    return {"auth": {"sigv4": signed}}


@pytest.fixture(params=["plain", "signed by its caller", "signed by Banyan"])
async def storage(request: pytest.FixtureRequest, play: Play, serve: Serve) -> AsyncIterator[Storage]:
    """An S3 server behind a table that sends everything to legacy.

    Plain; where Banyan would sign, with another key, what its caller has not signed; and with a caller that does not.
    """
    server = S3()
    by_banyan = request.param == "signed by Banyan"
    more = {} if request.param == "plain" else auth("4MiB" if by_banyan else "1KiB")
    proxy = await serve(upstreams={"legacy": upstream(await play(server), **more)}, routes=[REST])
    if request.param != "plain":
        access_key, secret = (ACCESS_KEY, SECRET_KEY) if by_banyan else ("ANOTHER", "another")
        token = IssuedToken(token=Secret(secret), issued=0.0, ends=4e9, access_key=access_key)
        told = token_message(source_key(AwsEnvironment()), token, (1, 0, 0))
        proxy.listener.hear_tokens(UpstreamTokens([told]))
    made = Storage(proxy, server, signs=not by_banyan)
    yield made
    made.close()


@pytest.mark.parametrize("key", HOSTILE)
async def test_a_hostile_key_is_stored_and_found(storage: Storage, key: str) -> None:
    """Every key survives PUT, HEAD, GET, a range and DELETE with its signature: not a byte of the target changed."""
    body = key.encode() + bytes(range(256))
    await storage.call("put_object", Key=key, Body=body)

    assert storage.server.objects == {b"/bucket/" + key.encode(): body}
    assert (await storage.call("head_object", Key=key))["ContentLength"] == len(body)
    assert (await storage.call("get_object", Key=key))["Body"] == body
    assert (await storage.call("get_object", Key=key, Range="bytes=2-5"))["Body"] == body[2:6]

    await storage.call("delete_object", Key=key)

    assert storage.server.objects == {}
    assert storage.server.refused == []


async def test_an_upload_in_parts_is_put_together(storage: Storage) -> None:
    """Parts of megabytes, sent at once on several connections, behind `Expect: 100-continue`, make the whole object."""
    parts = [Random(number).randbytes(1_500_000) for number in range(4)]
    upload = (await storage.call("create_multipart_upload", Key="big file"))["UploadId"]
    sent = await asyncio.gather(
        *[
            storage.call("upload_part", Key="big file", UploadId=upload, PartNumber=number, Body=io.BytesIO(part))
            for number, part in enumerate(parts, 1)
        ]
    )
    await storage.call(
        "complete_multipart_upload",
        Key="big file",
        UploadId=upload,
        MultipartUpload={
            "Parts": [{"PartNumber": number, "ETag": each["ETag"]} for number, each in enumerate(sent, 1)]
        },
    )

    assert (await storage.call("get_object", Key="big file"))["Body"] == b"".join(parts)
    assert storage.server.refused == []
    assert not any(b"expect" in each.names for each in storage.server.seen)


async def test_a_listing_with_a_hostile_prefix_is_signed_too(storage: Storage) -> None:
    """A query with encoded names and values arrives as it was signed."""
    for key in ("a b/1", "a b/2", "other"):
        await storage.call("put_object", Key=key, Body=b"x")
    found = await storage.call("list_objects_v2", Prefix="a b/", Delimiter="&=+ %")

    assert [each["Key"] for each in found["Contents"]] == ["a b/1", "a b/2"]
    assert storage.server.refused == []


async def test_what_is_not_there_is_the_servers_own_404(storage: Storage) -> None:
    """An error document of the upstream arrives as one."""
    with pytest.raises(ClientError, match="NoSuchKey"):
        await storage.call("get_object", Key="nothing")


async def test_a_signature_over_other_bytes_is_refused(play: Play, serve: Serve) -> None:
    """The server does look: with `host: upstream` the signed Host is another, and the request is refused."""
    server = S3()
    legacy = await play(server)
    storage = Storage(await serve(upstreams={"legacy": upstream(legacy, host="upstream")}, routes=[REST]), server)
    with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
        await storage.call("put_object", Key="x", Body=b"x")
    storage.close()


async def test_a_key_that_would_read_as_another_route_is_refused(play: Play, serve: Serve) -> None:
    """Where the table has a closed path, a key that leads there in some reading is 400; others pass (R9)."""
    server = S3()
    proxy = await serve(
        await play(server), routes=[REST, {"name": "closed", "match": "/admin/**", "respond": {"status": 403}}]
    )
    storage = Storage(proxy, server)
    with pytest.raises(ClientError, match="400"):
        await storage.call("get_object", Key="../admin/users")
    await storage.call("put_object", Key="up/../down", Body=b"x")
    storage.close()

    assert server.refused == []
    assert [each.target for each in server.seen] == [b"/bucket/up/../down"]
