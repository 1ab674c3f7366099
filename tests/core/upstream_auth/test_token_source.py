"""Sources of tokens, and what they give."""

from __future__ import annotations

import pytest

from proxy.core.secret import Secret
from proxy.core.upstream_auth.token_source import (
    AwsChain,
    AwsEnvironment,
    AwsFile,
    BearerFile,
    ClientCredentials,
    GoogleIdentity,
    IssuedToken,
    TokenSource,
    source_key,
)

URL = "https://id.example.com/token"
SOURCES: list[TokenSource] = [
    BearerFile(path="/run/a"),
    BearerFile(path="/run/b"),
    GoogleIdentity(audience="/run/a"),
    AwsEnvironment(),
    AwsChain(),
    AwsFile(path="/run/a"),
    AwsFile(path="/run/a", profile="two"),
    ClientCredentials(url=URL, client_id="a", client_secret=Secret("hush-hush")),
    ClientCredentials(url=URL, client_id="a", client_secret=Secret("hush-more")),
    ClientCredentials(url=URL, client_id="a", client_secret=Secret("hush-hush"), scope="read"),
    ClientCredentials(url=URL, client_id="a", client_secret=Secret("hush-hush"), audience="read"),
]


def test_each_source_has_a_key_of_its_own() -> None:
    """Which differs with every part of it, its secret too."""
    assert len({source_key(source) for source in SOURCES}) == len(SOURCES)
    assert source_key(SOURCES[0]) == source_key(BearerFile(path="/run/a"))


@pytest.mark.parametrize("source", SOURCES)
def test_a_source_shows_no_secret(source: TokenSource) -> None:
    """Neither itself nor its key."""
    assert "hush" not in repr(source) + source_key(source)


def test_a_token_shows_nothing_of_itself() -> None:
    """Its mark is another for another token, and gives none away."""
    token = IssuedToken(token=Secret("hush"), issued=1.0, access_key="AKID", session=Secret("hush-session"))
    other = IssuedToken(token=Secret("hush"), issued=1.0, access_key="AKID", session=Secret("other"))
    assert "hush" not in repr(token) + token.mark
    assert token.mark != other.mark
