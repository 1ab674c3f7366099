"""What a key set's source answers: whether tokens could be checked by it."""

from __future__ import annotations

from proxy.core.auth.public_keys import PublicKeys, read_public_keys
from proxy.core.one_line import one_line
from proxy.core.reachability.finding import End, Finding, ProbeRow, failed, fine, warned


def judged_key_set(asked: str, status: int, body: bytes, policies: str) -> Finding:
    """`policies` are those that check tokens by it; without a set their requests are answered with 503."""
    said = f"{status} to {asked}"
    if status in (401, 403, 407):
        return failed(
            ProbeRow.MAY_I, f"reached, but refused: {said}", End.THERE, "a key set is public: let this host read it"
        )
    if status != 200:
        cure = f"a key set is answered with 200: see its log, or name its URL in auth ({policies})"
        return failed(ProbeRow.MAY_I, said, End.THERE, cure)
    found = read_public_keys(body)
    if not isinstance(found, PublicKeys):
        cure = f"publish a key set (RFC 7517) there, or name another URL in auth ({policies})"
        return failed(ProbeRow.MAY_I, f"{said}: {found}", End.THERE, cure)
    keys = f"{said}: {found.count} key{'' if found.count == 1 else 's'}"
    if found.refused:
        refused = one_line("; ".join(found.refused))
        return warned(ProbeRow.MAY_I, keys, End.THERE, f"a key is passed over: {refused}")
    return fine(ProbeRow.MAY_I, keys)
