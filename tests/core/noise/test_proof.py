from __future__ import annotations

from random import Random

from proxy.core.judge.noise import LASTS, NOISY, Counts, Field, ask, ask_many, noisy


def asked(times: int, raw: float, noise: float, seed: int = 1) -> Field:
    dice = Random(seed)
    field = Field(path="$.at")
    for at in range(times):
        field = ask(field, raw=dice.random() < raw, noise=dice.random() < noise, at=float(at))
    return field


def test_a_noisy_field_is_no_regression() -> None:
    """New that differs as often as legacy from itself is not to blame, and the field is found to be noisy."""
    field = asked(2000, 0.3, 0.3)

    assert not field.is_regression
    assert field.noisy_until > LASTS


def test_a_regression_is_found_beneath_the_noise() -> None:
    """30 % noise does not hide 45 %; the time of the finding stays."""
    field = asked(3000, 0.45, 0.3)
    found = field.regressed_at

    assert field.is_regression
    assert found is not None
    assert ask(field, raw=True, noise=False, at=9e9).regressed_at == found


def test_a_clean_field_is_not_noisy() -> None:
    """Legacy that differs from itself in fewer than 0.5 % of requests excuses nothing."""
    field = asked(5000, 0.0, NOISY / 5)

    assert field.noisy_until < 0
    assert field.asked == 5000


def test_only_discordant_requests_count_for_the_sign_test() -> None:
    """Where both differ, or none, nothing is learnt about new."""
    field = Field(path="$.at")
    for both in (True, False):
        field = ask(field, raw=both, noise=both, at=0.0)

    assert field.discordant == 0
    assert field.sign == Field(path="").sign


def test_a_finding_expires_and_is_renewed_by_a_new_proof_only() -> None:
    """A week after the last proof the field counts again."""
    field = asked(20, 0.0, 1.0)

    assert noisy([field], field.noisy_until - 1) == {"$.at"}
    assert noisy([field], field.noisy_until) == frozenset()


def test_the_operators_word_outranks_what_was_found() -> None:
    """Noisy by word without a proof, and never noisy by word in spite of one."""
    field = asked(20, 0.0, 1.0)

    assert noisy([field], 0.0, {"$.at": False, "$.id": True}) == {"$.id"}


def test_many_at_once_weigh_as_much_as_one_by_one() -> None:
    """Counts that come together move the evidence just as far."""
    field = Field(path="$.at")
    for raw, noise, times in ((True, False, 3), (False, True, 2), (True, True, 1), (False, False, 40)):
        for _ in range(times):
            field = ask(field, raw=raw, noise=noise, at=0.0, fields=10**9)

    together = ask_many(Field(path="$.at"), Counts(46, 3, 2, 1), at=0.0, fields=10**9)

    assert (together.asked, together.discordant) == (field.asked, field.discordant) == (46, 5)
    assert [round(each, 9) for each in (*together.sign, *together.noise)] == [
        round(each, 9) for each in (*field.sign, *field.noise)
    ]


def test_many_at_once_find_noise_and_regressions() -> None:
    """A noisy field and a worse one are found from counts; the first finding of a regression stays."""
    noisy_one = ask_many(Field(path="$.at"), Counts(200, 0, 60, 20), at=5.0)
    worse = ask_many(Field(path="$.at"), Counts(200, 60, 2, 0), at=5.0)

    assert (noisy_one.noisy_until, noisy_one.is_regression) == (5.0 + LASTS, False)
    assert (worse.regressed_at, ask_many(worse, Counts(0, 0, 0, 0), at=9.0).regressed_at) == (5.0, 5.0)
