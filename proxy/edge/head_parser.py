"""Collects one message head and has llhttp judge it, as the bytes come.

Rule 1: llhttp sees every byte of a head before anything of ours reads it, always strict, in a fresh parser per message.
Rule 2: exactly the head is fed, up to its empty line, so that no byte of a body or a next message is parsed by chance
        (CVE-2026-2833: bytes after an upgrade are not a tunnel's yet).
Rule 3: where points of leniency are open, a head that llhttp refused is collected to its end, mended, and judged anew
        by the same strict llhttp; what is read then is what was mended.
"""

from __future__ import annotations

from collections.abc import Callable

from httptools import HttpParserError, HttpParserUpgrade, HttpRequestParser, HttpResponseParser

from proxy.core.leniency import NONE, Leniency, Points, end_of_head, is_hopeless, mend, with_known_method

END = b"\r\n\r\n"


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


class PartialHead:
    """A head that came in more than one read: judged as it grows, so that a wrong one is refused at once.

    `data` is what has come, and once the head is whole it begins with it, mended if that took `used` points.
    """

    __slots__ = ("_fed", "_make", "_mending", "_parser", "_points", "data", "used")

    def __init__(self, make: Callable[[], HttpRequestParser | HttpResponseParser], points: Points = NONE) -> None:
        """`make` gives a fresh parser; `points` are those that are open."""
        self._make = make
        self._parser = make()
        self._points = points
        self._mending = False
        self._fed = 0
        self.data = b""
        self.used = NONE

    @classmethod
    def of_request(cls, points: Points = NONE) -> PartialHead:
        """For the client's side."""
        return cls(_request_parser, points)

    @classmethod
    def of_response(cls, points: Points = NONE) -> PartialHead:
        """For the upstream's side."""
        return cls(_response_parser, points)

    def add(self, data: bytes) -> tuple[int, str]:
        """`(end, problem)`: `end` is where the head ends in `self.data`, or -1 while it is not whole."""
        start = max(len(self.data) - len(END) + 1, 0)
        self.data += data
        if self._mending:
            return self._mend(start)
        found = self.data.find(END, start)
        end = found + len(END) if found >= 0 else -1
        problem = _feed(self._parser, self.data[self._fed : end if end >= 0 else len(self.data)])
        self._fed = len(self.data)
        if problem and self._points and not is_hopeless(self.data[:end] if end >= 0 else self.data, self._points):
            self._mending = True
            return self._mend(0)
        return end, problem

    def _mend(self, start: int) -> tuple[int, str]:
        """Rule 3; what stands before `start` has no end in it."""
        end = end_of_head(self.data, self._points, start)
        if end < 0:
            return -1, "a line ends in LF alone" if is_hopeless(self.data, self._points) else ""
        mended, self.used = mend(self.data[:end], self._points)
        problem = _feed(self._make(), mended)
        if problem and Leniency.UNKNOWN_METHODS in self._points:
            problem = _feed(self._make(), with_known_method(mended))
            self.used |= {Leniency.UNKNOWN_METHODS}
        self.data = mended + self.data[end:]
        return len(mended), problem
