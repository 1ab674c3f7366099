from __future__ import annotations

from dataclasses import replace

from proxy.control.evidence.noise import REGRESSION, SENTENCES, asked, learned, step
from proxy.core.evidence.records import Epoch, NoiseCount
from proxy.core.noise.key_state import KeyState
from proxy.core.noise.proof import LASTS
from proxy.core.parity.rules.rules import NoiseWord

NOW = 1e9


def count(path: str, measure: str, numbers: tuple[int, int, int, int], epoch: int = 1) -> NoiseCount:
    asked_, raw, noise, both = numbers
    return NoiseCount(
        route="a", path=path, measure=measure, epoch=epoch, asked=asked_, raw_only=raw, noise_only=noise, both=both
    )


def counts(repeats: int, epoch: int = 1, **paths: tuple[int, int, int]) -> list[NoiseCount]:
    """So many repeats within a second, and what they showed at each path; all have differed in 40 of 40 answers."""
    every = [count("", "gap 1", (repeats, 0, 0, 0), epoch), count("", "compared", (40, 0, 0, 0), epoch)]
    shown = [count(f"$.{name}", "gap 1", (0, *numbers), epoch) for name, numbers in paths.items()]
    differed = [count(f"$.{name}", "differed", (0, 40, 0, 0), epoch) for name in paths]
    return [*every, *shown, *differed]


def test_noise_is_found_kept_and_runs_out() -> None:
    """What legacy does not repeat is excused for a week from the proof on; a finding survives the store."""
    findings = step((), counts(20, at=(0, 0, 18), id=(1, 1, 0)), 1, NOW)

    assert [(each.path, each.decided, each.until) for each in findings] == [
        ("$.at", "noisy", NOW + LASTS),
        ("$.id", "", None),
    ]
    assert findings[0].why == "legacy does not repeat it: another value in 18 of 20 repeats"
    assert learned(findings, (), NOW).states == {"$.at": KeyState.NOISY}
    assert learned(findings, (), NOW + LASTS).states == {}
    assert asked(findings[0]) == 20


def test_what_was_counted_of_another_epoch_speaks_for_noise_alone() -> None:
    """Legacy is the same; new is not, and what waited begins anew."""
    old = counts(20, 1, at=(15, 0, 0), id=(0, 0, 18))
    findings = step((), [*old, *counts(0, 2, id=(0, 0, 0), at=(0, 0, 0))], 2, NOW)

    assert {each.path: each.decided for each in findings} == {"$.at": "", "$.id": "noisy"}


def test_a_finding_is_written_when_something_changes() -> None:
    """The sentence of a key that waits is written anew once a minute at most."""
    first = step((), counts(2, id=(0, 0, 1)), 1, NOW)

    assert step(first, counts(2, id=(0, 0, 1)), 1, NOW + 1) == ()
    assert step(first, counts(3, id=(0, 0, 1)), 1, NOW + 1) == ()
    (again,) = step(first, counts(3, id=(0, 0, 1)), 1, NOW + SENTENCES)
    assert asked(again) == 3
    (proved,) = step(first, counts(20, id=(0, 0, 19)), 1, NOW + 1)
    assert proved.decided == "noisy"


def test_a_regression_is_never_excused_until_a_deploy() -> None:
    """Where new differs more often than legacy from itself, noise is no excuse; another version is judged anew."""
    given = counts(200, at=(60, 2, 100))
    worse = step((), given, 1, NOW)
    deployed = step(worse, [*given, *counts(0, 2, at=(0, 0, 0))], 2, NOW)

    assert [each.decided for each in worse] == [REGRESSION]
    assert learned(worse, (), NOW).states == {"$.at": KeyState.HELD}
    assert [each.decided for each in deployed] == ["noisy"]


def test_what_comparers_found_decides() -> None:
    """A clock with its distance from now, a key that is held; findings of an older epoch are over."""
    found = [
        *counts(0, at=(0, 0, 0), off=(0, 0, 0), old=(0, 0, 0)),
        count("$.at", "clock", (2, 1_800_000, 0, 0)),
        count("$.off", "off", (1, 0, 1500, 0)),
        count("$.old", "form", (1, 0, 0, 0), epoch=0),
    ]
    findings = step((), found, 1, NOW)

    assert {each.path: (each.decided, each.why) for each in findings} | {"$.old": ()} == {
        "$.at": ("clock", "it is always +900 s from now"),
        "$.off": ("held", "new is -1.5 s off"),
        "$.old": (),
    }
    known = learned(findings, (), NOW)
    assert known.states == {"$.at": KeyState.CLOCK, "$.off": KeyState.HELD}
    assert known.lags == {"$.at": 900.0}


