from __future__ import annotations

from pathlib import Path
from uuid import UUID, uuid4

import pytest

from proxy.clerk.grants.provider_keys import KeyFileError, load_keys
from proxy.clerk.grants.sealing import ANSWER, TOKEN, Sealer, SealError
from proxy.core.grants.grant_policy import KeyPlace
from proxy.core.secret import Secret
from tests.clerk.grants.desks import POLICY, with_policy

OLD, NEW = Secret(b"o" * 32), Secret(b"n" * 32)
FAMILY = UUID(int=7)


def test_the_first_key_seals_and_all_of_them_open() -> None:
    """So that keys are changed one after the other; a key that is gone is named by its id."""
    old = Sealer([OLD]).seal(FAMILY, TOKEN, Secret(b"token"))
    both = Sealer([NEW, OLD])
    new = both.seal(FAMILY, TOKEN, Secret(b"token"))

    assert [both.open(FAMILY, TOKEN, each).reveal() for each in (old, new)] == [b"token"] * 2
    assert Sealer([NEW]).open(FAMILY, TOKEN, new).reveal() == b"token"
    with pytest.raises(SealError, match=f"sealed with key {old[:4].hex()}, which is not among keys.data"):
        Sealer([NEW]).open(FAMILY, TOKEN, old)


def test_a_seal_is_bound_to_its_family_and_to_what_it_is() -> None:
    """A row that was moved or changed opens for nobody, and no two seals of one token are equal."""
    sealer = Sealer([OLD])
    sealed = sealer.seal(FAMILY, TOKEN, Secret(b"token"))

    assert sealed != sealer.seal(FAMILY, TOKEN, Secret(b"token"))
    assert b"token" not in sealed
    for family, kind, data in ((uuid4(), TOKEN, sealed), (FAMILY, ANSWER, sealed), (FAMILY, TOKEN, sealed[:-1] + b"x")):
        with pytest.raises(SealError, match="damaged, or another family's"):
            sealer.open(family, kind, data)


def test_keys_are_read_from_files_and_from_the_environment(tmp_path: Path) -> None:
    """What cannot be read, or is no key, is told without a word of it."""
    key = tmp_path / "key"
    key.write_text("hidden")
    policy = with_policy(data_keys=(KeyPlace(file=str(key)),))
    with pytest.raises(KeyFileError, match="is not 32 bytes") as error:
        load_keys(policy)
    assert "hidden" not in str(error.value)
    with pytest.raises(KeyFileError, match="cannot be read: No such file"):
        load_keys(with_policy(data_keys=(KeyPlace(file=str(tmp_path / "none")),)))
    key.write_bytes(b"k" * 32)

    sealed = load_keys(policy).sealer.seal(FAMILY, TOKEN, Secret(b"token"))
    assert Sealer([Secret(b"k" * 32)]).open(FAMILY, TOKEN, sealed).reveal() == b"token"
    assert load_keys(POLICY).hashes.token(Secret("t")) == load_keys(policy).hashes.token(Secret("t"))
