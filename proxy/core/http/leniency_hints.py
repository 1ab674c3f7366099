"""Which point of leniency would let in what was refused: the words for the log, from the words of the refusal.

Rule 1: only the text is looked at, once a refusal has been written: the readers know nothing of it.
Rule 2: a sentence of the C parser can mean more than what a point forgives; then it is said when the point opens it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from proxy.core.http.leniency_points import Leniency


class Opening(NamedTuple):
    """`when` is empty where the point opens it always."""

    point: Leniency
    when: str = ""


Openings = Mapping[str, tuple[Opening, ...]]

_BARE_LF = (Opening(Leniency.BARE_LF),)
_BARE_LF_IF_SO = (Opening(Leniency.BARE_LF, "a line ends in LF alone"),)
_EQUAL = (Opening(Leniency.EQUAL_CONTENT_LENGTHS, "all say the same length"),)
_RAW = (Opening(Leniency.RAW_UTF8_TARGET, "the byte is above ASCII"),)
_FRAGMENT = (Opening(Leniency.FRAGMENT_IN_TARGET),)
_CTL = (Opening(Leniency.CTL_IN_VALUES),)

_OF_BOTH: Openings = {
    "Missing expected CR after header value": _BARE_LF,
    "a line ends in LF alone": _BARE_LF,
    "Invalid header field char": _BARE_LF_IF_SO,
    "Unexpected whitespace after header value": (
        Opening(Leniency.OBS_FOLD, "the field is not Host, Connection or one that frames"),
    ),
    "Duplicate Content-Length": _EQUAL,
    "Invalid character in Content-Length": _EQUAL,
}
OF_REQUESTS: Openings = {
    **_OF_BOTH,
    "Expected CRLF after version": _BARE_LF_IF_SO,
    "the method is not one of HTTP's, and is not known here": (Opening(Leniency.UNKNOWN_METHODS),),
    "the path can be read in more than one way, and the readings belong to different routes": (
        Opening(Leniency.AMBIGUOUS_PATH),
    ),
    "Invalid char in url path": _RAW,
    "Invalid char in url query": _RAW,
    "Invalid char in url fragment start": _FRAGMENT,
    "the request target holds a forbidden character": (
        Opening(Leniency.PERCENT_NUL, "it is %00"),
        Opening(Leniency.FRAGMENT_IN_TARGET, "it is #"),
    ),
}
OF_RESPONSES: Openings = {
    **_OF_BOTH,
    "Missing expected CR after response line": _BARE_LF,
    "Invalid response status": _BARE_LF_IF_SO,
    "Invalid header token": (Opening(Leniency.SPACE_BEFORE_COLON, "a blank stands before the colon"),),
    "Invalid header value char": _CTL,
    "Missing expected LF after header value": _CTL,
}
_BEFORE_THE_PROBLEM = "the upstream's response head is not valid HTTP: "


def of_request(detail: str) -> str:
    """The detail of a refused request, and behind it what would open it."""
    return detail + _said(OF_REQUESTS.get(detail, ()), "at the top or on a route")


def of_response(detail: str) -> str:
    """The same of a response that could not be read."""
    problem = detail.removeprefix(_BEFORE_THE_PROBLEM)
    return detail + _said(OF_RESPONSES.get(problem, ()), "on the upstream")


def _said(openings: tuple[Opening, ...], where: str) -> str:
    ways = [f"`leniency: [{opening.point}]`{f' where {opening.when}' if opening.when else ''}" for opening in openings]
    return f"; opened {where} by {', by '.join(ways)}" if ways else ""
