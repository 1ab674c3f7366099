from __future__ import annotations

from collections.abc import Callable

import pytest

from proxy.config import single
from proxy.core.stage import Stage
from tests.config.refusing import refusal


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (single.read_name, "orders.show", "orders.show"),
        (single.read_name, "a" * 64, "a" * 64),
        (single.read_version, 1, 1),
        (single.read_workers, 256, 256),
        (single.read_workers, "auto", 0),
        (single.read_file_path, "../run/kill", "../run/kill"),
        (single.read_health, "/healthz", {"path": "/healthz"}),
        (single.read_health, {"path": "/", "every": "5s"}, {"path": "/", "every": "5s"}),
        (single.read_health_path, "/health?deep=1", "/health?deep=1"),
        (single.read_body, "geschlössen", "geschlössen".encode()),
        (single.read_body, "", b""),
        (single.read_content_type, "text/plain; charset=utf-8", "text/plain; charset=utf-8"),
        (single.Choice(Stage), "canary", Stage.CANARY),
    ],
)
def test_right_values_are_read(reader: Callable[[object], object], value: object, result: object) -> None:
    """Each reader gives what its block holds."""
    assert reader(value) == result


@pytest.mark.parametrize(
    ("reader", "value", "said"),
    [
        (
            single.read_name,
            "1st",
            "must be a name: a letter, then up to 63 letters, digits, dots, dashes or underscores",
        ),
        (
            single.read_name,
            "a" * 65,
            "must be a name: a letter, then up to 63 letters, digits, dots, dashes or underscores",
        ),
        (single.read_name, 7, "must be a name: a letter, then up to 63 letters, digits, dots, dashes or underscores"),
        (single.read_version, 2, "must be 1, the only version of this format | write version: 1"),
        (single.read_version, "1", "must be 1, the only version of this format | write version: 1"),
        (single.read_version, True, "must be 1, the only version of this format | write version: 1"),
        (single.read_workers, 0, "must be a whole number between 1 and 256, or auto"),
        (single.read_workers, "all", "must be a whole number between 1 and 256, or auto"),
        (single.read_file_path, "/run/banyan/", "must be the path of a file such as /run/banyan/kill"),
        (single.read_file_path, " ", "must be the path of a file such as /run/banyan/kill"),
        (single.read_file_path, "a\0b", "must be the path of a file such as /run/banyan/kill"),
        (single.read_file_path, 7, "must be the path of a file such as /run/banyan/kill"),
        (single.read_health_path, "healthz", "must be a path such as /healthz"),
        (single.read_health_path, "/a b", "must be a path such as /healthz"),
        (single.read_health_path, None, "must be a path such as /healthz"),
        (single.read_body, 404, 'must be text | write "404" in quotes'),
        (single.read_body, ["a"], "must be text"),
        (single.read_content_type, "json", "must be a media type such as application/json"),
        (single.read_content_type, "a/b\r\nx: y", "must be a media type such as application/json"),
        (single.read_content_type, 1, "must be a media type such as application/json"),
        (
            single.Choice(Stage),
            "canry",
            "must be one of legacy, shadow, canary, live, complete, retired | did you mean canary?",
        ),
        (single.Choice(Stage), 1, "must be one of legacy, shadow, canary, live, complete, retired"),
    ],
)
def test_wrong_values_are_refused(reader: Callable[[object], object], value: object, said: str) -> None:
    """Each reader says what is right, and repeats nothing that may hold a password."""
    assert refusal(reader, value) == said
