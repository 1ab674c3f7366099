"""The canonical request of AWS Signature Version 4: the one text that signer and service make of a request.

Rule 1: it is made of the bytes that go over the wire. The path is percent-encoded once more and its dot segments are
        removed, but not for S3, whose keys may hold any of that; the query's pairs are sorted and stay as they are.
Rule 2: the values of a field that comes several times are joined by commas, and blanks in a value are one space.
Rule 3: `host`, `content-type` and `x-amz-*` are signed: what an intermediary may change is not.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple
from urllib.parse import quote_from_bytes

_UNSIGNED_CHANGE = re.compile(rb"[^A-Za-z0-9_.~/-]")
_ROUGH = re.compile(rb"//|/\.")
_ALWAYS = (b"host", b"content-type")


class SignedFields(NamedTuple):
    """Lower-case names joined by semicolons, and their canonical lines."""

    names: bytes
    lines: bytes


def canonical_path(path: bytes, *, is_s3: bool) -> bytes:
    """Rule 1; `path` as on the wire."""
    if is_s3:
        return path
    if _ROUGH.search(path):
        path = _without_dot_segments(path)
    elif not path:
        return b"/"
    return quote_from_bytes(path, safe="/~").encode("ascii") if _UNSIGNED_CHANGE.search(path) else path


def _without_dot_segments(path: bytes) -> bytes:
    """RFC 3986 section 5.2.4, and empty segments go as well."""
    kept: list[bytes] = []
    for segment in path.split(b"/"):
        if segment == b"..":
            del kept[-1:]
        elif segment not in (b"", b"."):
            kept.append(segment)
    last = b"/" if path.endswith(b"/") and kept else b""
    return b"/" + b"/".join(kept) + last


def canonical_query(query: bytes) -> bytes:
    """Rule 1; a name without a value has an empty one."""
    if not query:
        return b""
    pairs = sorted([(name, value) for name, _, value in [pair.partition(b"=") for pair in query.split(b"&")]])
    return b"&".join([b"%b=%b" % pair for pair in pairs])


def signed_fields(lines: Iterable[bytes]) -> SignedFields:
    """Rules 2 and 3, of raw field lines."""
    found: dict[bytes, bytes] = {}
    for line in lines:
        name, _, value = line.partition(b":")
        name = name.lower()
        if name in _ALWAYS or name.startswith(b"x-amz-"):
            single = b" ".join(value.split())
            found[name] = b"%b,%b" % (found[name], single) if name in found else single
    names = sorted(found)
    return SignedFields(b";".join(names), b"".join([b"%b:%b\n" % (name, found[name]) for name in names]))


def canonical_request(method: bytes, target: bytes, fields: SignedFields, payload_hash: bytes, *, is_s3: bool) -> bytes:
    """`target` as on the wire; `payload_hash` is the SHA-256 of the body in hex."""
    path, _, query = target.partition(b"?")
    return b"%b\n%b\n%b\n%b\n%b\n%b" % (
        method,
        canonical_path(path, is_s3=is_s3),
        canonical_query(query),
        fields.lines,
        fields.names,
        payload_hash,
    )
