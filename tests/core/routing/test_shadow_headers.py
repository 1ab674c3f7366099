from __future__ import annotations

from proxy.core.routing.shadow import Carry, ShadowPolicy
from proxy.core.routing.shadow_headers import CONDITIONS, CREDENTIALS, copy_lines, without_conditions
from proxy.core.secret import Secret

PLAIN = ShadowPolicy()
LINES = [
    b"Host: a",
    b"Cookie: session=1",
    b"AUTHORIZATION: Bearer t",
    b"X-Api-Key: k",
    b"Accept: */*",
    b'If-None-Match: "1"',
    b"range: bytes=0-1",
]


def test_validators_and_ranges_never_go_along() -> None:
    """They belong to the side that the client talks to; that they were there is told."""
    copied = copy_lines(ShadowPolicy(carry=Carry.FORWARD), LINES)

    assert copied.lines == LINES[:5]
    assert copied.conditional
    assert not copy_lines(PLAIN, LINES[:5]).conditional


def test_every_validator_and_every_credential_is_known() -> None:
    """Each name of both lists is taken out, in any case."""
    named = [name.title() + b": x" for name in (*CONDITIONS, *CREDENTIALS)]

    assert copy_lines(PLAIN, named).lines == []


def test_credentials_follow_the_rule() -> None:
    """SH06: dropped unless something else was said; replaced only where there was something to replace."""
    own = b"Authorization: Bearer test"
    replacing = ShadowPolicy(carry=Carry.REPLACE, replacements=Secret((own,)))

    assert copy_lines(PLAIN, LINES).lines == [b"Host: a", b"Accept: */*"]
    assert copy_lines(replacing, LINES).lines == [b"Host: a", b"Accept: */*", own]
    assert copy_lines(replacing, [b"Host: a"]).lines == [b"Host: a"]


def test_a_copy_says_that_it_is_bare() -> None:
    """Where credentials were there and nothing stands in for them: what is answered then may be about nobody."""
    own = b"Authorization: Bearer test"
    others = (ShadowPolicy(carry=Carry.FORWARD), ShadowPolicy(carry=Carry.REPLACE, replacements=Secret((own,))))

    assert copy_lines(PLAIN, LINES).bare
    assert not copy_lines(PLAIN, [b"Host: a"]).bare
    assert [copy_lines(other, LINES).bare for other in others] == [False, False]


def test_a_second_question_keeps_the_credentials() -> None:
    """All that the client said goes to the side that it talks to, save validators and ranges."""
    assert without_conditions(LINES) == LINES[:5]
