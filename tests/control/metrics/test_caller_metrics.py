from __future__ import annotations

from proxy.control.key_sets.key_set_watch import FetchOutcome
from proxy.control.metrics.caller_metrics import NOBODY, CallersReading, collect_callers
from proxy.core.auth.key_set_state import KeySetSource, KeySetState


def found(reading: CallersReading) -> dict[tuple[str, ...], float]:
    samples = [sample for family in collect_callers(reading) for sample in family.samples]
    return {(sample.name, *sample.labels.values()): sample.value for sample in samples}


def test_key_sets_are_told_by_their_sources() -> None:
    """Without what a URL may hold that is secret; one that has ended has no keys."""
    held = KeySetState(source=KeySetSource("https://a/keys?token=t", 100.0), jwks=b"{}", count=2, fetched=50.0)
    ended = KeySetState(source=KeySetSource("https://b/keys", 10.0), jwks=b"{}", count=2, fetched=50.0, failures=4)
    fetches = {("https://a/keys", FetchOutcome.CHANGED): 1}
    figures = found(CallersReading(now=60.0, key_sets={"a": held, "b": ended}, fetches=fetches))

    assert {key: value for key, value in figures.items() if "fetches" not in key[0]} == {
        ("banyan_key_set_keys", "https://a/keys"): 2,
        ("banyan_key_set_keys", "https://b/keys"): 0,
        ("banyan_key_set_holds_seconds", "https://a/keys"): 90,
        ("banyan_key_set_holds_seconds", "https://b/keys"): 0,
        ("banyan_key_set_failures", "https://a/keys"): 0,
        ("banyan_key_set_failures", "https://b/keys"): 4,
    }
    assert figures["banyan_key_set_fetches_total", "https://a/keys", "changed"] == 1
    assert figures["banyan_key_set_fetches_total", "https://b/keys", "failed"] == 0


def test_opaque_tokens_and_suspensions_are_counted() -> None:
    """By policy and outcome, and by where it is said; with nobody there is nothing."""
    reading = CallersReading(introspections={("partners", "active"): 3}, suspended={"order": 1, "file": 2})

    assert found(reading) == {
        ("banyan_introspections_total", "partners", "active"): 3,
        ("banyan_suspended_subjects", "order"): 1,
        ("banyan_suspended_subjects", "file"): 2,
    }
    assert found(NOBODY) == {}
