"""A small S3-compatible server that refuses every request whose signature does not fit the bytes that arrived.

Rule 1: what is verified is the raw target, Host and signed fields as received (AWS Signature Version 4, S3's flavour:
        the path is neither decoded nor normalised), so that any rewriting on the way is a 403.
Rule 2: keys are the raw path, decoded once; objects live in memory.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass, field
from urllib.parse import unquote_to_bytes
from xml.sax.saxutils import escape

from tests.edge.message import Message
from tests.edge.scripted import Peer, sized

ACCESS_KEY, SECRET_KEY, REGION = "BANYANKEY", "banyan/secret+key", "eu-central-1"
_AUTHORIZATION = re.compile(
    rb"AWS4-HMAC-SHA256 Credential=BANYANKEY/([0-9]{8})/([^/]+)/s3/aws4_request, "
    rb"SignedHeaders=([^,]+), Signature=([0-9a-f]{64})"
)
_UNSIGNED = b"UNSIGNED-PAYLOAD"


@dataclass(slots=True)
class S3:
    """A bucket of everything: `objects` by raw key, `refused` for what had a wrong signature."""

    objects: dict[bytes, bytes] = field(default_factory=dict)
    uploads: dict[bytes, dict[int, bytes]] = field(default_factory=dict)
    refused: list[Message] = field(default_factory=list)
    seen: list[Message] = field(default_factory=list)

    async def __call__(self, peer: Peer) -> None:
        while (message := await peer.next_request()) is not None:
            self.seen.append(message)
            if signature_fits(message):
                await peer.send(self._answer(message))
            else:
                self.refused.append(message)
                await peer.send(_error(message, b"403 Forbidden", "SignatureDoesNotMatch"))

    def _answer(self, message: Message) -> bytes:
        method = message.start.partition(b" ")[0]
        path, _, query = message.target.partition(b"?")
        key = unquote_to_bytes(path)
        asked = dict(_pairs(query))
        match method:
            case b"PUT" if b"uploadId" in asked:
                return self._put_part(asked, message.body)
            case b"PUT":
                self.objects[key] = message.body
                return sized(b"", b'ETag: "%b"' % _md5(message.body))
            case b"POST" if b"uploads" in asked:
                return self._begin()
            case b"POST":
                return self._complete(key, asked)
            case b"GET" if asked.get(b"list-type") == b"2":
                return self._list(key, unquote_to_bytes(asked.get(b"prefix", b"")))
            case b"DELETE":
                self.objects.pop(key, None)
                return sized(b"", status=b"204 No Content").replace(b"Content-Length: 0\r\n", b"")
            case _:
                return self._get(method, key, message)

    def _get(self, method: bytes, key: bytes, message: Message) -> bytes:
        body = self.objects.get(key)
        if body is None:
            return _error(message, b"404 Not Found", "NoSuchKey")
        lines = [b'ETag: "%b"' % _md5(body), b"Content-Type: binary/octet-stream"]
        status = b"200 OK"
        wanted = re.fullmatch(rb"bytes=([0-9]+)-([0-9]+)", message.value(b"Range") or b"")
        if wanted is not None:
            first, last = int(wanted[1]), int(wanted[2])
            lines.append(b"Content-Range: bytes %d-%d/%d" % (first, last, len(body)))
            body, status = body[first : last + 1], b"206 Partial Content"
        answer = sized(body, *lines, status=status)
        return answer.removesuffix(body) if method == b"HEAD" and body else answer

    def _begin(self) -> bytes:
        upload = b"upload-%d" % len(self.uploads)
        self.uploads[upload] = {}
        return _xml(
            f"<InitiateMultipartUploadResult><UploadId>{upload.decode()}</UploadId></InitiateMultipartUploadResult>"
        )

    def _put_part(self, asked: dict[bytes, bytes], body: bytes) -> bytes:
        self.uploads[asked[b"uploadId"]][int(asked[b"partNumber"])] = body
        return sized(b"", b'ETag: "%b"' % _md5(body))

    def _complete(self, key: bytes, asked: dict[bytes, bytes]) -> bytes:
        parts = self.uploads.pop(asked[b"uploadId"])
        self.objects[key] = b"".join(parts[number] for number in sorted(parts))
        return _xml("<CompleteMultipartUploadResult><ETag>&quot;whole&quot;</ETag></CompleteMultipartUploadResult>")

    def _list(self, bucket: bytes, prefix: bytes) -> bytes:
        begins = bucket.rstrip(b"/") + b"/"
        keys = sorted(key.removeprefix(begins) for key in self.objects if key.startswith(begins + prefix))
        contents = "".join(f"<Contents><Key>{escape(key.decode())}</Key></Contents>" for key in keys)
        return _xml(f"<ListBucketResult><KeyCount>{len(keys)}</KeyCount>{contents}</ListBucketResult>")


def signature_fits(message: Message) -> bool:
    """Whether the signature is that of the request as it arrived."""
    found = _AUTHORIZATION.fullmatch(message.value(b"Authorization") or b"")
    payload = message.value(b"X-Amz-Content-SHA256") or b""
    if found is None or payload not in (_UNSIGNED, hashlib.sha256(message.body).hexdigest().encode()):
        return False
    day, region, signed, signature = found.groups()
    method, target, _ = message.start.split(b" ")
    path, _, query = target.partition(b"?")
    names = signed.split(b";")
    fields = [name + b":" + b",".join(b" ".join(each.split()) for each in message.values(name)) for name in names]
    canonical = b"\n".join(
        [method, path, b"&".join(sorted(b"=".join(each) for each in _pairs(query))), *fields, b"", signed, payload]
    )
    scope = b"/".join([day, region, b"s3", b"aws4_request"])
    stamp = message.value(b"X-Amz-Date") or b""
    to_sign = b"\n".join([b"AWS4-HMAC-SHA256", stamp, scope, hashlib.sha256(canonical).hexdigest().encode()])
    key = b"AWS4" + SECRET_KEY.encode()
    for part in (day, region, b"s3", b"aws4_request"):
        key = hmac.digest(key, part, "sha256")
    return hmac.compare_digest(hmac.new(key, to_sign, "sha256").hexdigest().encode(), signature)


def _pairs(query: bytes) -> list[tuple[bytes, bytes]]:
    """Raw names and values, in their order."""
    split = [each.partition(b"=") for each in query.split(b"&") if each]
    return [(name, value) for name, _, value in split]


def _md5(body: bytes) -> bytes:
    return hashlib.md5(body, usedforsecurity=False).hexdigest().encode()


def _xml(text: str) -> bytes:
    return sized(f'<?xml version="1.0" encoding="UTF-8"?>{text}'.encode(), b"Content-Type: application/xml")


def _error(message: Message, status: bytes, code: str) -> bytes:
    if message.start.startswith(b"HEAD"):
        return b"HTTP/1.1 " + status + b"\r\nContent-Length: 0\r\n\r\n"
    body = f"<Error><Code>{code}</Code><Message>{code}</Message></Error>".encode()
    return sized(body, b"Content-Type: application/xml", status=status)
