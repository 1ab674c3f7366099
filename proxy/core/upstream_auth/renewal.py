"""When a source is asked for its next token.

Rule 1: all times are wall times, looked at anew each time: a process that was paused finds itself late, not on time.
Rule 2: a token is renewed half its life before its end, or `MARGIN` before where that is later; one without a known
        end every `MARGIN`. What costs nobody anything to look at is looked at every `REREAD`.
Rule 3: after a failure it is asked again after 1, 2, 4, 8 seconds and then every `MOST_WAIT`, for ever.
Rule 4: a token that an upstream has refused is renewed at once, but so only once in `REFUSED_EVERY`: where the next one
        is refused as well, no other would do.
Rule 5: an end is met `EARLY` before, or a tenth of the life before where that is shorter: a request travels.
"""

from __future__ import annotations

from proxy.core.upstream_auth.token_source import IssuedToken

MARGIN = 300.0
REREAD = 1.0
MOST_WAIT = 10.0
REFUSED_EVERY = 30.0
EARLY = 2.0
_DOUBLINGS = 4
_NEVER = float("inf")


class Renewal:
    """Of one source."""

    __slots__ = ("_failures", "_refused_at", "_rereads", "due", "token")

    def __init__(self, *, rereads: bool = False) -> None:
        """It is due at once; `rereads`: it is looked at all the time."""
        self._rereads = rereads
        self.token: IssuedToken | None = None
        self.due = 0.0
        self._failures = 0
        self._refused_at = -_NEVER

    def succeed(self, token: IssuedToken) -> None:
        """Take what came."""
        self.token = token
        self._failures = 0
        self.due = token.issued + (REREAD if self._rereads else renew_after(token))

    def fail(self, now: float) -> None:
        """Rule 3."""
        self.due = now + min(2.0**self._failures, MOST_WAIT)
        self._failures = min(self._failures + 1, _DOUBLINGS)

    def refuse(self, mark: str, now: float) -> bool:
        """Rule 4: an upstream has said 401 to the token with this mark; whether another one is asked for now."""
        current = self.token
        if current is None or current.mark != mark or 0 <= now - self._refused_at < REFUSED_EVERY:
            return False
        self._refused_at = now
        self.due = now
        return True


def renew_after(token: IssuedToken) -> float:
    """Rule 2, in seconds after it was issued."""
    if token.ends == _NEVER:
        return MARGIN
    life = token.ends - token.issued
    return max(life - min(life / 2, MARGIN), REREAD)


def end_of(token: IssuedToken) -> float:
    """Rule 5: until when it may be sent."""
    return token.ends - max(min(EARLY, (token.ends - token.issued) / 10), 0.0) if token.ends != _NEVER else _NEVER
