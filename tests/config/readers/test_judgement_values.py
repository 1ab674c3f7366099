from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic_core import PydanticCustomError

from proxy.config.readers.judgement_values import (
    Minute,
    Moment,
    read_classes,
    read_days,
    read_door,
    read_on_failure,
    read_quantile,
    read_share_above_zero,
    read_steps,
    read_time,
    read_zone,
)
from proxy.core.judge.guard import Bad
from proxy.core.judge.policy import OnFailure
from proxy.core.stage import Stage


@pytest.mark.parametrize(
    ("read", "written", "means"),
    [
        (read_share_above_zero, "0.01%", 0.0001),
        (read_quantile, "50%", 0.5),
        (read_quantile, "99.9%", 0.999),
        (read_steps, ["1%", "5%", "98%"], (0.01, 0.05, 0.98)),
        (read_classes, ["5xx", "latency"], frozenset({Bad.ERROR, Bad.LATENCY})),
        (read_door, "live", Stage.LIVE),
        (read_days, "mon-fri", frozenset(range(5))),
        (read_days, "fri-mon", frozenset({4, 5, 6, 0})),
        (read_days, ["sat", "mon-tue"], frozenset({5, 0, 1})),
        (read_time, "08:30", Minute(510)),
        (read_time, "1970-01-02T01:00+01:00", Moment(86_400.0)),
        (read_time, "1970-01-01T00:00:30Z", Moment(30.0)),
        (read_zone, "UTC", "UTC"),
        (read_zone, "Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_values_are_read_in_their_unit(read: Callable[[object], object], written: object, means: object) -> None:
    """Each form that the document names becomes the core's value."""
    assert read(written) == means


def test_one_word_holds_for_every_stage_and_a_mapping_for_its_own() -> None:
    """`freeze` is said of canary, live and complete; a mapping says what it says."""
    assert dict(read_on_failure("freeze")) == dict.fromkeys(
        (Stage.CANARY, Stage.LIVE, Stage.COMPLETE), OnFailure.FREEZE
    )
    assert read_on_failure({"live": "page"}) == ((Stage.LIVE, OnFailure.PAGE),)


@pytest.mark.parametrize(
    ("read", "written", "said"),
    [
        (read_share_above_zero, "0%", "can never be proved to be nothing"),
        (read_quantile, "40%", "must be between 50 % and 99.99 %"),
        (read_quantile, "100%", "must be between 50 % and 99.99 %"),
        (read_steps, [], "must be a list of rising shares"),
        (read_steps, "5%", "must be a list of rising shares"),
        (read_steps, ["1%"] * 21, "must be at most 20 steps"),
        (read_steps, ["0%"], "a step lies above 0 % and below 100 %"),
        (read_steps, ["5%", "100%"], "a step lies above 0 % and below 100 %"),
        (read_steps, ["5%", "5%"], "each step must be greater than the one before"),
        (read_steps, [5], "must be a share such as 10%"),
        (read_classes, [], "must be a list of 5xx, timeout, mismatch, latency"),
        (read_classes, "5xx", "must be a list of 5xx, timeout, mismatch, latency"),
        (read_classes, ["4xx"], "must be one of 5xx, timeout, mismatch, latency"),
        (read_on_failure, "stop", "must be one of rollback, freeze, page"),
        (read_on_failure, {"shadow": "page"}, "is said by stage: canary, live, complete"),
        (read_on_failure, {"live": "stop"}, "must be one of rollback, freeze, page"),
        (read_door, "shadow", "must be one of canary, live, complete, retired"),
        (read_days, "mo", "must be days such as mon-fri"),
        (read_days, "mon-", "must be days such as mon-fri"),
        (read_days, [1], "must be days such as mon-fri"),
        (read_days, [], "must be days such as mon-fri"),
        (read_days, ["mon-fri", "tue"], "must be days such as mon-fri"),
        (read_time, "8:00", 'must be a time of day such as "08:00"'),
        (read_time, "24:00", 'must be a time of day such as "08:00"'),
        (read_time, 480, 'must be a time of day such as "08:00"'),
        (read_time, "2026-12-20T00:00", 'must be a time of day such as "08:00"'),
        (read_time, "2026-02-30T00:00Z", "is no date of the calendar"),
        (read_zone, "Europe/Berln", "is not a time zone that this system knows"),
        (read_zone, "../etc/passwd", "is not a time zone that this system knows"),
        (read_zone, "Europe", "is not a time zone that this system knows"),
        (read_zone, 1, "is not a time zone that this system knows"),
    ],
)
def test_what_cannot_be_meant_is_refused(read: Callable[[object], object], written: object, said: str) -> None:
    """Each reader says what is right."""
    with pytest.raises(PydanticCustomError) as error:
        read(written)

    assert str(error.value).startswith(said)
