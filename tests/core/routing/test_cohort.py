from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.routing.cohort import CLIENT_IP, CohortSource, SourceKind, cohort_of, present_cohort
from proxy.core.routing.split import draw, salt_of
from tests.core.asking import asking

IP = b"203.0.113.7"
HEADER = CohortSource(SourceKind.HEADER, "x-tenant")
COOKIE = CohortSource(SourceKind.COOKIE, "sid")
QUERY = CohortSource(SourceKind.QUERY, "tenant")
PATH = CohortSource(SourceKind.PATH, "tenant", 2)
CLIENT = CohortSource(SourceKind.CLIENT_IP)
DRAWS = (Path(__file__).parent / "draws.txt").read_text("utf-8").splitlines()
"""Group, kind of source, value as sent, and the draw as `float.hex` writes it."""


@pytest.mark.parametrize(
    ("source", "target", "fields", "key"),
    [
        (HEADER, "/", [(b"x-tenant", b"7"), (b"x-tenant", b"8")], b"7"),
        (HEADER, "/", [(b"x-tenant", b"")], None),
        (HEADER, "/", [], None),
        (COOKIE, "/", [(b"cookie", b"a=1; sid=s1; sid=s2")], b"s1"),
        (COOKIE, "/", [(b"cookie", b"a=1"), (b"cookie", b"sid=s=1\t")], b"s=1"),
        (COOKIE, "/", [(b"cookie", b"xsid=1; sid=; sid")], None),
        (COOKIE, "/", [], None),
        (QUERY, "/?tenant=%C3%A9&tenant=8", [], "é".encode()),
        (QUERY, "/?tenant=%FF", [], b"\xff"),
        (QUERY, "/?tenant=", [], None),
        (QUERY, "/", [], None),
        (PATH, "/tenants/7/orders", [], b"7"),
        (PATH, "/tenants/%37", [], b"7"),
        (PATH, "/tenants/a%c3%A9%2f%7E%zz", [], b"a%C3%A9%2F~%zz"),
        (HEADER, "/", [(b"x-tenant", b"%37")], b"%37"),
        (COOKIE, "/", [(b"cookie", b"sid=%37")], b"%37"),
        (PATH, "/tenants/", [], None),
        (PATH, "/tenants", [], None),
        (CLIENT, "/", [], IP),
    ],
)
def test_a_key_is_what_was_meant(
    source: CohortSource, target: str, fields: list[tuple[bytes, bytes]], key: bytes | None
) -> None:
    """Each kind of source finds its key as bytes, the first of several, a URL's part in one spelling; or no key."""
    assert source.key(asking(target, fields=fields), IP) == key


def test_the_first_source_that_is_present_wins() -> None:
    """Of a list, the first source with a key is the cohort's; without any, the client's address is."""
    head = asking("/?tenant=7", fields=[(b"cookie", b"sid=s")])

    assert cohort_of((HEADER, QUERY, COOKIE), head, IP) == (QUERY, b"7")
    assert cohort_of((HEADER,), head, IP) == (CLIENT_IP, IP)
    assert present_cohort((HEADER,), head, IP) is None
    assert cohort_of((HEADER, CLIENT), head, IP) == (CLIENT, IP)


def test_sources_name_the_fields_they_read() -> None:
    """Headers and cookies want a field collected, in lower case; the others are read from elsewhere."""
    read = [CohortSource(SourceKind.HEADER, "X-Tenant"), COOKIE, QUERY, PATH, CLIENT]

    assert [each.fields for each in read] == [{b"x-tenant"}, {b"cookie"}, set(), set(), set()]


def test_the_kind_is_part_of_the_key() -> None:
    """Every kind has a prefix of its own, so tenant 7 and session 7 are drawn apart."""
    prefixes = {CohortSource(kind, "n").prefix for kind in SourceKind}

    assert len(prefixes) == len(SourceKind)
    assert HEADER.prefix == b"header:"


@pytest.mark.parametrize("line", DRAWS, ids=lambda line: line.rpartition(" ")[0])
def test_a_key_without_a_percent_sign_keeps_its_draw(line: str) -> None:
    """These draws were made when every byte of a path counted: no tenant of a running canary moves."""
    group, kind, value, number = line.split(" ")
    source = CohortSource(SourceKind(kind), "t", 2)
    target = {"path": f"/tenants/{value}/orders", "query": f"/?t={value}"}.get(kind, "/")
    found = cohort_of(
        (source,), asking(target, fields=[(b"t", value.encode()), (b"cookie", b"t=" + value.encode())]), IP
    )

    assert draw(salt_of(group), source.prefix + found[1]).hex() == number


@given(st.text(st.characters(codec="ascii", categories=("L", "N")) | st.sampled_from("-._~"), min_size=1))
def test_all_spellings_of_a_path_are_one_tenant(name: str) -> None:
    """Encoded wholly, in either case of digits, or not at all: one key, and so one draw."""
    spellings = [name, "".join(f"%{ord(each):02X}" for each in name), "".join(f"%{ord(each):02x}" for each in name)]

    assert {PATH.key(asking("/tenants/" + spelling), IP) for spelling in spellings} == {name.encode()}


@given(st.binary(max_size=40), st.sampled_from([HEADER, COOKIE, QUERY, PATH, CLIENT]))
def test_any_bytes_make_a_key_or_none(raw: bytes, source: CohortSource) -> None:
    """Whatever bytes a request holds, looking for its cohort raises nothing and finds no empty key."""
    head = asking("/a/" + raw.decode("latin-1") + "?tenant=" + raw.decode("latin-1"))
    head.note(b"cookie", b"sid=" + raw)
    head.note(b"x-tenant", raw)

    assert source.key(head, IP) != b""


@pytest.mark.parametrize(
    ("claims", "key"),
    [
        ({"tenant": "acme"}, b"acme"),
        ({"tenant": 7}, b"7"),
        ({"tenant": ["acme"]}, b"acme"),
        ({"tenant": ["a", "b"]}, None),
        ({"tenant": ""}, None),
        ({"role": "x"}, None),
        (None, None),
    ],
)
def test_a_claim_of_a_verified_token_names_a_cohort(claims: dict[str, object] | None, key: bytes | None) -> None:
    """Where it is one value."""
    head = asking()
    head.claims = claims
    source = CohortSource(SourceKind.JWT, "tenant")

    assert present_cohort((source,), head, IP) == (None if key is None else (source, key))
    assert source.fields == frozenset()
