from __future__ import annotations

import pytest

from proxy.core.http.rewrite import rewrite_lines


def rewritten(line: bytes, upstream: bytes = b"crm.internal:8443", public: bytes = b"crm.example") -> bytes:
    (said,) = rewrite_lines([line], upstream, public, b"https")
    return said


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"Location: http://crm.internal:8443/a?b#c", b"Location: https://crm.example/a?b#c"),
        (b"location:\thttps://CRM.internal:8443", b"location: https://crm.example"),
        (b"Content-Location: http://crm.internal:8443/a", b"Content-Location: https://crm.example/a"),
        (b"Location: //crm.internal:8443/a", b"Location: //crm.example/a"),
        (b"Location: HTTP://crm.internal:8443?q", b"Location: https://crm.example?q"),
    ],
    ids=["whole", "case", "content location", "scheme-relative", "query alone"],
)
def test_a_location_that_names_the_upstream_names_the_public_host(line: bytes, said: bytes) -> None:
    """Scheme and authority become the public ones; path, query and fragment stay."""
    assert rewritten(line) == said


@pytest.mark.parametrize(
    ("upstream", "line", "said"),
    [
        (b"crm.internal", b"Location: http://crm.internal:80/a", b"Location: https://crm.example/a"),
        (b"crm.internal", b"Location: https://crm.internal:443/a", b"Location: https://crm.example/a"),
        (b"[2001:db8::7]", b"Location: http://[2001:db8::7]:80/a", b"Location: https://crm.example/a"),
    ],
)
def test_a_schemes_own_port_may_be_said_or_not(upstream: bytes, line: bytes, said: bytes) -> None:
    """`http://host:80` and `http://host` are the same upstream."""
    assert rewritten(line, upstream) == said


@pytest.mark.parametrize(
    "line",
    [
        b"Location: /a",
        b"Location: a/b",
        b"Location: https://elsewhere.example/a",
        b"Location: http://crm.internal/a",
        b"Location: http://crm.internal:84430/a",
        b"Location: http://crm.internal:8443.evil.example/a",
        b"Location: http://u@crm.internal:8443/a",
        b"Location: ftp://crm.internal:8443/a",
        b"Location:",
        b"X-Location: http://crm.internal:8443/a",
        b"Link: <http://crm.internal:8443/a>",
        b"Set-Cookie: a=1",
        b"Set-Cookie: a=crm.internal; Path=/",
        b"Set-Cookie: a=1; Domain=elsewhere.example",
        b"Set-Cookie: a=1; Domain=sub.crm.internal",
        b"Set-Cookie: a=1; Domain=",
        b"Set-Cookie: a=1; XDomain=crm.internal",
        b"X-Note: \xff; Domain=crm.internal",
    ],
)
def test_what_does_not_name_the_upstream_stays_byte_for_byte(line: bytes) -> None:
    """Other hosts, other ports, other fields and relative addresses are none of ours."""
    assert rewritten(line) == line


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (b"Set-Cookie: a=1; Domain=crm.internal; Path=/", b"Set-Cookie: a=1; Domain=crm.example; Path=/"),
        (b"set-cookie:a=1;domain = .CRM.internal ;Secure", b"set-cookie:a=1;domain = .crm.example;Secure"),
        (
            b"Set-Cookie: a=1; Domain=x.example; Domain=crm.internal",
            b"Set-Cookie: a=1; Domain=x.example; Domain=crm.example",
        ),
    ],
    ids=["plain", "blanks and case", "the last of two"],
)
def test_a_cookies_domain_that_names_the_upstream_names_the_public_host(line: bytes, said: bytes) -> None:
    """Ports belong to no cookie; whichever of several domains a browser takes, it is not the upstream's."""
    assert rewritten(line, public=b"crm.example:8080") == said


def test_a_public_address_keeps_its_brackets_in_a_cookie() -> None:
    """An IPv6 host is not cut at its first colon."""
    line = rewritten(b"Set-Cookie: a=1; Domain=crm.internal", public=b"[2001:db8::7]:8080")

    assert line == b"Set-Cookie: a=1; Domain=[2001:db8::7]"


def test_without_a_public_name_nothing_is_rewritten() -> None:
    """A client of HTTP/1.0 that named no host is not sent to an empty one."""
    lines = [b"Location: http://crm.internal:8443/a", b"Set-Cookie: a=1; Domain=crm.internal"]

    assert rewrite_lines(lines, b"crm.internal:8443", b"", b"http") == lines
