"""A provider's keys, read where routes.yaml says that they are; only the clerk does."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from proxy.clerk.grants.sealing import Sealer
from proxy.core.grants.grant_policy import GrantPolicy, KeyPlace
from proxy.core.grants.token_hash import TokenHashes, read_key
from proxy.core.secret import Secret

_LARGEST = 4096


class KeyFileError(Exception):
    """A key is not there, or is none; says which and what to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderKeys:
    """What stands for tokens, and what seals them."""

    hashes: TokenHashes
    sealer: Sealer


def load_keys(policy: GrantPolicy) -> ProviderKeys:
    """Reads files; KeyFileError."""
    hashes = TokenHashes(policy.name, _key(policy.hash_key))
    return ProviderKeys(hashes=hashes, sealer=Sealer([_key(place) for place in policy.data_keys]))


def _key(place: KeyPlace) -> Secret[bytes]:
    try:
        text = Path(place.file).read_bytes()[:_LARGEST] if place.file else place.text.reveal().encode()
    except OSError as error:
        raise KeyFileError(f"the key {place.file} cannot be read: {error.strerror}") from None
    found = read_key(text)
    if found is None:
        where = place.file or "of the environment"
        raise KeyFileError(f"the key {where} is not 32 bytes (as they are, in hex, or in base64)")
    return found
