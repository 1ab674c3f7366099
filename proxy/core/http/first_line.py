"""What RFC 9110 reads of a head's first line and the C parser (llhttp) does not.

Rule 1: only a head that llhttp has refused is looked at here, and what it is given instead is judged by it again.
Rule 2: HTTP/1.2 to HTTP/1.9 are read as HTTP/1.1 (RFC 9110 section 2.5), in requests and in answers.
Rule 3: a registered method passes, whether llhttp has a name for it or not; another is 501 (RFC 9110 section 15.6.2).
Rule 4: the verdict does not depend on how the bytes were cut: a method is judged when the blank behind it is there,
        a version when its line ends.
"""

from __future__ import annotations

import re

from proxy.core.http.request import REFUSED_METHODS, RequestRefusal

_TOKEN = rb"[!#$%&'*+.^_`|~0-9A-Za-z-]"
_LONGEST_METHOD = 32
_METHOD = re.compile(rb"(%b{1,%d}) " % (_TOKEN, _LONGEST_METHOD))
_BEGUN = re.compile(rb"%b{1,%d}|[^\r\n ]+ [^\r\n ]+ HTTP/[0-9](?:\.(?:[0-9]\r?)?)?" % (_TOKEN, _LONGEST_METHOD))
_NEWER = re.compile(rb"\A((?:[^\r\n]* )?HTTP/1\.)[2-9](?=[ \r]|\Z)")
_VERSION = re.compile(rb"[^\r\n ]+ [^\r\n ]+ HTTP/(?!1\.)[0-9]\.[0-9]\r\n")
# fmt: off
UNNAMED_METHODS = frozenset({
    b"BASELINE-CONTROL", b"CHECKIN", b"LABEL", b"MKREDIRECTREF", b"MKWORKSPACE", b"ORDERPATCH", b"UNCHECKOUT",
    b"UPDATE", b"UPDATEREDIRECTREF", b"VERSION-CONTROL",
})
# fmt: on
"""Methods of IANA's registry that llhttp has no name for (RFC 3253, 3648, 4437: versioning and ordered WebDAV)."""


def is_open(head: bytes) -> bool:
    """Whether what has come ends within a method or a version, so that nothing can be said of it yet."""
    return _BEGUN.fullmatch(head) is not None


def method_of(head: bytes) -> bytes:
    """The method, once the blank behind it has come; else empty."""
    found = _METHOD.match(head)
    return found[1] if found is not None else b""


def as_spoken(head: bytes) -> bytes:
    """The head, or what there is of it, with a newer minor version as 1.1."""
    return _NEWER.sub(rb"\g<1>1", head, count=1)


def familiar(head: bytes) -> bytes:
    """What llhttp is asked about instead of this request head: its version as 1.1, and a method that it knows."""
    spoken = as_spoken(head)
    method = method_of(spoken)
    return b"GET" + spoken[len(method) :] if method in UNNAMED_METHODS else spoken


def refusal_of(head: bytes, problem: str, *, known: bool) -> RequestRefusal:
    """What a request is answered with, of which llhttp says `problem`; `known`: it has a name for the method."""
    method = method_of(head)
    if method and not known and method not in UNNAMED_METHODS and method not in REFUSED_METHODS:
        return RequestRefusal(501, "the method is not one of HTTP's, and is not known here")
    if _VERSION.match(head):
        return RequestRefusal(505, "only HTTP/1.1 and HTTP/1.0 are spoken here")
    return RequestRefusal(400, problem)
