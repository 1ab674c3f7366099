from __future__ import annotations

from dataclasses import replace

from proxy.control.noise import NOISY, REGRESSION, noisy_paths, read, step
from proxy.core.evidence import NoiseCount
from proxy.core.judge.noise import LASTS
from proxy.core.parity.fold import EVERY_PATH
from proxy.core.parity.rules import NoiseWord

NOW = 1000.0


def counts(asked: int, **paths: tuple[int, int, int]) -> list[NoiseCount]:
    every = NoiseCount(route="a", path=EVERY_PATH, asked=asked, raw_only=0, noise_only=0, both=0)
    return [
        every,
        *(
            NoiseCount(route="a", path=f"$.{name}", asked=0, raw_only=raw, noise_only=noise, both=both)
            for name, (raw, noise, both) in paths.items()
        ),
    ]


def test_noise_is_found_kept_and_runs_out() -> None:
    """What legacy does not repeat is excused for a week from the proof on; a finding survives the store."""
    findings = step({}, counts(300, at=(40, 45, 30), id=(0, 0, 0)), 1, NOW)
    states = read(findings)

    assert [(each.path, each.decided, each.until) for each in findings] == [
        ("$.at", NOISY, NOW + LASTS),
        ("$.id", "", None),
    ]
    assert noisy_paths(states.values(), (), NOW) == {"$.at"}
    assert noisy_paths(states.values(), (), NOW + LASTS) == frozenset()


def test_only_what_is_new_moves_a_finding() -> None:
    """The same counts again change nothing; more of them are added to what was known."""
    first = step({}, counts(100, at=(1, 2, 0)), 1, NOW)

    assert step(read(first), counts(100, at=(1, 2, 0)), 1, NOW) == ()
    (again,) = step(read(first), counts(150, at=(2, 2, 0)), 1, NOW)
    assert read([again])["$.at"].field.asked == 150
    assert read([again])["$.at"].field.discordant == 4


def test_a_regression_is_never_excused_until_a_deploy() -> None:
    """Where new differs more often than legacy from itself, noise is no excuse; another version is judged anew."""
    worse = step({}, counts(1000, at=(300, 60, 20)), 1, NOW)
    deployed = step(read(worse), counts(1000, at=(300, 60, 20)), 2, NOW)

    assert [each.decided for each in worse] == [REGRESSION]
    assert noisy_paths(read(worse).values(), (), NOW) == frozenset()
    assert [each.decided for each in deployed] == [NOISY]


def test_the_operators_word_outranks_the_tests_while_it_holds() -> None:
    """A path may be said to be noise, or never to be."""
    states = read(step({}, counts(300, at=(40, 45, 30)), 1, NOW)).values()
    words = (
        NoiseWord(path="$.at", noisy=False, until=NOW + 1),
        NoiseWord(path="$.seed", noisy=True),
        NoiseWord(path="$.old", noisy=True, until=NOW),
    )

    assert noisy_paths(states, words, NOW) == {"$.seed"}
    assert noisy_paths(states, words, NOW + 1) == {"$.at", "$.seed"}


def test_a_finding_of_another_version_is_begun_anew() -> None:
    """Numbers of a form that is not known are passed over."""
    (finding,) = step({}, counts(10, at=(1, 0, 0)), 1, NOW)
    assert read([replace(finding, numbers=finding.numbers[:-1])]) == {}
