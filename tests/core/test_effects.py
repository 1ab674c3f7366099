from __future__ import annotations

import pytest

from proxy.core.effects import Effects, effects_of


@pytest.mark.parametrize(
    ("method", "has_key", "expected"),
    [
        (b"GET", False, Effects.SAFE),
        (b"HEAD", False, Effects.SAFE),
        (b"OPTIONS", False, Effects.SAFE),
        (b"GET", True, Effects.SAFE),
        (b"PUT", False, Effects.IDEMPOTENT),
        (b"DELETE", False, Effects.IDEMPOTENT),
        (b"DELETE", True, Effects.IDEMPOTENT),
        (b"POST", False, Effects.UNSAFE),
        (b"PATCH", False, Effects.UNSAFE),
        (b"POST", True, Effects.KEYED),
        (b"PATCH", True, Effects.KEYED),
        (b"PROPFIND", False, Effects.UNSAFE),
        (b"get", False, Effects.UNSAFE),
    ],
)
def test_the_default_follows_the_method_and_the_key(method: bytes, has_key: bool, expected: Effects) -> None:  # noqa: FBT001 (a table's column)
    """RFC 9110 says which methods are safe or idempotent; of the others, only a keyed one may ever be repeated."""
    assert effects_of(method, has_key=has_key) is expected


def test_effects_are_the_four_of_the_contract() -> None:
    """An operator writes one of four words."""
    assert [str(each) for each in Effects] == ["safe", "idempotent", "keyed", "unsafe"]
