from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.config.readers import match_values
from proxy.config.text.problem import FromEnvironment
from proxy.core.routing.cohort import CohortSource, SourceKind
from proxy.core.routing.path import PathPattern
from proxy.core.routing.predicate import HostIs
from proxy.edge.wire.head_parser import PartialHead
from tests.config.refusing import refusal

CONDITION = "must be text, a list of texts, true (present) or false (absent)"
SOURCE = "must be header:NAME, cookie:NAME, query:NAME, path:NAME, client_ip or anonymous"
OWN = "is a field that belongs to one connection or to the proxy: routes cannot ask about it"
UNKNOWN = "is not a method that HTTP knows"
OF_YOURS = "one of your own is matched by its path alone, and let in by leniency: [unknown_methods]"


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (match_values.read_match, "/orders", {"path": "/orders"}),
        (match_values.read_match, "GET /orders", {"methods": "GET", "path": "/orders"}),
        (match_values.read_match, {"path": "/"}, {"path": "/"}),
        (match_values.read_methods, "GET", frozenset({b"GET"})),
        (match_values.read_methods, "GET,PUT", frozenset({b"GET", b"PUT"})),
        (match_values.read_methods, ["M-SEARCH", "POST"], frozenset({b"M-SEARCH", b"POST"})),
        (match_values.read_path, "/a", PathPattern("/a", (b"a",))),
        (match_values.read_host, "API.example.com", HostIs("api.example.com")),
        (match_values.read_host, "*.example.com", HostIs("*.example.com")),
        (match_values.read_host, "[::1]", HostIs("[::1]")),
        (match_values.read_host, "localhost", HostIs("localhost")),
        (match_values.read_condition, True, True),
        (match_values.read_condition, False, False),
        (match_values.read_condition, "app", frozenset({"app"})),
        (match_values.read_condition, ["a", "b"], frozenset({"a", "b"})),
        (match_values.read_field_condition, "a b", frozenset({"a b"})),
        (match_values.read_field_condition, True, True),
        (match_values.read_fields, {"X-A": 1, "x-b": 2}, {"X-A": 1, "x-b": 2}),
        (match_values.read_query, {"a": 1, "A": 2}, {"a": 1, "A": 2}),
        (match_values.read_cohort, "client_ip", ("client_ip",)),
        (match_values.read_cohort, ["cookie:a", "client_ip"], ("cookie:a", "client_ip")),
        (match_values.read_source, "header:X-Tenant", CohortSource(SourceKind.HEADER, "x-tenant")),
        (match_values.read_source, "cookie:SID", CohortSource(SourceKind.COOKIE, "SID")),
        (match_values.read_source, "query:tenant id", CohortSource(SourceKind.QUERY, "tenant id")),
        (match_values.read_source, "path:id", CohortSource(SourceKind.PATH, "id")),
        (match_values.read_source, "client_ip", CohortSource(SourceKind.CLIENT_IP)),
        (match_values.read_upgrades, ["websocket"], True),
        (match_values.read_upgrades, [], False),
    ],
)
def test_right_values_are_read(reader: Callable[[object], object], value: object, result: object) -> None:
    """Each reader gives what its block holds."""
    assert reader(value) == result


