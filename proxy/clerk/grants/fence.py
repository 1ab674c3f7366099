"""What all work for one provider shares: its policy, keys and calls, the tables, the spool."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from proxy.clerk.grants.alarms import GrantAlarms
from proxy.clerk.grants.commits import Commits
from proxy.clerk.grants.provider_call import ProviderCalls
from proxy.clerk.grants.provider_keys import ProviderKeys
from proxy.clerk.grants.sealing import ANSWER, TOKEN
from proxy.core.grants.grant_policy import GrantPolicy, Replaces
from proxy.core.grants.token_answer import Tokens
from proxy.core.secret import Secret
from proxy.store.grant_records import GrantRecord
from proxy.store.postgres.grant_tables import GrantTables


@dataclass(frozen=True, slots=True, kw_only=True)
class Fence:
    """Before one provider."""

    policy: GrantPolicy
    keys: ProviderKeys
    calls: ProviderCalls
    tables: GrantTables
    commits: Commits
    alarms: GrantAlarms

    def sealed_token(self, family: UUID, token: Secret[str]) -> bytes:
        """As it may stand in the database."""
        return self.keys.sealer.seal(family, TOKEN, Secret(token.reveal().encode()))

    def token(self, family: UUID, sealed: bytes) -> Secret[str]:
        """SealError where no key opens it."""
        return Secret(self.keys.sealer.open(family, TOKEN, sealed).reveal().decode())

    def subject(self, client_id: str, tokens: Tokens) -> bytes | None:
        """By which a later consent of the same person takes a family over; None: by nothing."""
        takes_over = self.policy.replaces is Replaces.SUBJECT and bool(tokens.subject)
        return self.keys.hashes.subject(client_id, tokens.subject) if takes_over else None

    def record(self, family: UUID, tokens: Tokens, generation: int, begun: float, slot: str) -> GrantRecord:
        """What is to be kept of an answer; without whose credentials and which token brought it."""
        hashes = self.keys.hashes
        keeps = not tokens.bound and tokens.expires_in > 0
        return GrantRecord(
            family=family,
            provider=self.policy.name,
            client_id="",
            generation=generation,
            token=self.sealed_token(family, tokens.refresh_token),
            token_hash=hashes.token(tokens.refresh_token),
            before=None,
            slot=slot,
            answer=self.keys.sealer.seal(family, ANSWER, tokens.rest) if keeps else None,
            begun=begun,
            ends=begun + tokens.expires_in,
            access_hash=hashes.token(tokens.access_token),
            credential=None,
        )
