"""A consent after a grant was adopted: nobody told of its subject before the provider did."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from urllib.parse import urlencode

from proxy.core.grants.grant_policy import Replaces
from tests.clerk.grants.desks import NEW, POLICY, desk, refreshed
from tests.clerk.grants.provider import Provider, basic


async def test_a_consent_leads_tokens_of_an_adopted_grant_to_the_new_one(
    database: str, provider: Provider, tmp_path: Path
) -> None:
    """The subject of a grant that was brought, and not given here, is known from its first refresh."""
    one = desk(database, tmp_path, provider.port, replace(POLICY, replaces=Replaces.SUBJECT))
    [brought] = provider.mint("adopted")
    old = refreshed(await one.ask(brought))
    [code] = provider.mint("adopted", kind="code")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": "https://client.test/cb"}
    new = refreshed(await one.post(urlencode(form).encode(), ("authorization", basic())))

    assert refreshed(await one.ask(old, NEW)) == new
    await one.close()
