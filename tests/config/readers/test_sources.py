from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.config.readers import sources
from proxy.core.routing.cohort import CohortSource, SourceKind
from tests.config.refusing import refusal

SOURCE = "must be header:NAME, cookie:NAME, query:NAME, path:NAME, jwt:NAME, client_ip or anonymous"
OWN = "is a field that belongs to one connection or to the proxy: routes cannot ask about it"


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (sources.read_cohort, "client_ip", ("client_ip",)),
        (sources.read_cohort, ["cookie:a", "client_ip"], ("cookie:a", "client_ip")),
        (sources.read_source, "header:X-Tenant", CohortSource(SourceKind.HEADER, "x-tenant")),
        (sources.read_source, "cookie:SID", CohortSource(SourceKind.COOKIE, "SID")),
        (sources.read_source, "query:tenant id", CohortSource(SourceKind.QUERY, "tenant id")),
        (sources.read_source, "path:id", CohortSource(SourceKind.PATH, "id")),
        (sources.read_source, "client_ip", CohortSource(SourceKind.CLIENT_IP)),
    ],
)
def test_right_values_are_read(reader: Callable[[object], object], value: object, result: object) -> None:
    """Each reader gives what its block holds."""
    assert reader(value) == result


@pytest.mark.parametrize(
    ("reader", "value", "said"),
    [
        (sources.read_field_name, "a b", "is not the name of a header field"),
        (sources.read_field_name, "Host", f"{OWN} | ask by match.host"),
        (sources.read_field_name, "Connection", OWN),
        (sources.read_field_name, "Content-Length", OWN),
        (sources.read_field_name, "X_Forwarded_For", OWN),
        (sources.read_cohort, [], "must name at least one source | got "),
        (sources.read_source, "heder:X", f"{SOURCE} | did you mean header?"),
        (sources.read_source, "session", SOURCE),
        (sources.read_source, 7, SOURCE),
        (sources.read_source, "jwt:", "jwt: needs a name after the colon | write jwt:NAME"),
        (sources.read_source, "client_ip:", "client_ip takes no name | write client_ip"),
        (sources.read_source, "header:", "header: needs a name after the colon | write header:NAME"),
        (sources.read_source, "path", "path: needs a name after the colon | write path:NAME"),
        (sources.read_source, "header:Connection", OWN),
        (sources.read_source, "cookie:a b", "is not the name of a cookie"),
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
    assert sources.read_field_name(name) == name.lower()
