"""`hooks:`: who is told of moves.

Rule 1: a url may hold a token and a secret is one, so nothing of either is ever repeated, whatever is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator

from proxy.config.block import Block, Draft, KeysAt, Section, needed, optional
from proxy.config.readers import units
from proxy.config.readers.errors import fault
from proxy.config.readers.schema_patterns import TEXT, beginning
from proxy.config.text.problem import Path
from proxy.core.routing.snapshot import Hook
from proxy.core.secret import Secret

_LEAST_SECRET = 16
_SCHEME = re.compile(r"https?://", re.IGNORECASE)
_DEFAULT = Hook(url=Secret(""))


def read_hook_url(value: object) -> str:
    """`https://host[:port]/path`, with or without a query."""
    text = value if isinstance(value, str) else ""
    if not _is_url(text) or re.search(r"[\s\x00-\x1f\x7f]", text):
        raise fault("must be a url such as https://hooks.example.com/banyan", got="")
    if "@" in urlsplit(text).netloc:
        raise fault("must not hold a user or password; put a token into the path, or use secret", got="")
    return text


def _is_url(text: str) -> bool:
    try:
        found = urlsplit(text)
        return bool(_SCHEME.match(text) and found.hostname) and (found.port is None or found.port > 0)
    except ValueError:
        return False


def read_secret(value: object) -> str:
    """Text that is long enough not to be guessed."""
    if isinstance(value, str) and len(value) >= _LEAST_SECRET:
        return value
    raise fault(f"must be a text of at least {_LEAST_SECRET} characters, best from the environment", got="")


HookUrl = Annotated[str, BeforeValidator(read_hook_url), beginning(_SCHEME)]
SecretText = Annotated[str, BeforeValidator(read_secret), TEXT]


class HookBlock(Block):
    """A listener that is told of each move by a POST."""

    url: HookUrl = needed("Where to.", "https://hooks.example.com/banyan")
    secret: SecretText | None = optional(
        "Signs each message (HMAC-SHA256). Without it messages are not signed.", "only-for-trying-out"
    )
    timeout: units.LengthAboveZero | None = optional(f"For one attempt. Default {_DEFAULT.timeout:g}s.", "5s")


def hooks_of(blocks: Sequence[HookBlock] | None) -> tuple[Hook, ...]:
    """The core's values: defaults filled in."""
    return tuple(
        Hook(url=Secret(str(hook.url)), secret=Secret(str(hook.secret or "")), timeout=hook.timeout or _DEFAULT.timeout)
        for hook in blocks or ()
    )


class HooksAtTop(Block):
    """Who is told."""

    hooks: list[HookBlock] | None = optional(
        "Who is told of each move of a route, by a POST.", [{"url": "https://hooks.example.com/banyan"}]
    )


def _secrets(draft: Draft) -> Iterator[Path]:
    for index, hook in enumerate(draft.top(HooksAtTop).hooks or ()):
        if hook.secret:
            yield ("hooks", index, "secret")


HOOKS = Section(top=KeysAt(HooksAtTop, lambda keys, _: {"hooks": hooks_of(keys.hooks)}), secrets=_secrets)
