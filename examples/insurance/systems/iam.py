"""Who has signed a request: the IAM authorisation of an API gateway. Each request is signed anew by botocore.

Rule 1: the method, the target, `Host`, every `X-Amz-*` and the body's SHA-256 are signed, or nobody has signed.
Rule 2: a signature is good for five minutes around its moment.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from examples.insurance.systems.settings import REGION, SERVICE

_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>\w+)/\d{8}/(?P<scope>[^,]+)/aws4_request, "
    r"SignedHeaders=(?P<names>[^,]+), Signature=(?P<signature>[0-9a-f]{64})"
)
_SKEW = 300.0
_HASH = "x-amz-content-sha256"


@dataclass(frozen=True, slots=True)
class SentRequest:
    """As it came: `fields` by their names in lower case."""

    method: str
    target: str
    fields: Mapping[str, str]
    body: bytes


def signer_of(request: SentRequest, secrets: Mapping[str, str]) -> str:
    """The access key that has signed it; empty: none of these, or not this request."""
    found = _AUTHORIZATION.fullmatch(request.fields.get("authorization", ""))
    if found is None or found["key"] not in secrets or found["scope"] != f"{REGION}/{SERVICE}":
        return ""
    names = set(found["names"].split(";"))
    if not {"host", "x-amz-date", *(name for name in request.fields if name.startswith("x-amz-"))} <= names:
        return ""
    if request.fields.get(_HASH, "") not in {"", hashlib.sha256(request.body).hexdigest()}:
        return ""
    if not _is_fresh(request.fields.get("x-amz-date", "")):
        return ""
    expected = _signature(request, names, Credentials(found["key"], secrets[found["key"]]))
    return found["key"] if hmac.compare_digest(expected, found["signature"]) else ""


def _signature(request: SentRequest, names: set[str], credentials: Credentials) -> str:
    signed = AWSRequest(method=request.method, url=f"http://unused{request.target}", data=request.body)
    for name in names & request.fields.keys():
        signed.headers.add_header(name, request.fields[name])
    signed.context["timestamp"] = request.fields["x-amz-date"]
    auth = SigV4Auth(credentials, SERVICE, REGION)
    return str(auth.signature(auth.string_to_sign(signed, auth.canonical_request(signed)), signed))


def _is_fresh(stamp: str) -> bool:
    try:
        moment = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return abs((datetime.now(UTC) - moment).total_seconds()) < _SKEW
