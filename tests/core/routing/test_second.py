from __future__ import annotations

import pytest

from proxy.core.routing.effects import Effects
from proxy.core.routing.second import may_ask_again, moves_on


@pytest.mark.parametrize("declared", [None, *Effects])
def test_only_a_declaration_lets_legacy_be_asked_twice(declared: Effects | None) -> None:
    """No method does, and nothing but `safe`."""
    assert may_ask_again(declared, b"/orders/7") is (declared is Effects.SAFE)
    assert not may_ask_again(declared, b"/orders/7?cursor=x")


@pytest.mark.parametrize(
    "target",
    [
        *(b"/?sid=1", b"/?%73id=1", b"/?a=1&SID=1", b"/?a=1;sid=1", b"/?PHPSESSID=1", b"/?session_id=1", b"/?sessId="),
        *(
            b"/cb?code=1",
            b"/cb?state=1",
            b"/?auth_code=1",
            b"/?access%5Ftoken=1",
            b"/?nextPageToken=1",
            b"/?otp",
        ),
        *(
            b"/?cursor=1",
            b"/?page[after]=1",
            b"/?page%5Bbefore%5D=1",
            b"/?scroll_id=1",
            b"/?continuation=1",
            b"/?since=1",
        ),
        *(
            b"/?ticket=1",
            b"/?nonce=1",
            b"/?signature=1",
            b"/?X-Amz-Signature=1",
            b"/?sig=1",
            b"/?key=1",
            b"/?SAMLRequest=1",
        ),
        *(b"/?EIO=4&transport=polling", b"/a;jsessionid=1", b"/a/b;JSESSIONID=1/c?x=1", b"/a%3bjsessionid=1"),
        *(b"/?x=9f8a7c6d5e4f3a2b1c0d", b"/?x=123e4567-e89b-12d3-a456-426614174000", b"/?x=YWJjZGVmMTIz%2Bghp%3D%3D123"),
    ],
)
def test_what_one_question_may_use_up_is_seen(target: bytes) -> None:
    """Sessions, codes, tokens and cursors, by the parameter's name however it is coded, or by the look of its value."""
    assert moves_on(target)


@pytest.mark.parametrize(
    "target",
    [
        *(b"/", b"/orders/7", b"/orders/123e4567-e89b-12d3-a456-426614174000", b"/?", b"/?&;", b"/a;v=1"),
        *(b"/?page=2&limit=50&offset=100&sort=name", b"/?q=what+did+users+say+in+2026+and+later", b"/?monkey=1"),
        *(b"/?from=2026-11-28T14:00:00Z", b"/?side=left&inside=1", b"/?assessment=1", b"/?id=12345678901234567890123"),
    ],
)
def test_what_only_selects_is_left_alone(target: bytes) -> None:
    """Pages, words, times and numbers of the usual kind use nothing up."""
    assert not moves_on(target)


def test_a_hostile_target_takes_no_time() -> None:
    """What is read grows with the target's length alone: a megabyte of near misses ends within the bound of a hang."""
    assert not moves_on(b"/?" + b"a1" * 500_000 + b"!" + b"&b=" + b"1" * 500_000)