@pytest.mark.parametrize(
    ("reader", "value", "said"),
    [
        (match_values.read_match, 7, 'must be "GET /path", "/path", or a mapping with path'),
        (match_values.read_methods, 7, "must be a method, or a list of methods"),
        (match_values.read_methods, [], "must be a method, or a list of methods"),
        (match_values.read_methods, ["GET", 7], "must be a method, or a list of methods"),
        (match_values.read_methods, "GET,PSOT", f'{UNKNOWN} | got "PSOT" | did you mean POST? {OF_YOURS}'),
        (match_values.read_methods, "XYZZY", f'{UNKNOWN} | got "XYZZY" | {OF_YOURS}'),
        (match_values.read_methods, ["Ä"], f'{UNKNOWN} | got "Ä"'),
        (
            match_values.read_methods,
            "get",
            "methods are in capitals, with a comma and no blank between them | write GET",
        ),
        (
            match_values.read_methods,
            "GET, PUT",
            "methods are in capitals, with a comma and no blank between them | write PUT",
        ),
        (match_values.read_methods, "GET,GET", "GET stands twice"),
        (
            match_values.read_methods,
            "CONNECT",
            "CONNECT cannot be routed: it asks for a tunnel to any address, which is a forward proxy's work | got ",
        ),
        (
            match_values.read_methods,
            ["trace"],
            "TRACE cannot be routed: it sends a request's credentials back to whoever asks | got ",
        ),
        (match_values.read_path, 7, "must be a path such as /orders/{id}"),
        (match_values.read_path, "orders", "a path begins with a slash"),
        (
            match_values.read_host,
            "api.example.com:80",
            'must be a host such as api.example.com or "*.example.com" | leave out the port',
        ),
        (match_values.read_host, "a.*.com", 'must be a host such as api.example.com or "*.example.com"'),
        (match_values.read_host, "-a", 'must be a host such as api.example.com or "*.example.com"'),
        (match_values.read_host, True, 'must be a host such as api.example.com or "*.example.com"'),
        (match_values.read_field_name, "a b", "is not the name of a header field"),
        (match_values.read_field_name, "Host", f"{OWN} | ask by match.host"),
        (match_values.read_field_name, "Connection", OWN),
        (match_values.read_field_name, "Content-Length", OWN),
        (match_values.read_field_name, "X_Forwarded_For", OWN),
        (match_values.read_condition, 2, f"{CONDITION} | write the number in quotes"),
        (match_values.read_condition, [1], CONDITION),
        (match_values.read_condition, [], CONDITION),
        (match_values.read_condition, "", CONDITION),
        (match_values.read_condition, [str(each) for each in range(65)], "must be at most 64 values | got 65"),
        (match_values.read_field_condition, " a", "must be visible ASCII characters without blanks around them"),
        (match_values.read_field_condition, ["a", "é"], "must be visible ASCII characters without blanks around them"),
        (match_values.read_field_condition, "a\nb", "must be visible ASCII characters without blanks around them"),
        (
            match_values.read_fields,
            {"X-A": 1, "x-a": 2},
            "x-a stands twice; the case of a field's name does not matter | got ",
        ),
        (match_values.read_fields, {}, "must be a mapping of at least one name | got "),
        (match_values.read_fields, ["X-A"], "must be a mapping of at least one name"),
        (match_values.read_query, {"": 1}, "a parameter without a name cannot be asked for | got "),
        (match_values.read_query, "a=1", "must be a mapping of at least one name"),
        (match_values.read_cohort, [], "must name at least one source | got "),
        (match_values.read_source, "heder:X", f"{SOURCE} | did you mean header?"),
        (match_values.read_source, "session", SOURCE),
        (match_values.read_source, 7, SOURCE),
        (
            match_values.read_source,
            "jwt:sub",
            "jwt: has not landed in this version; use header:, cookie:, query:, path:, client_ip or anonymous",
        ),
        (match_values.read_source, "client_ip:", "client_ip takes no name | write client_ip"),
        (match_values.read_source, "header:", "header: needs a name after the colon | write header:NAME"),
        (match_values.read_source, "path", "path: needs a name after the colon | write path:NAME"),
        (match_values.read_source, "header:Connection", OWN),
        (match_values.read_source, "cookie:a b", "is not the name of a cookie"),
        (match_values.read_upgrades, "websocket", "must be a list such as [websocket]"),
        (match_values.read_upgrades, ["websockets"], "must be one of websocket | did you mean websocket?"),
    ],
)
def test_wrong_values_are_refused(reader: Callable[[object], object], value: object, said: str) -> None:
    """Each reader says what is right, and the cure where it can be told."""
    assert refusal(reader, value) == said


@pytest.mark.parametrize(
    "name", ["X-Tenant-Id", "Cookie", "Authorization", "X-Forwarded-For", "traceparent", "tracestate"]
)
def test_fields_that_routing_can_see_may_be_asked_for(name: str) -> None:
    """What a request's head keeps is named in lower case."""
    assert match_values.read_field_name(name) == name.lower()


def test_the_parts_of_a_secret_match_stay_secret() -> None:
    """Methods and path out of the environment are not repeated in problems about either."""
    found = match_values.read_match(FromEnvironment.of("GET /a", "${MATCH}"))

    assert isinstance(found, dict)
    assert [type(each) for each in found.values()] == [FromEnvironment, FromEnvironment]


@pytest.mark.parametrize("method", match_values.METHODS)
def test_every_method_that_can_be_routed_can_arrive(method: str) -> None:
    """Each method of the list passes the parser, so no route waits for a request that cannot come."""
    raw = f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode()

    assert PartialHead.of_request().add(raw) == (len(raw), "")
