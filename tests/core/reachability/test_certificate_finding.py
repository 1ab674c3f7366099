from __future__ import annotations

from proxy.core.reachability.certificate_finding import DAY, ShownCertificate, distrusted, held, named
from proxy.core.reachability.finding import End, RowOutcome

NOW = 1_000_000.0
SHOWN = ShownCertificate(
    protocol="TLSv1.3",
    names=("crm.internal", "10.0.0.1"),
    begins_at="2026-01-01 00:00 UTC",
    ends=NOW + 14 * DAY,
    ends_at="2026-03-01 00:00 UTC",
)


def test_an_end_that_is_near_is_warned_of() -> None:
    """From fourteen days on; a second earlier nothing is said."""
    far = held(SHOWN, "crm.internal", NOW, 3.0, verified=True)
    near = held(SHOWN, "crm.internal", NOW + 1, 3.0, verified=True)

    assert (far.outcome, far.said) == (
        RowOutcome.FINE,
        "TLSv1.3, holds crm.internal until 2026-03-01 00:00 UTC, 14 days",
    )
    assert (near.outcome, near.change) == (RowOutcome.WARNING, End.THERE)
    assert "13 days" in near.said


def test_what_is_not_verified_is_warned_of() -> None:
    """With the names that are shown, also where the certificate has ended."""
    found = held(SHOWN, "crm.internal", NOW + 30 * DAY, 3.0, verified=False)

    assert (found.outcome, found.change) == (RowOutcome.WARNING, End.HERE)
    assert "not verified; it holds crm.internal, 10.0.0.1 until 2026-03-01 00:00 UTC, 0 days" in found.said


def test_what_is_wrong_with_it_is_told_apart() -> None:
    """Over, not yet, another name: by the certificate; an unknown authority: by the words of the library."""
    found = {code: distrusted(code, "verify failed: why", SHOWN, "mend it") for code in (9, 10, 62, 64, 18)}

    assert found[10].said == "the certificate ended on 2026-03-01 00:00 UTC"
    assert found[9].said == "the certificate begins on 2026-01-01 00:00 UTC"
    assert found[62].said == found[64].said == "the certificate holds crm.internal, 10.0.0.1"
    assert (found[18].said, found[18].cure, found[18].change) == ("verify failed: why", "mend it", End.HERE)
    assert [found[code].change for code in (9, 10, 62)] == [End.THERE] * 3
    assert distrusted(10, "why", None, "mend it").said == "why"


def test_many_names_are_counted() -> None:
    """Five of them are named, and none is said of a certificate without."""
    assert named(tuple("abcdefg")) == "a, b, c, d, e and 2 more"
    assert named(()) == "no name"
