from __future__ import annotations

import base64
import json
from urllib.parse import parse_qs, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.core.grants.token_request import (
    FORM,
    Credentials,
    Misread,
    Proof,
    TokenRequest,
    read_token_request,
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
OTHER_GRANT = [("grant_type", "Refresh_Token"), ("refresh_token", "t")]
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))


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
        ([*REFRESH, ("client_assertion", jwt({"sub": "half \ud83d"}))], [], "no JWT"),
        (REFRESH, [basic("card%00:s")], "not Basic"),
        ([*REFRESH, ("client_id", "other")], [basic("card:s")], "another client's"),
        ([*REFRESH, ("client_id", "other"), ("client_assertion", jwt({"sub": "card"}))], [], "another client's"),
        ([*REFRESH, ("scope", "a\0"), ("client_id", "card")], [], "a NUL"),
        ([("refresh_token", "t"), ("client_id", "card")], [], "grant_type=refresh_token alone"),
        (
            [("grant_type", "Refresh_Token"), ("refresh_token", "t")],
            [basic("card:s")],
            "grant_type=refresh_token alone",
        ),
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


@given(st.text(), st.lists(st.tuples(TEXT, TEXT), max_size=3))
def test_only_the_token_of_a_form_is_replaced(token: str, others: list[tuple[str, str]]) -> None:
    """Whatever stands in it."""
    form = [*REFRESH, *((f"x{n}{name}", value) for n, (name, value) in enumerate(others))]
    found = read([*form, ("client_id", "card")])
    assert isinstance(found, TokenRequest)
    again = parse_qs(found.body(Secret(token)).decode(), keep_blank_values=True)

    assert again == {**{name: [value] for name, value in form}, "client_id": ["card"], "refresh_token": [token]}


@pytest.mark.parametrize("query", ["refresh_token=t", "x=1&client%5Fsecret=s", "grant_type", "scope="])
def test_nothing_that_is_asked_stands_in_the_address(query: str) -> None:
    """A provider that reads both would use a token that the fence has not seen; its own parameters may stand there."""
    form = urlencode([*REFRESH, ("client_id", "card")]).encode()

    assert "not in its address" in sentence(read_token_request((TYPE,), form, target=f"/token?{query}"))
    assert isinstance(read_token_request((TYPE,), form, target="/token?tenant=a"), TokenRequest)


def slot(*more: tuple[str, str]) -> str:
    found = read([*REFRESH, *more, ("client_id", "card")])
    assert isinstance(found, TokenRequest)
    return found.slot


def test_equal_wishes_share_a_slot() -> None:
    """However they are ordered; `resource` may be repeated."""
    assert slot(("resource", "b"), ("resource", "a"), ("scope", "y x")) == "resource=a&resource=b&scope=x+y"
    assert slot(("scope", "x y x"), ("resource", "a"), ("resource", "b")) == "resource=a&resource=b&scope=x+y"
    assert slot(("scope", " "), ("audience", "")) == ""


def test_other_wishes_have_other_slots() -> None:
    """Whatever parameter says them: an answer for one audience is not given for another."""
    assert slot(("audience", "a")) != slot(("audience", "b")) != slot()
    assert slot(("scope", "a|b")) != slot(("scope", "a"), ("resource", "b|"))


def test_what_a_new_grant_is_asked_with_is_in_no_slot() -> None:
    """A code and its verifier are secrets; neither is an unknown parameter of a refresh told by its slot."""
    form = [("grant_type", "authorization_code"), ("code", "c"), ("code_verifier", "v"), ("client_id", "card")]
    found = read([*form, ("scope", "x")])
    assert isinstance(found, TokenRequest)

    assert found.slot == "scope=x"
    assert "card-number" not in slot(("pin", "card-number"))


def test_a_long_wish_has_a_short_name() -> None:
    """A provider may ignore what it does not know; what it answered has to fit into an index all the same."""
    names = {slot(("scope", "x" * 5000 + end)) for end in "ab"}

    assert {len(name) for name in names} == {64}
    assert len(names) == 2


def test_the_sub_of_an_id_token_is_read_unverified() -> None:
    """It came from the provider itself; what is no JWT says nothing."""
    assert unverified_claims(jwt({"sub": "a"})) == {"sub": "a"}
    assert unverified_claims("opaque") == {}


@pytest.mark.parametrize(
    ("proof", "lasts"),
    [(Proof.BASIC, "lasts"), (Proof.POST, "lasts"), (Proof.ASSERTION, ""), (Proof.NONE, "")],
)
def test_an_assertion_is_good_for_one_call(proof: Proof, lasts: str) -> None:
    """A password may be shown again, what is signed for one call may not (RFC 7523 section 3)."""
    assert Credentials(client_id="card", proof=proof).is_lasting is bool(lasts)
