from __future__ import annotations

import json
from time import thread_time

import pytest

from proxy.cli.discover.log_line import LONGEST, read_line
from proxy.core.discovery.endpoint import Observation
from proxy.core.discovery.usage import UNVERIFIED

COMBINED = '10.0.0.1 - ann [30/Nov/2026:10:00:00 +0000] "GET /orders/7?page=3&mail=ann HTTP/1.1" 200 12 "-" "curl/8"'
AT = 1796032800.0


def read(line: object) -> Observation:
    found = read_line(line if isinstance(line, str) else json.dumps(line))
    assert isinstance(found, Observation), found
    return found


def test_a_line_of_the_combined_format_is_read() -> None:
    """Method, path, names of the query, status and time; who a server says it was is not verified by Banyan."""
    assert read(COMBINED) == Observation(
        method="GET", path="/orders/7", status=200, at=AT, caller=UNVERIFIED, query=("page", "mail")
    )


@pytest.mark.parametrize(
    "said",
    [
        {"method": "get", "path": "/orders/7", "status": 200, "time": "2026-11-30T10:00:00Z"},
        {"request_method": "GET", "request_uri": "/orders/7", "status": "200", "msec": str(AT)},
        {"request": "GET /orders/7 HTTP/1.1", "status": 200, "timestamp": AT * 1000},
        {"verb": "GET", "url": "https://api.example/orders/7#x", "status_code": 200, "ts": "2026-11-30T11:00:00+01:00"},
        {"method": "GET", "uri": "/orders/7", "code": 200, "@timestamp": "2026-11-30T10:00:00"},
    ],
)
def test_lines_of_json_are_read_by_the_names_that_servers_use(said: dict[str, object]) -> None:
    """nginx's, Traefik's, Caddy's, Envoy's and the like."""
    assert read(said) == Observation(method="GET", path="/orders/7", status=200, at=AT)


def test_banyans_own_log_says_who_called_and_by_which_route() -> None:
    """Whom it has verified; a token that it refused is nobody's."""
    line = {
        "event": "request",
        "ts": "2026-11-30T10:00:00Z",
        "method": "GET",
        "target": "/a",
        "status": 200,
        "route": "a",
    }
    callers = [
        read({**line, "steps": {"auth": said}}).caller
        for said in ("members: ada", 'unverified: iss "x"', 'refused, verified: iss "x"', "not enforced: x", 7)
    ]

    assert callers == ["ada", UNVERIFIED, UNVERIFIED, UNVERIFIED, UNVERIFIED]
    assert read(line).route == "a"
    assert read({**line, "event": "other", "steps": {"auth": "members: ada"}}).caller == UNVERIFIED


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("", "neither the combined format nor JSON"),
        ("x" * (LONGEST + 1), "longer than"),
        (COMBINED.replace("GET /orders", r"\x16\x03"), "no request"),
        (COMBINED.replace("30/Nov", "30/Nix"), "its time cannot be read"),
        (COMBINED.replace("/orders/7", "*"), "its target is no path"),
        ('{"method": ', "begins as JSON and is none"),
        ('{"method": "GET", "path": "/a", "status": "good"}', "names no method, path and status"),
        ('{"status": 200}', "names no method, path and status"),
        ('{"method": "GET", "path": "/a", "status": 200}', "its time cannot be read"),
    ],
)
def test_a_line_that_cannot_be_read_says_why(line: str, why: str) -> None:
    """Nothing of it is quoted: logs hold secrets."""
    said = read_line(line)

    assert isinstance(said, str)
    assert why in said
    assert "orders" not in said


@pytest.mark.parametrize("time", ["NaN", "Infinity", "-1", "1e308", "-1e12", "1" + "0" * 400, '"' + "9" * 29 + '"'])
def test_a_time_that_no_calendar_has_is_told(time: str) -> None:
    """Of whatever kind."""
    assert "its time cannot be read" in str(read_line(f'{{"method":"GET","path":"/a","status":200,"time":{time}}}'))


def test_text_that_is_no_utf_8_goes_no_further() -> None:
    """Half a surrogate pair, which JSON can write."""
    line = r'{"event":"request","method":"GET","path":"/a?\ud800=1","status":200,"ts":1,"route":"\udfff","steps":'
    seen = read_line(line + r'{"auth":"members: \ud801"}}')

    assert isinstance(seen, Observation)
    assert (seen.query, seen.route, seen.caller) == (("{}",), "?", "?")
    assert "names no method" in str(read_line(r'{"method":"G\ud800","path":"/a","status":200,"time":1}'))


def test_a_line_full_of_brackets_is_told_at_once() -> None:
    """Each of them might begin a time."""
    began = thread_time()

    assert isinstance(read_line('10.0.0.1 - - "GET /' + "[" * (LONGEST - 100) + ' HTTP/1.1" - 9'), str)
    assert thread_time() - began < 2.0
