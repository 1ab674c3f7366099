"""Lines of an access log as observations: nginx's and Apache's combined format, and JSON lines of whatever names.

Rule 1: a line that cannot be read is a sentence that says what is missing, and quotes nothing: logs hold secrets.
Rule 2: whatever a line says costs no more than that line: what no number, no time and no text of UTF-8 is, is refused
        or left out.
Rule 3: callers are `unverified`, but where Banyan itself has written whom it verified.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from proxy.core.auth import claimed
from proxy.core.discovery.endpoint import Observation
from proxy.core.discovery.request_fields import names_of
from proxy.core.discovery.usage import UNVERIFIED

LONGEST = 64 * 1024
_COMBINED = re.compile(r'\S+ \S+ .*?\[(?P<at>[^\]]{1,64})\] "(?P<request>(?:[^"\\]|\\.)*)" (?P<status>\d{3})\b')
_REQUEST = re.compile(r"(?P<method>[A-Za-z-]{1,24}) (?P<target>\S+)(?: HTTP/[\d.]+)?")
_METHOD = re.compile(r"[A-Za-z-]{1,24}")
_METHODS = ("method", "request_method", "http_method", "httpMethod", "verb")
_TARGETS = ("target", "request_uri", "uri", "path", "url", "request_path", "requestURI", "cs-uri-stem")
_STATUSES = ("status", "status_code", "statusCode", "response_status", "code", "sc-status")
_TIMES = ("ts", "time", "timestamp", "@timestamp", "time_iso8601", "time_local", "msec", "date")
_NOBODY = frozenset({claimed.UNVERIFIED, claimed.VERIFIED, "not enforced"})
"""What stands where a policy would, of a token that was refused."""
_LONG_AGO = 1e11
"""Larger numbers are milliseconds."""
_LAST = 253_402_300_799.0
"""The end of the year 9999: no calendar goes on."""
_NO_TIME = "its time cannot be read (`10/Oct/2026:13:55:36 +0000`, RFC 3339, or unix seconds)"


def read_line(line: str) -> Observation | str:
    """What was asked, or why the line does not say."""
    if len(line) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    if line.lstrip().startswith("{"):
        return _read_json(line)
    found = _COMBINED.match(line)
    if found is None:
        return "it is neither the combined format nor JSON"
    request = _REQUEST.fullmatch(found["request"])
    if request is None:
        return "what is in quotes behind the time is no request (method and target)"
    at = _moment(found["at"])
    return at if isinstance(at, str) else _observed(request["method"], request["target"], int(found["status"]), at)


def _read_json(line: str) -> Observation | str:
    try:
        said: dict[str, Any] = json.loads(line)
    except (ValueError, RecursionError):
        return "it begins as JSON and is none"
    method, target = _first(said, _METHODS), _first(said, _TARGETS)
    request = _REQUEST.fullmatch(str(said.get("request", "")))
    if request is not None:
        method, target = method or request["method"], target or request["target"]
    status = str(_first(said, _STATUSES) or "")
    is_method = isinstance(method, str) and _METHOD.fullmatch(method)
    if not is_method or not isinstance(target, str) or not re.fullmatch(r"\d{3}", status):
        return "it names no method, path and status (`method`, `path`, `status`, or names like these)"
    at = _moment(_first(said, _TIMES))
    if isinstance(at, str):
        return at
    caller, route = _text(_caller(said)), _text(str(said.get("route", "")))
    return _observed(str(method), target, int(status), at, caller=caller, route=route)


def _text(said: str) -> str:
    """Without halves of surrogate pairs, which JSON can write and UTF-8 cannot."""
    return said.encode("utf-8", "replace").decode()


def _first(said: Mapping[str, Any], names: tuple[str, ...]) -> object:
    return next((said[name] for name in names if said.get(name) is not None), None)


def _caller(said: Mapping[str, Any]) -> str:
    """Banyan's own line: `{"steps": {"auth": "POLICY: SUBJECT"}}`."""
    steps = said.get("steps")
    word = steps.get("auth", "") if isinstance(steps, dict) and said.get("event") == "request" else ""
    policy, mark, subject = word.partition(": ") if isinstance(word, str) else ("", "", "")
    return subject if mark and policy not in _NOBODY else UNVERIFIED


def _moment(said: object) -> float | str:
    if isinstance(said, int | float):
        found = said / 1000 if _LONG_AGO < said <= _LAST * 1000 else said
        return float(found) if 0 <= found <= _LAST else _NO_TIME
    text = str(said or "")
    if re.fullmatch(r"\d{1,30}(\.\d{1,30})?", text):
        return _moment(float(text))
    return _read_moment(text)


def _read_moment(text: str) -> float | str:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        try:
            found = datetime.strptime(text, "%d/%b/%Y:%H:%M:%S %z")
        except ValueError:
            return _NO_TIME
    at = (found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp()
    return at if 0 <= at <= _LAST else _NO_TIME


def _observed(
    method: str, target: str, status: int, at: float, *, caller: str = UNVERIFIED, route: str = ""
) -> Observation | str:
    if target.startswith(("http://", "https://")):
        target = "/" + target.split("://", 1)[1].partition("/")[2]
    if not target.startswith("/"):
        return "its target is no path"
    path, _, query = target.partition("#")[0].partition("?")
    return Observation(
        method=method.upper(),
        path=path,
        status=status,
        at=at,
        caller=caller,
        route=route,
        query=names_of(query),
    )
