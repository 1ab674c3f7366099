"""How one key set stands: when it is fetched again, how long it holds without its source, when somebody is told.

Rule 1: it is fetched again ahead of its age, so that nobody waits for it; what its source says of that is bounded.
Rule 2: a source that is away costs nothing until `keep` is over: the last good set holds. Then there is none.
Rule 3: a source that failed is tried again, ever later.
        When the clock is set back, what lies further ahead than any set may be kept is a moment of before: it is due.
Rule 4: a key that no set has is a reason to fetch at once, but once in `WANTED_EVERY`, for all that ask together: what
        is wanted in between is fetched at the end of that time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from hashlib import sha256
from urllib.parse import urlsplit

from proxy.core.auth.public_keys import PublicKeys

KEEP = 86_400.0
"""Seconds for which a set holds when its source is away, where nothing else is said."""
LEAST_AGE, USUAL_AGE, MOST_AGE = 60.0, 300.0, 3600.0
"""Seconds, whatever the source says; and what a set without a word of it has."""
AHEAD = 0.75
"""The part of its age after which it is fetched again."""
FIRST_RETRY, LONGEST_RETRY = 1.0, 30.0
WANTED_EVERY = 10.0
ALARM_AFTER = 3
"""Failures in a row; fewer are the day's."""
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?([0-9]{1,12})", re.IGNORECASE)
_NEVER = float("-inf")


@dataclass(frozen=True, slots=True)
class KeySetSource:
    """A URL, and for how many seconds its set holds when it is away."""

    source: str = field(repr=False)
    keep: float = KEEP

    @property
    def mark(self) -> str:
        """Names it on disk, where nobody is to read a password."""
        return sha256(self.source.encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def shown(self) -> str:
        """As people and metrics see it: a query, or a user's name, may hold a token."""
        parts = urlsplit(self.source)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@dataclass(frozen=True, slots=True)
class FetchedKeys:
    """A good answer; `keys` None: the set has not changed. `age`: how many seconds it may be kept."""

    keys: PublicKeys | None
    etag: str
    age: float


@dataclass(frozen=True, slots=True, kw_only=True)
class KeySetState:
    """All times are unix seconds. `fetched`: when the source last said that this is the set; `failures` in a row.

    `wanted`: when it was last fetched for a key that it had not, or will be.
    """

    source: KeySetSource
    jwks: bytes = b""
    count: int = 0
    etag: str = ""
    fetched: float = 0.0
    due: float = _NEVER
    failures: int = 0
    error: str = ""
    wanted: float = _NEVER

    @property
    def ends(self) -> float:
        """When there is none any more, unless it is fetched before."""
        return self.fetched + self.source.keep

    @property
    def is_alarming(self) -> bool:
        """Whether somebody has to look."""
        return self.failures >= ALARM_AFTER

    def held(self, now: float) -> bytes:
        """The set that holds; empty: there is none."""
        return self.jwks if now < self.ends else b""

    def is_due(self, now: float) -> bool:
        """Whether it is to be fetched now."""
        return not now < self.due <= now + MOST_AGE

    def wakes(self, now: float) -> float:
        """When something is to be done: it is fetched, or ends."""
        return min(self.due, self.ends) if self.held(now) else self.due


def max_age(cache_control: str, age: str) -> float:
    """Seconds for which a set may be kept by what its source says (RFC 9111 sections 5.2 and 5.1), within bounds."""
    found = _MAX_AGE.search(cache_control)
    if found is None:
        return USUAL_AGE
    passed = int(age) if age.isascii() and age.isdigit() and len(age) < 13 else 0
    return min(max(float(int(found.group(1)) - passed), LEAST_AGE), MOST_AGE)


def answered(state: KeySetState, fetched: FetchedKeys, now: float) -> KeySetState:
    """The source has said which set it is; whoever has wanted a key meanwhile, and lacks it still, says so again."""
    keys = fetched.keys
    return replace(
        state,
        jwks=state.jwks if keys is None else keys.jwks,
        count=state.count if keys is None else keys.count,
        etag=fetched.etag or (state.etag if keys is None else ""),
        fetched=now,
        due=now + AHEAD * fetched.age,
        wanted=min(state.wanted, now),
        failures=0,
        error="",
    )


def failed(state: KeySetState, error: str, now: float) -> KeySetState:
    """The source is away, or has said what is no set."""
    later = min(FIRST_RETRY * 2.0 ** min(state.failures, 16), LONGEST_RETRY)
    return replace(state, due=now + later, failures=state.failures + 1, error=error)


def asked_for(state: KeySetState, now: float) -> KeySetState:
    """A token names a key that is not in it: rule 4."""
    if now < state.wanted <= now + WANTED_EVERY:
        return state
    at = max(now, state.wanted + WANTED_EVERY) if state.wanted <= now else now
    return replace(state, wanted=at, due=min(state.due, at))
