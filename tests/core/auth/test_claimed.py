from __future__ import annotations

from proxy.core.auth.claimed import LONGEST, claimed
from proxy.core.auth.signed_token import SignedToken


def token(kid: str | None, **claims: object) -> SignedToken:
    return SignedToken("ES256", kid, "jwt", claims, b"signed", b"signature")


def test_a_refused_token_is_told_by_what_it_claims() -> None:
    """Issuer, key, audience and subject, and that nobody has verified them; no other claim, and no byte of its text."""
    said = claimed(token("one", iss="https://id.example.com", aud=["a", "b"], sub="ada", email="ada@example.com"))
    assert said == 'unverified: iss "https://id.example.com", kid "one", aud ["a", "b"], sub "ada"'


def test_what_was_verified_is_not_called_unverified() -> None:
    """Of a caller who is known and may not do this the same is said, under another word."""
    assert (
        claimed(token("one", sub="ada"), is_verified=True) == 'refused, verified: no iss, kid "one", no aud, sub "ada"'
    )


def test_what_it_does_not_say_is_told() -> None:
    """A token without an audience is refused for just that."""
    assert claimed(token(None, sub=7)) == "unverified: no iss, no kid, no aud, sub 7"


def test_what_it_says_is_bounded_and_cannot_break_a_line() -> None:
    """A forger writes no line of the log."""
    said = claimed(token("x" * 10_000, iss="a\nb\x1b[2J\u2028", aud="a" * 10_000))
    assert said.isprintable()
    assert len(said) < 4 * LONGEST
    assert said.startswith('unverified: iss "a\\nb\\u001b[2J\\u2028", kid "xxx')