def test_where_only_legacy_differs_from_itself_nothing_is_kept() -> None:
    """Nor where a measure is not known."""
    alone = [count("", "gap 1", (9, 0, 0, 0)), count("$.a", "gap 1", (0, 0, 9, 0)), count("$.b", "x", (1, 0, 0, 0))]

    assert step((), alone, 1, NOW) == ()


def test_asking_twice_counts_however_new_answered() -> None:
    """Legacy was asked twice: that it differs from itself is enough."""
    given = [count("", "second", (60, 0, 0, 0), 0), count("$.a", "second", (0, 2, 20, 20), 0), *counts(0, a=(0, 0, 0))]
    (finding,) = step((), given, 1, NOW)

    assert (finding.decided, asked(finding)) == ("noisy", 60)


def test_the_operators_word_outranks_the_tests_while_it_holds() -> None:
    """A path may be said to be noise, or never to be; that goes for all of its keys."""
    key = "$.at ~ Took <n> ms"
    findings = step((), counts(20, at=(0, 0, 18)), 1, NOW)
    findings = (*findings, replace(findings[0], path=key))
    words = (
        NoiseWord(path="$.at", noisy=False, until=NOW + 1),
        NoiseWord(path="$.seed", noisy=True),
        NoiseWord(path="$.old", noisy=True, until=NOW),
    )

    held, noisy = KeyState.HELD, KeyState.NOISY
    assert learned(findings, words, NOW).states == {"$.at": held, key: held, "$.seed": noisy}
    assert learned(findings, words, NOW + 1).states == {"$.at": noisy, key: noisy, "$.seed": noisy}
    said = (NoiseWord(path="$.at", noisy=True),)
    assert learned([replace(findings[0], decided="held")], said, NOW).states == {"$.at": noisy}


def test_a_finding_of_another_version_is_begun_anew() -> None:
    """Numbers of a form that is not known are passed over."""
    (finding,) = step((), counts(20, at=(0, 0, 18)), 1, NOW)
    strange = replace(finding, numbers=finding.numbers[:-1], decided="clock")

    (again,) = step([strange], counts(20, at=(0, 0, 18)), 1, NOW + 9)
    assert again.until == NOW + 9 + LASTS
    assert asked(strange) == 0
    assert learned([strange, replace(finding, decided="new word")], (), NOW).lags == {}


def test_of_a_loose_key_nothing_proves_noise() -> None:
    """That new is worse there is proved as anywhere."""
    loose, fine = "$[*] ~ <n>", "$[*] ~ Took <n>"
    both, worse = (0, 0, 0, 18), (0, 18, 0, 0)
    given = [count("", "gap 1", (20, 0, 0, 0)), count("", "compared", (20, 0, 0, 0))]
    for key in (loose, fine):
        given += [count(key, "gap 1", both), count(key, "differed", (0, 20, 0, 0))]
    findings = step((), given, 1, NOW)
    found = {each.path: each.decided for each in findings}
    (regressed,) = step((), [*given[:2], count(loose, "gap 1", worse)], 1, NOW)

    assert found == {loose: "", fine: "noisy"}
    assert "too much else there looks like it" in findings[0].why
    assert regressed.decided == "regression"


def test_what_was_found_of_a_version_is_not_told_of_the_next() -> None:
    """Its clock, what holds it; that legacy does not repeat a value is, and so is an operator's word."""
    found = [
        *counts(20, at=(0, 0, 0), off=(0, 0, 18), id=(0, 0, 18), said=(0, 0, 0)),
        count("$.at", "clock", (2, 1_800_000, 0, 0)),
        count("$.off", "off", (1, 0, 1500, 0)),
    ]
    findings, words = step((), found, 1, NOW), [NoiseWord(path="$.said", noisy=False)]
    epoch = Epoch(route="a", number=1, legacy_version="1", new_version="2", began=NOW, seen=NOW)
    lasting = {"$.off": KeyState.NOISY, "$.id": KeyState.NOISY, "$.said": KeyState.HELD}
    now, then = learned(findings, words, NOW, epoch), learned(findings, words, NOW, replace(epoch, number=2))

    assert now.states == lasting | {"$.at": KeyState.CLOCK, "$.off": KeyState.HELD}
    assert (now.epoch, now.lags, now.lasting) == (epoch.mark, {"$.at": 900.0}, lasting)
    assert (then.states, then.lags, then.lasting) == (lasting, {}, lasting)
