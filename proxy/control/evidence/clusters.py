"""Clusters as they stand now: what excuses each, by the rules and by what is known of its keys.

Rule 1: a rule excuses the values that it excused last, if it still holds, and kinds that it covers whatever the values.
Rule 2: what waited or was noise is what its keys are now: one that counts makes the cluster count, else one that waits
        makes it undecided, else it is noise.
Rule 3: occurrences that counted at once count for good. Where the others are excused or wait, the cluster counts, with
        their number alone, so that clusters and comparisons say the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from proxy.core.evidence.records import Cluster, KeyGroup, NoiseFinding
from proxy.core.noise.key_state import EXCUSED, Decided, KeyState, decide
from proxy.core.noise.keys import path_of
from proxy.core.noise.sentence import reordered, unknown, within_reordered
from proxy.core.parity.excuse import NOISE, UNDECIDED
from proxy.core.parity.rules.difference import VALUE_KINDS, DifferenceKind
from proxy.core.parity.rules.rules import Rules, Treatment

_BY_KEYS = frozenset({NOISE, UNDECIDED})


def as_they_stand(
    clusters: Iterable[Cluster], groups: Iterable[KeyGroup], states: Mapping[str, KeyState], rules: Rules
) -> tuple[Cluster, ...]:
    """With `accepted` and `count` as of now; `groups` are those of the same route."""
    met = _by_path(key for group in groups for key in group.keys)
    known = _by_path(states)
    return tuple(
        _standing(cluster, met.get(cluster.path) or known.get(cluster.path) or {cluster.path}, states, rules)
        for cluster in clusters
    )


def why(cluster: Cluster, findings: Iterable[NoiseFinding], lists: Iterable[str] = ()) -> str:
    """What is known of the values of a cluster as it stands, as a sentence. Empty: nothing is to be said.

    What is no value (a status, a member that is missing) is never noise, whatever is known of its path. `lists` are the
    paths of those that stand in another order, which nobody has accepted.
    """
    if not cluster.accepted:
        around = next((path for path in lists if cluster.path.startswith(f"{path}[*]")), None)
        if around is not None:
            return within_reordered(around)
        if cluster.kind is DifferenceKind.ORDER:
            return reordered(cluster.path)
    if cluster.kind not in VALUE_KINDS:
        return ""
    excused = cluster.accepted == NOISE
    said = (finding for finding in findings if finding.why and path_of(finding.path) == cluster.path)
    sentence = next((each.why for each in said if (each.decided in EXCUSED) is excused), "")
    return sentence or (unknown(cluster.path) if cluster.accepted == UNDECIDED else "")


def valueless(clusters: Iterable[Cluster]) -> frozenset[str]:
    """Paths at which no value differs, but something is missing, of another type or in another order: that counts, and
    waits for no proof of noise.
    """
    found = list(clusters)
    return frozenset({each.path for each in found} - {each.path for each in found if each.kind in VALUE_KINDS})


def _by_path(keys: Iterable[str]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for key in keys:
        found.setdefault(path_of(key), set()).add(key)
    return found


def _standing(cluster: Cluster, keys: set[str], states: Mapping[str, KeyState], rules: Rules) -> Cluster:
    accepted = _rule(cluster, rules)
    if accepted or cluster.accepted not in _BY_KEYS:
        return replace(cluster, accepted=accepted)
    match decide(keys, states):
        case Decided.MISMATCH:
            return replace(cluster, accepted="")
        case Decided.IGNORED:
            accepted = NOISE
        case Decided.UNDECIDED:
            accepted = UNDECIDED
    return (
        replace(cluster, accepted="", count=cluster.counted) if cluster.counted else replace(cluster, accepted=accepted)
    )


def _rule(cluster: Cluster, rules: Rules) -> str:
    """The id of the rule that excuses it, or nothing."""
    for rule in rules.at(cluster.path):
        always = cluster.kind not in VALUE_KINDS or rule.treatment is Treatment.IGNORE
        if rule.lives(cluster.last_seen) and rule.covers(cluster.kind) and (always or rule.id == cluster.accepted):
            return rule.id
    return ""
