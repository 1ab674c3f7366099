from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.grants.token_request import (
    FORM,
    Misread,
    Proof,
    TokenRequest,
    read_token_request,
    slot_of,
    unverified_claims,
)
from proxy.core.secret import Secret

TYPE = ("content-type", f"{FORM}; charset=utf-8")


def basic(text: str) -> tuple[str, str]:
    return "authorization", "Basic " + base64.b64encode(text.encode()).decode()


def jwt(claims: object) -> str:
    return ".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims, 1)
    )


def read(form: list[tuple[str, str]], *fields: tuple[str, str]) -> TokenRequest | Misread:
    return read_token_request((TYPE, *fields), urlencode(form).encode())


def sentence(found: TokenRequest | Misread) -> str:
    assert isinstance(found, Misread)
    return found.sentence


REFRESH = [("grant_type", "refresh_token"), ("refresh_token", "t")]


def test_a_client_shows_who_it_is_in_one_of_four_ways() -> None:
    """Basic, in the form, by an assertion, or not at all."""
    assertion = jwt({"sub": "card"})
    found = [
        read(REFRESH, basic("card:s%20")),
        read([*REFRESH, ("client_id", "card"), ("client_secret", "s")]),
        read([*REFRESH, ("client_assertion", assertion)]),
        read([*REFRESH, ("client_id", "card")]),
        read(REFRESH, basic("card:")),
    ]
    known = [(each.credentials.proof, each.credentials.client_id) for each in found if isinstance(each, TokenRequest)]

    assert known == [(proof, "card") for proof in (Proof.BASIC, Proof.POST, Proof.ASSERTION, Proof.NONE, Proof.NONE)]


@pytest.mark.parametrize(
    ("form", "fields", "expected"),
    [
        (REFRESH, [("dpop", "x")], "DPoP"),
        ([*REFRESH, ("scope", "a"), ("scope", "b")], [basic("card:s")], "stands twice"),
        ([*REFRESH, ("client_secret", "s")], [basic("card:s")], "more than one way"),
        (REFRESH, [], "does not say who it is"),
        (REFRESH, [("authorization", "Bearer x")], "not Basic"),
        (REFRESH, [("authorization", "Basic !")], "not Basic"),
        (REFRESH, [basic("card")], "not Basic"),
        ([*REFRESH, ("client_assertion", "no.jwt")], [], "no JWT"),
        ([*REFRESH, ("client_assertion", jwt([]))], [], "no JWT"),
        ([*REFRESH, ("client_assertion", "a.!.c")], [], "no JWT"),
    ],
)
def test_what_can_be_taken_in_two_ways_is_refused(
    form: list[tuple[str, str]], fields: list[tuple[str, str]], expected: str
) -> None:
    """With a sentence that repeats nothing of it."""
    assert expected in sentence(read(form, *fields))


def test_a_body_that_is_no_form_is_refused() -> None:
    """Of another type, or with bytes that a form does not have."""
    assert "must be a form" in sentence(read_token_request((("content-type", "application/json"),), b"{}"))
    assert "is not a form" in sentence(read_token_request((TYPE,), "schlüssel=ß".encode()))
    assert "is not a form" in sentence(read_token_request((TYPE,), b"novalue"))
    assert "does not say" in sentence(read_token_request((TYPE,), b""))


@given(st.text(), st.lists(st.tuples(st.text(min_size=1), st.text()), max_size=3))
def test_only_the_token_of_a_form_is_replaced(token: str, others: list[tuple[str, str]]) -> None:
    """Whatever stands in it."""
    form = [*REFRESH, *((f"x{n}{name}", value) for n, (name, value) in enumerate(others))]
    found = read([*form, ("client_id", "card")])
    assert isinstance(found, TokenRequest)
    again = parse_qs(found.body(Secret(token)).decode(), keep_blank_values=True)

    assert again == {**{name: [value] for name, value in form}, "client_id": ["card"], "refresh_token": [token]}


def test_equal_wishes_share_a_slot() -> None:
    """However they are ordered; `resource` may be repeated."""
    found = read([*REFRESH, ("resource", "b"), ("resource", "a"), ("scope", "y x"), ("client_id", "card")])
    assert isinstance(found, TokenRequest)
    assert found.slot == slot_of("x y x", ["a", "b"]) == "x y|a b"
    assert slot_of(" ", []) == ""


def test_the_sub_of_an_id_token_is_read_unverified() -> None:
    """It came from the provider itself; what is no JWT says nothing."""
    assert unverified_claims(jwt({"sub": "a"})) == {"sub": "a"}
    assert unverified_claims("opaque") == {}
