from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.config.blocks import match
from proxy.config.text.problem import FromEnvironment
from proxy.core.routing.path import PathPattern
from proxy.core.routing.predicate import HostIs
from proxy.edge.wire.head_parser import PartialHead
from tests.config.refusing import refusal

CONDITION = "must be text, a list of texts, true (present) or false (absent)"
UNKNOWN = "is not a method that HTTP knows"
OF_YOURS = "one of your own is matched by its path alone, and let in by leniency: [unknown_methods]"


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (match.read_match, "/orders", {"path": "/orders"}),
        (match.read_match, "GET /orders", {"methods": "GET", "path": "/orders"}),
        (match.read_match, {"path": "/"}, {"path": "/"}),
        (match.read_methods, "GET", frozenset({b"GET"})),
        (match.read_methods, "GET,PUT", frozenset({b"GET", b"PUT"})),
        (match.read_methods, ["M-SEARCH", "POST"], frozenset({b"M-SEARCH", b"POST"})),
        (match.read_path, "/a", PathPattern("/a", (b"a",))),
        (match.read_host, "API.example.com", HostIs("api.example.com")),
        (match.read_host, "*.example.com", HostIs("*.example.com")),
        (match.read_host, "[::1]", HostIs("[::1]")),
        (match.read_host, "localhost", HostIs("localhost")),
        (match.read_condition, True, True),
        (match.read_condition, False, False),
        (match.read_condition, "app", frozenset({"app"})),
        (match.read_condition, ["a", "b"], frozenset({"a", "b"})),
        (match.read_field_condition, "a b", frozenset({"a b"})),
        (match.read_field_condition, True, True),
        (match.read_fields, {"X-A": 1, "x-b": 2}, {"X-A": 1, "x-b": 2}),
        (match.read_query, {"a": 1, "A": 2}, {"a": 1, "A": 2}),
    ],
)
def test_right_values_are_read(reader: Callable[[object], object], value: object, result: object) -> None:
    """Each reader gives what its block holds."""
    assert reader(value) == result


@pytest.mark.parametrize(
    ("reader", "value", "said"),
    [
        (match.read_match, 7, 'must be "GET /path", "/path", or a mapping with path'),
        (match.read_methods, 7, "must be a method, or a list of methods"),
        (match.read_methods, [], "must be a method, or a list of methods"),
        (match.read_methods, ["GET", 7], "must be a method, or a list of methods"),
        (match.read_methods, "GET,PSOT", f'{UNKNOWN} | got "PSOT" | did you mean POST? {OF_YOURS}'),
        (match.read_methods, "XYZZY", f'{UNKNOWN} | got "XYZZY" | {OF_YOURS}'),
        (match.read_methods, ["Ä"], f'{UNKNOWN} | got "Ä"'),
        (
            match.read_methods,
            "get",
            "methods are in capitals, with a comma and no blank between them | write GET",
        ),
        (
            match.read_methods,
            "GET, PUT",
            "methods are in capitals, with a comma and no blank between them | write PUT",
        ),
        (match.read_methods, "GET,GET", "GET stands twice"),
        (
            match.read_methods,
            "CONNECT",
            "CONNECT cannot be routed: it asks for a tunnel to any address, which is a forward proxy's work | got ",
        ),
        (
            match.read_methods,
            ["trace"],
            "TRACE cannot be routed: it sends a request's credentials back to whoever asks | got ",
        ),
        (match.read_path, 7, "must be a path such as /orders/{id}"),
        (match.read_path, "orders", "a path begins with a slash"),
        (
            match.read_host,
            "api.example.com:80",
            'must be a host such as api.example.com or "*.example.com" | leave out the port',
        ),
        (match.read_host, "a.*.com", 'must be a host such as api.example.com or "*.example.com"'),
        (match.read_host, "-a", 'must be a host such as api.example.com or "*.example.com"'),
        (match.read_host, True, 'must be a host such as api.example.com or "*.example.com"'),
        (match.read_condition, 2, f"{CONDITION} | write the number in quotes"),
        (match.read_condition, [1], CONDITION),
        (match.read_condition, [], CONDITION),
        (match.read_condition, "", CONDITION),
        (match.read_condition, [str(each) for each in range(65)], "must be at most 64 values | got 65"),
        (match.read_field_condition, " a", "must be visible ASCII characters without blanks around them"),
        (match.read_field_condition, ["a", "é"], "must be visible ASCII characters without blanks around them"),
        (match.read_field_condition, "a\nb", "must be visible ASCII characters without blanks around them"),
        (
            match.read_fields,
            {"X-A": 1, "x-a": 2},
            "x-a stands twice; the case of a field's name does not matter | got ",
        ),
        (match.read_fields, {}, "must be a mapping of at least one name | got "),
        (match.read_fields, ["X-A"], "must be a mapping of at least one name"),
        (match.read_query, {"": 1}, "a parameter without a name cannot be asked for | got "),
        (match.read_query, "a=1", "must be a mapping of at least one name"),
    ],
)
def test_wrong_values_are_refused(reader: Callable[[object], object], value: object, said: str) -> None:
    """Each reader says what is right, and the cure where it can be told."""
    assert refusal(reader, value) == said


def test_the_parts_of_a_secret_match_stay_secret() -> None:
    """Methods and path out of the environment are not repeated in problems about either."""
    found = match.read_match(FromEnvironment.of("GET /a", "${MATCH}"))

    assert isinstance(found, dict)
    assert [type(each) for each in found.values()] == [FromEnvironment, FromEnvironment]


@pytest.mark.parametrize("method", match.METHODS)
def test_every_method_that_can_be_routed_can_arrive(method: str) -> None:
    """Each method of the list passes the parser, so no route waits for a request that cannot come."""
    raw = f"{method} / HTTP/1.1\r\nHost: a\r\n\r\n".encode()

    assert PartialHead.of_request().add(raw) == (len(raw), "")
