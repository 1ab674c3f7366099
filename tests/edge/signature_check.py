"""A service of AWS as far as signatures go: what arrives is signed anew by botocore, and both have to be the same."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from botocore.auth import S3SigV4Auth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.edge.message import Message

_AUTHORIZATION = re.compile(
    rb"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<day>\d{8})/(?P<region>[^/]+)/(?P<service>[^/]+)/aws4_request, "
    rb"SignedHeaders=(?P<names>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)
SKEW = 300.0
"""Seconds by which the moment of a signature may be off."""


def signer_of(message: Message, secrets: dict[str, str]) -> str:
    """Who has signed it, of these access keys; empty: nobody, or not rightly. All of `x-amz-*` must be signed."""
    values = [line.partition(b":")[2].strip() for line in message.lines if line.lower().startswith(b"authorization:")]
    found = _AUTHORIZATION.fullmatch(values[0]) if len(values) == 1 else None
    if found is None or (key := found["key"].decode()) not in secrets:
        return ""
    names = found["names"].decode().split(";")
    amazons = {name.decode() for name in message.names if name.startswith(b"x-amz-")}
    if not {"host", *amazons} <= set(names):
        return ""
    kind = S3SigV4Auth if found["service"] == b"s3" else SigV4Auth
    auth = kind(Credentials(key, secrets[key]), found["service"].decode(), found["region"].decode())
    request = _request(message, names)
    text = auth.string_to_sign(request, auth.canonical_request(request))
    is_right = auth.signature(text, request).encode() == found["signature"]
    return key if is_right and _is_fresh(request.context["timestamp"]) else ""


def _request(message: Message, names: list[str]) -> AWSRequest:
    method, target, _ = message.start.decode("latin-1").split(" ")
    request = AWSRequest(method=method, url=f"http://unused{target}", data=message.body)
    for line in message.lines:
        name, _, value = line.decode("latin-1").partition(":")
        if name.lower() in names:
            request.headers.add_header(name, value)
    request.context["timestamp"] = request.headers["X-Amz-Date"].strip()
    return request


def _is_fresh(stamp: str) -> bool:
    moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    return abs((datetime.now(UTC) - moment).total_seconds()) < SKEW
