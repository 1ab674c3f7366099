"""Collects one message head and has llhttp judge it, as the bytes come.

Rule 1: llhttp sees every byte of a head before anything of ours reads it, always strict, in a fresh parser per message.
Rule 2: exactly the head is fed, up to its empty line, so that no byte of a body or a next message is parsed by chance
        (CVE-2026-2833: bytes after an upgrade are not a tunnel's yet).
Rule 3: where points of leniency are open, a head that llhttp refused is collected to its end, mended, and judged anew
        by the same strict llhttp; what is read then is what was mended.
Rule 4: a first line that llhttp does not know, and RFC 9110 does, is judged in words that it knows (`first_line.py`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, HttpResponseParser

from proxy.core.http.first_line import as_spoken, familiar, is_open, method_of
from proxy.core.http.first_line import refusal_of as _refusal_of
from proxy.core.http.leniency_points import NONE, Leniency, Points, end_of_head, is_hopeless, mend, with_known_method
from proxy.core.http.request import RequestRefusal

END: Final = b"\r\n\r\n"


class _NoCallbacks:
    """llhttp validates; what the head says is read from the same bytes by the core."""


_QUIET = _NoCallbacks()


def _request_parser() -> HttpRequestParser:
    return HttpRequestParser(_QUIET)


def _response_parser() -> HttpResponseParser:
    return HttpResponseParser(_QUIET)


def judge_request(head: bytes) -> str:
    """What llhttp has against this whole request head; empty when nothing."""
    return _feed(HttpRequestParser(_QUIET), head)


def judge_response(head: bytes) -> str:
    """What llhttp has against this whole response head; empty when nothing."""
    return _feed(HttpResponseParser(_QUIET), head)


def _feed(parser: HttpRequestParser | HttpResponseParser, data: bytes) -> str:
    try:
        parser.feed_data(data)
    except HttpParserUpgrade:
        return ""
    except HttpParserError as error:
        return str(error) or type(error).__name__
    return ""


def refusal_of(head: bytes, problem: str) -> RequestRefusal:
    """What a request is answered with, of whose head, or beginning, llhttp says `problem`."""
    return _refusal_of(head, problem, known=not judge_request(method_of(head) + b" / HTTP/1.1\r\n"))


class PartialHead:
    """A head that came in more than one read: judged as it grows, so that a wrong one is refused at once.

    `data` is what has come, and once the head is whole it begins with it, mended if that took `used` points.
    """

    __slots__ = ("_fed", "_make", "_mending", "_of_request", "_parser", "_points", "data", "used")

    def __init__(
        self, make: Callable[[], HttpRequestParser | HttpResponseParser], points: Points, *, of_request: bool
    ) -> None:
        """`make` gives a fresh parser; `points` are those that are open."""
        self._make = make
        self._of_request = of_request
        self._parser = make()
        self._points = points
        self._mending = False
        self._fed = 0
        self.data = b""
        self.used = NONE

    @classmethod
    def of_request(cls, points: Points = NONE) -> PartialHead:
        """Of a request, from a client."""
        return cls(_request_parser, points, of_request=True)

    @classmethod
    def of_response(cls, points: Points = NONE) -> PartialHead:
        """Of a response, from an upstream."""
        return cls(_response_parser, points, of_request=False)

    def add(self, data: bytes) -> tuple[int, str]:
        """`(end, problem)`: `end` is where the head ends in `self.data`, or -1 while it is not whole."""
        start = max(len(self.data) - len(END) + 1, 0)
        self.data += data
        if self._mending:
            return self._mend(start)
        at = self.data.find(END, start)
        end = at + len(END) if at >= 0 else -1
        stop = end if end >= 0 else len(self.data)
        problem = _feed(self._parser, self.data[self._fed : stop])
        self._fed = len(self.data)
        if problem:
            problem = self._look_again(stop, problem)
        if problem and self._points and not is_hopeless(self.data[:end] if end >= 0 else self.data, self._points):
            self._mending = True
            return self._mend(0)
        return end, problem

    def _look_again(self, stop: int, problem: str) -> str:
        """Rule 4; `problem` is what llhttp says of the bytes up to `stop`."""
        head = self.data[:stop]
        if self._of_request and is_open(head):
            self._parser, self._fed = self._make(), 0
            return ""
        translated = self._familiar(head)
        if translated == head:
            return problem
        parser = self._make()
        if not (problem := _feed(parser, translated)):
            self._parser = parser
            self.data = as_spoken(head) + self.data[stop:]
        return problem

    def _familiar(self, head: bytes) -> bytes:
        return familiar(head) if self._of_request else as_spoken(head)

    def _mend(self, start: int) -> tuple[int, str]:
        """Rule 3; as `add`. The end of the head is looked for from `start` on."""
        end = end_of_head(self.data, self._points, start)
        if end < 0:
            return -1, "a line ends in LF alone" if is_hopeless(self.data, self._points) else ""
        mended, self.used = mend(as_spoken(self.data[:end]), self._points)
        problem = _feed(self._make(), self._familiar(mended))
        if problem and Leniency.UNKNOWN_METHODS in self._points:
            problem = _feed(self._make(), with_known_method(mended))
            self.used |= {Leniency.UNKNOWN_METHODS}
        self.data = mended + self.data[end:]
        return len(mended), problem
