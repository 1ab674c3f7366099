from __future__ import annotations

import pytest
from pydantic_core import PydanticCustomError

from proxy.config.readers.bounds import (
    read_byte_rate,
    read_memory,
    read_rate,
    read_request_point,
    read_response_point,
)
from proxy.core.http.leniency import OF_REQUESTS, OF_RESPONSES
from proxy.core.routing.route import RateLimit
from proxy.core.routing.snapshot import AUTO


@pytest.mark.parametrize(
    ("text", "requests", "seconds"), [("100/s", 100, 1.0), ("600 / m", 600, 60.0), ("1/h", 1, 3600.0)]
)
def test_a_rate_is_a_number_over_a_unit(text: str, requests: int, seconds: float) -> None:
    """So many requests in so many seconds."""
    assert read_rate(text) == RateLimit(requests=requests, seconds=seconds)


@pytest.mark.parametrize("value", [100, "100", "0/s", "1.5/s", "100/d", "/s", None, True])
def test_what_is_no_rate_is_refused(value: object) -> None:
    """A number alone could mean any unit, and none at all is no rate."""
    with pytest.raises(PydanticCustomError, match="must be a rate"):
        read_rate(value)


@pytest.mark.parametrize(("text", "rate"), [("240B/s", 240), ("1KiB /s", 1024), ("0B/s", 0)])
def test_a_byte_rate_is_a_size_per_second(text: str, rate: int) -> None:
    """Nothing per second is no bound."""
    assert read_byte_rate(text) == rate


@pytest.mark.parametrize("value", [240, "240B", "240/s", "x/s", "0KiB/s", None])
def test_what_is_no_byte_rate_is_refused(value: object) -> None:
    """Both units have to be there."""
    with pytest.raises(PydanticCustomError, match="per second"):
        read_byte_rate(value)


def test_memory_is_a_size_or_auto_or_off() -> None:
    """`auto` asks the control group, `off` nobody."""
    assert [read_memory(each) for each in ("512MiB", "auto", "off")] == [512 << 20, AUTO, 0]


@pytest.mark.parametrize("value", [512, "none", False, None])
def test_what_is_no_memory_is_refused(value: object) -> None:
    """`off` without quotes is false to YAML, and the cure says so."""
    with pytest.raises(PydanticCustomError) as error:
        read_memory(value)
    context = error.value.context
    assert context is not None
    assert ("quotes" in context["cure"]) is (value is False)


def test_points_are_read_where_they_belong() -> None:
    """Each list has its own points; one of the other list is told where to go, an unknown one what was meant."""
    assert [read_request_point(each.value) for each in OF_REQUESTS] == list(OF_REQUESTS)
    assert [read_response_point(each.value) for each in OF_RESPONSES] == list(OF_RESPONSES)
    cures = []
    for read, value in ((read_request_point, "ctl_in_values"), (read_response_point, "unknown_methods")):
        with pytest.raises(PydanticCustomError) as error:
            read(value)
        cures.append(str((error.value.context or {})["cure"]))
    assert "upstream" in cures[0]
    assert "route" in cures[1]
    for other in ("bare-lf", 1, None):
        with pytest.raises(PydanticCustomError, match="must be one of"):
            read_request_point(other)
