"""Whether the side that has answered may be asked the same a second time, to learn what it does not repeat.

Rule 1: only where the route itself declares `effects: safe`. A method says what clients may expect; what a server does
        with a GET, only its operator knows: a counter behind `GET /next` counts every question.
Rule 2: not where the target holds what one question may use up or move on: a session, a code, a token, a cursor. It is
        told by the name of a parameter, in the query or after `;` in the path, or by a value that looks like a token.
        In doubt nobody is asked: a second question is worth less than any client's session.
"""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from proxy.core.routing.effects import Effects

_PARTS = re.compile(
    rb"token|session|sess_?id|cursor|nonce|ticket|signature|secret|passw|passcode|credential|assertion|saml|oauth|jwt"
    rb"|csrf|xsrf|captcha|challenge|verif|onetime|one[_-]time|continu|scroll|relaystate|pageafter|pagebefore",
    re.IGNORECASE,
)
"""What makes a name suspicious wherever it stands in it."""
_WORDS = frozenset(
    {
        *(b"sid", b"psid", b"cfid", b"state", b"code", b"key", b"keys", b"sig", b"hmac", b"mac", b"hash", b"digest"),
        *(b"otp", b"totp", b"pin", b"pwd", b"pass", b"auth", b"authorization", b"lt", b"sso", b"magic", b"link"),
        *(b"after", b"before", b"since", b"marker", b"seq", b"sequence", b"ack", b"bookmark", b"checkpoint"),
        *(b"confirm", b"confirmation", b"activate", b"activation", b"invite", b"invitation", b"reset", b"unsubscribe"),
        *(b"transport", b"poll", b"polling", b"handshake", b"once"),
    }
)
"""What makes it suspicious as a whole word: `page[after]`, `nextKey`, `auth_code`."""
_WORD = re.compile(rb"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_TOKEN = re.compile(rb"(?=(?:[^0-9]*[0-9]){3})(?=(?:[^A-Za-z]*[A-Za-z]){3})[A-Za-z0-9_=+/.~-]{20,}")
"""Letters and digits mixed, and no blank among them."""
_SEPARATOR = re.compile(rb"[&;]")


def may_ask_again(declared: Effects | None, target: bytes) -> bool:
    """Whether both rules allow it; `declared` is the route's own `effects`."""
    return declared is Effects.SAFE and not moves_on(target)


def moves_on(target: bytes) -> bool:
    """Rule 2: whether the target (origin form, raw) holds what a question may use up or move on."""
    path, _, query = target.partition(b"?")
    pairs = _SEPARATOR.split(query)
    if b";" in path or b"%3b" in path.lower():
        for segment in unquote_to_bytes(path).split(b"/"):
            pairs += segment.split(b";")[1:]
    return any(_is_spent(*pair.partition(b"=")[::2]) for pair in pairs if pair)


def _is_spent(name: bytes, value: bytes) -> bool:
    plain = unquote_to_bytes(name)
    if _PARTS.search(plain) is not None or not _WORDS.isdisjoint(word.lower() for word in _WORD.findall(plain)):
        return True
    return _TOKEN.fullmatch(unquote_to_bytes(value.replace(b"+", b" "))) is not None
