"""Methods that endpoints are told apart by: those of HTTP; all that anybody makes up are one, so that they are few."""

from __future__ import annotations

from proxy.core.http.first_line import UNNAMED_METHODS

_NAMED = """
GET HEAD POST PUT PATCH DELETE OPTIONS ACL BIND CHECKOUT COPY LINK LOCK M-SEARCH MERGE MKACTIVITY MKCALENDAR MKCOL MOVE
NOTIFY PROPFIND PROPPATCH PURGE QUERY REBIND REPORT SEARCH SOURCE SUBSCRIBE UNBIND UNLINK UNLOCK UNSUBSCRIBE TRACE
CONNECT
"""
_METHODS = frozenset({*_NAMED.split(), *(method.decode("ascii") for method in UNNAMED_METHODS)})
OTHER = "OTHER"


def known_method(method: str) -> str:
    """The method itself, or `OTHER`."""
    return method if method in _METHODS else OTHER
