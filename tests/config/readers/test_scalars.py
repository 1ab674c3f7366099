from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic_core import PydanticCustomError

from proxy.config.readers import scalars
from proxy.config.readers.scalars import read_request_point, read_response_point
from proxy.core.http.leniency_points import OF_REQUESTS, OF_RESPONSES
from proxy.core.stage import Stage
from tests.config.refusing import refusal


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (scalars.read_name, "orders.show", "orders.show"),
        (scalars.read_name, "a" * 64, "a" * 64),
        (scalars.read_file_path, "../run/kill", "../run/kill"),
        (scalars.read_health_path, "/health?deep=1", "/health?deep=1"),
        (scalars.Choice(Stage), "canary", Stage.CANARY),
    ],
)
def test_right_values_are_read(reader: Callable[[object], object], value: object, result: object) -> None:
    """Each reader gives what its block holds."""
    assert reader(value) == result


@pytest.mark.parametrize(
    ("reader", "value", "said"),
    [
        (
            scalars.read_name,
            "1st",
            "must be a name: a letter, then up to 63 letters, digits, dots, dashes or underscores",
        ),
        (
            scalars.read_name,
            "a" * 65,
            "must be a name: a letter, then up to 63 letters, digits, dots, dashes or underscores",
        ),
        (scalars.read_name, 7, "must be a name: a letter, then up to 63 letters, digits, dots, dashes or underscores"),
        (scalars.read_file_path, "/run/banyan/", "must be the path of a file such as /run/banyan/kill"),
        (scalars.read_file_path, " ", "must be the path of a file such as /run/banyan/kill"),
        (scalars.read_file_path, "a\0b", "must be the path of a file such as /run/banyan/kill"),
        (scalars.read_file_path, 7, "must be the path of a file such as /run/banyan/kill"),
        (scalars.read_health_path, "healthz", "must be a path such as /healthz"),
        (scalars.read_health_path, "/a b", "must be a path such as /healthz"),
        (scalars.read_health_path, None, "must be a path such as /healthz"),
        (
            scalars.Choice(Stage),
            "canry",
            "must be one of legacy, shadow, canary, live, complete, retired | did you mean canary?",
        ),
        (scalars.Choice(Stage), 1, "must be one of legacy, shadow, canary, live, complete, retired"),
    ],
)
def test_wrong_values_are_refused(reader: Callable[[object], object], value: object, said: str) -> None:
    """Each reader says what is right, and repeats nothing that may hold a password."""
    assert refusal(reader, value) == said


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
