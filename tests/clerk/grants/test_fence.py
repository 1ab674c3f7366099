"""Two systems with copies of one token, before a provider that ends a grant whose token is used twice."""

from __future__ import annotations

from urllib.parse import urlencode

from tests.clerk.grants.desks import LEGACY, NEW, STRANGER, Desk, refreshed, said
from tests.clerk.grants.provider import Provider, basic
from tests.clerk.grants.scenes import first_uses, riders


async def test_two_systems_with_stale_copies_both_go_on(one: Desk, provider: Provider) -> None:
    """Each refreshes in turn with the copy that it has, however old, and the provider revokes nothing."""
    [token] = provider.mint("turns")
    before = provider.counts()
    copies = {LEGACY: token, NEW: token}
    for turn in range(6):
        address = (LEGACY, NEW)[turn % 2]
        copies[address] = refreshed(await one.ask(copies[address], address))
    current = refreshed(await one.ask(copies[LEGACY], LEGACY))
    refreshed(await one.ask(current, LEGACY))

    after = provider.counts()
    assert after["revoked"] == before["revoked"]
    assert "turns" in provider.alive()


async def test_of_two_hundred_first_uses_on_two_replicas_one_goes_to_the_provider(
    one: Desk, two: Desk, provider: Provider
) -> None:
    """All get the same tokens."""
    assert await first_uses((one, two), provider, "crowd", 200) == (1, 200)
    assert "crowd" in provider.alive()


async def test_a_stored_answer_says_what_is_left_and_holds_no_id_token(one: Desk, provider: Provider) -> None:
    """Of the fresh answer only the access token, its scope and what is left of its life are given again."""
    [token] = provider.mint("left")
    fresh = said(await one.ask(token))
    again = said(await one.ask(token, NEW))

    assert "id_token" in fresh
    assert "id_token" not in again
    assert again["access_token"] == fresh["access_token"]
    assert again["refresh_token"] == fresh["refresh_token"]
    assert 3500 < again["expires_in"] <= fresh["expires_in"]


async def test_fifty_wrong_secrets_get_nothing_beside_fifty_right_ones(
    one: Desk, two: Desk, provider: Provider
) -> None:
    """Whoever waits for a flight is checked for itself, and a wrong leader takes nobody down."""
    before = provider.counts()
    assert await riders((one, two), provider, "riders") == ([200] * 50, [401] * 50)
    assert provider.counts()["used"] == before["used"] + 1
    assert "riders" in provider.alive()


async def test_a_stranger_and_another_client_get_nothing_and_nothing_is_sent(one: Desk, provider: Provider) -> None:
    """An ancestor is no token for them, and the provider never hears of it."""
    [token] = provider.mint("strangers")
    refreshed(await one.ask(token))
    before = provider.counts()
    stranger = await one.ask(token, STRANGER)
    other = await one.ask(token, client="other", secret="other-secret")
    unknown = await one.ask("never-seen", STRANGER)

    assert [stranger.status, other.status, unknown.status] == [403, 403, 403]
    assert provider.counts() == before
    assert one.desk.figures.alarms == {
        ("aggregator", "stranger"): 2,
        ("aggregator", "other_client"): 1,
    }


async def test_a_token_never_seen_is_not_sent_for_a_system_that_adopts_none(one: Desk, provider: Provider) -> None:
    """It may be an ancestor that the provider would end the grant for; told of by import, it is taken."""
    [token] = provider.mint("imported")
    before = provider.counts()
    refused = await one.ask(token, NEW)
    assert (refused.status, said(refused)["error"]) == (503, "temporarily_unavailable")
    assert provider.counts() == before

    hashes = one.desk._fences["aggregator"].keys.hashes
    from proxy.core.secret import Secret

    await one.tables.expect([hashes.token(Secret(token))], "aggregator", "new")
    refreshed(await one.ask(token, NEW))


async def test_a_consent_begins_a_family(one: Desk, provider: Provider) -> None:
    """Its refresh token is known at once to both systems."""
    [code] = provider.mint("consenting", kind="code")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://client.test/cb"}
    reply = await one.post(urlencode(form).encode(), ("authorization", basic()))
    token = refreshed(reply)

    assert refreshed(await one.ask(token, NEW)) != token
    assert refreshed(await one.ask(token, LEGACY)) != token


async def test_a_revocation_by_an_ancestor_ends_the_grant(one: Desk, provider: Provider) -> None:
    """The current token is revoked at the provider, and every ancestor is answered with invalid_grant."""
    [token] = provider.mint("revoked")
    refreshed(await one.ask(token))
    reply = await one.post(urlencode({"token": token}).encode(), ("authorization", basic()), path="/token/revocation")

    assert reply.status == 200
    assert "revoked" not in provider.alive()
    assert said(await one.ask(token, NEW))["error"] == "invalid_grant"


async def test_another_scope_is_another_slot(one: Desk, provider: Provider) -> None:
    """An ancestor with a scope that has no stored answer is refreshed with that scope, by the current token."""
    [token] = provider.mint("scopes")
    refreshed(await one.ask(token))
    narrow = said(await one.ask(token, NEW, scope="accounts openid"))
    again = said(await one.ask(token, NEW, scope="openid accounts"))

    assert set(narrow["scope"].split()) == {"accounts", "openid"}
    assert again["access_token"] == narrow["access_token"]
    assert "scopes" in provider.alive()
