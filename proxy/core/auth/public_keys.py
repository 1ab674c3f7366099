"""A key set as its source gives it (RFC 7517), and what is kept of it: public keys for signatures, by known members.

Rule 1: a key that is private or symmetric is refused and told: whoever can read the source could sign with it.
Rule 2: of a public key those members are kept that say what it is; certificates and addresses of more keys are not.
Rule 3: what is for encryption, of an unknown kind or curve, or has a member that is no text is passed over and told.
Rule 4: a document that is none, says a member twice, or leaves no key is no key set: the one of before stays.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from proxy.core.auth.algorithm import KEY_KINDS, KeyKind

MOST_BYTES = 256 * 1024
MOST_KEYS = 100
_NEEDED: Mapping[str, tuple[str, ...]] = {"RSA": ("n", "e"), "EC": ("crv", "x", "y"), "OKP": ("crv", "x")}
"""RFC 7518 section 6 and RFC 8037 section 2."""
_KNOWN = frozenset(KEY_KINDS.values())
_SAID = ("kty", "kid", "use", "alg")
_PRIVATE = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


@dataclass(frozen=True, slots=True)
class PublicKeys:
    """`jwks` is the document that is kept, of `count` keys; `refused` says of each other key why, in a clause."""

    jwks: bytes
    count: int
    refused: tuple[str, ...] = ()


class _TwiceError(ValueError):
    """A member stands twice in an object."""


def read_public_keys(document: bytes) -> PublicKeys | str:
    """What is kept of a document, or why nothing is, in a clause."""
    if len(document) > MOST_BYTES:
        return f"it has more than {MOST_BYTES} bytes"
    try:
        found = json.loads(document, object_pairs_hook=_once)
    except _TwiceError as error:
        return f"it says {error} twice in one object"
    except (ValueError, RecursionError):
        return "it is no JSON"
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list):
        return "it is no key set: it has no list of keys"
    if len(keys) > MOST_KEYS:
        return f"it has more than {MOST_KEYS} keys"
    return _kept(keys)


def _kept(keys: Sequence[object]) -> PublicKeys | str:
    kept: list[Mapping[str, object]] = []
    refused: list[str] = []
    for place, key in enumerate(keys):
        read = _public(key)
        if isinstance(read, str):
            refused.append(f"{_named(key, place)} {read}")
        else:
            kept.append(read)
    if not kept:
        return "no key of it can be used: " + ("; ".join(refused) or "there is none")
    return PublicKeys(json.dumps({"keys": kept}, separators=(",", ":")).encode(), len(kept), tuple(refused))


def _public(key: object) -> Mapping[str, object] | str:
    """The members that are kept, or why the key is refused."""
    if not isinstance(key, dict):
        return "is no object"
    if key.get("kty") == "oct":
        return "is symmetric: whoever reads the key set could sign with it"
    if not _PRIVATE.isdisjoint(key):
        return "is private, and can be read by everybody: its owner has to replace it"
    kind = key.get("kty")
    needed = _NEEDED.get(kind) if isinstance(kind, str) else None
    if needed is None:
        return "is of a kind that is not known"
    kept = {name: key[name] for name in (*_SAID, *needed) if name in key}
    if any(name not in kept for name in needed) or not all(isinstance(value, str) for value in kept.values()):
        return "is not whole"
    if KeyKind(str(kind), str(kept.get("crv", ""))) not in _KNOWN:
        return "is of a curve that is not known"
    if kept.get("use", "sig") != "sig" or not _verifies(key.get("key_ops")):
        return "is not for signatures"
    return kept


def _verifies(operations: object) -> bool:
    return operations is None or (isinstance(operations, list) and "verify" in operations)


def _named(key: object, place: int) -> str:
    kid = key.get("kid") if isinstance(key, dict) else None
    return f"key {kid[:64]!r}" if isinstance(kid, str) else f"key {place + 1}"


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        raise _TwiceError(next(name[:64] for name in found if names.count(name) > 1))
    return found
