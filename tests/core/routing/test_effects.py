from __future__ import annotations

import pytest

from proxy.core.routing.effects import Effects, effects_of, may_repeat


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
    assert [str(effect) for effect in Effects] == ["safe", "idempotent", "keyed", "unsafe"]


@pytest.mark.parametrize(
    ("declared", "method", "has_key", "has_body", "here", "elsewhere"),
    [
        (None, b"GET", False, False, True, True),
        (None, b"GET", False, True, False, False),
        (None, b"PUT", False, False, False, False),
        (None, b"POST", True, False, False, False),
        (Effects.SAFE, b"POST", False, True, True, True),
        (Effects.IDEMPOTENT, b"PUT", False, True, True, True),
        (Effects.KEYED, b"POST", True, True, True, False),
        (Effects.KEYED, b"POST", False, True, False, False),
        (Effects.UNSAFE, b"GET", False, False, False, False),
    ],
)
def test_what_may_be_sent_again(
    declared: Effects | None, method: bytes, *, has_key: bool, has_body: bool, here: bool, elsewhere: bool
) -> None:
    """By method alone only what is safe and has no body; all else by declaration, a key on its own side only."""
    found = [
        may_repeat(declared, method, has_key=has_key, has_body=has_body, elsewhere=other) for other in (False, True)
    ]

    assert found == [here, elsewhere]
