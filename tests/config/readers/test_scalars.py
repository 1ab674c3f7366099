from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.config.readers import scalars
from proxy.core.stage import Stage
from tests.config.refusing import refusal


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (scalars.read_name, "orders.show", "orders.show"),
        (scalars.read_name, "a" * 64, "a" * 64),
        (scalars.read_version, 1, 1),
        (scalars.read_workers, 256, 256),
        (scalars.read_workers, "auto", 0),
        (scalars.read_file_path, "../run/kill", "../run/kill"),
        (scalars.read_health, "/healthz", {"path": "/healthz"}),
        (scalars.read_health, {"path": "/", "every": "5s"}, {"path": "/", "every": "5s"}),
        (scalars.read_health_path, "/health?deep=1", "/health?deep=1"),
        (scalars.read_body, "geschlössen", "geschlössen".encode()),
        (scalars.read_body, "", b""),
        (scalars.read_content_type, "text/plain; charset=utf-8", "text/plain; charset=utf-8"),
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
        (scalars.read_version, 2, "must be 1, the only version of this format | write version: 1"),
        (scalars.read_version, "1", "must be 1, the only version of this format | write version: 1"),
        (scalars.read_version, True, "must be 1, the only version of this format | write version: 1"),
        (scalars.read_workers, 0, "must be a whole number between 1 and 256, or auto"),
        (scalars.read_workers, "all", "must be a whole number between 1 and 256, or auto"),
        (scalars.read_file_path, "/run/banyan/", "must be the path of a file such as /run/banyan/kill"),
        (scalars.read_file_path, " ", "must be the path of a file such as /run/banyan/kill"),
        (scalars.read_file_path, "a\0b", "must be the path of a file such as /run/banyan/kill"),
        (scalars.read_file_path, 7, "must be the path of a file such as /run/banyan/kill"),
        (scalars.read_health_path, "healthz", "must be a path such as /healthz"),
        (scalars.read_health_path, "/a b", "must be a path such as /healthz"),
        (scalars.read_health_path, None, "must be a path such as /healthz"),
        (scalars.read_body, 404, 'must be text | write "404" in quotes'),
        (scalars.read_body, ["a"], "must be text"),
        (scalars.read_content_type, "json", "must be a media type such as application/json"),
        (scalars.read_content_type, "a/b\r\nx: y", "must be a media type such as application/json"),
        (scalars.read_content_type, 1, "must be a media type such as application/json"),
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
