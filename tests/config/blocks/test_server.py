from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from proxy.config.blocks import server
from proxy.config.blocks.server import read_state
from tests.config.given_files import FILE, problems, snapshot, told
from tests.config.refusing import refusal

WORDS = "must be memory, embedded or an address such as postgresql://banyan@db/banyan"
HOST = "must name a host: postgresql://banyan@db/banyan, or a socket's folder: …/banyan?host=/run/postgresql | got "
ENDPOINT = "must name a valid host, and a port between 1 and 65535 | got "


@pytest.mark.parametrize(
    "text",
    [
        "memory",
        "embedded",
        "postgresql://db",
        "postgres://banyan:p%40ss@db.internal:5433/banyan",
        "postgresql://banyan@a:5432,b:5433/banyan?target_session_attrs=read-write&sslmode=verify-full",
        "postgresql://banyan@[::1]:5432/banyan",
        "postgresql://banyan@/banyan?host=/run/postgresql",
        "postgresql://banyan:with@sign@db:65535/banyan",
    ],
)
def test_states_are_read_as_written(text: str) -> None:
    """Both words, and what PostgreSQL's own clients take: several hosts, sockets, options."""
    assert read_state(text) == text


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("disk", WORDS),
        (1, WORDS),
        (True, WORDS),
        ("redis://:hunter2@db", f"{WORDS} | got "),
        ("banyan:hunter2@db", f"{WORDS} | got "),
        ("postgresql://u:hunter2@", HOST),
        ("postgresql://u:hunter2@/banyan", HOST),
        ("postgresql://u:hunter2@/banyan?host=", HOST),
        ("postgresql://u:hunter2@db:0/x", ENDPOINT),
        ("postgresql://u:hunter2@db:65536/x", ENDPOINT),
        ("postgresql://u:hunter2@a,b:port/x", ENDPOINT),
        ("postgresql://u:hunter2@a,/x", ENDPOINT),
        ("postgresql://u:hunter2@db/x y", "must hold no spaces | got "),
        ("postgresql://u:hunter2@db/\x00", "must hold no spaces | got "),
        ("postgresql://u:hunter2@[db/x", "must be an address such as postgresql://banyan@db/banyan | got "),
        (
            "postgresql://u:hunter2@db/x?sslmode=yes",
            "sslmode must be one of disable, allow, prefer, require, verify-ca, verify-full | got ",
        ),
    ],
)
def test_wrong_states_are_refused(value: object, said: str) -> None:
    """Each with what is right, and without a word of what may hold a password."""
    assert refusal(read_state, value) == said


@pytest.mark.parametrize(
    ("reader", "value", "result"),
    [
        (server.read_version, 1, 1),
        (server.read_workers, 256, 256),
        (server.read_workers, "auto", 0),
    ],
)
def test_right_values_are_read(reader: Callable[[object], object], value: object, result: object) -> None:
    """Each reader gives what its block holds."""
    assert reader(value) == result


@pytest.mark.parametrize(
    ("reader", "value", "said"),
    [
        (server.read_version, 2, "must be 1, the only version of this format | write version: 1"),
        (server.read_version, "1", "must be 1, the only version of this format | write version: 1"),
        (server.read_version, True, "must be 1, the only version of this format | write version: 1"),
        (server.read_workers, 0, "must be a whole number between 1 and 256, or auto"),
        (server.read_workers, "all", "must be a whole number between 1 and 256, or auto"),
    ],
)
def test_wrong_values_are_refused(reader: Callable[[object], object], value: object, said: str) -> None:
    """Each reader says what is right, and the cure where it can be told."""
    assert refusal(reader, value) == said


def test_auto_is_one_worker_per_core() -> None:
    """`workers: auto` counts the processors that the process may use."""
    assert snapshot(FILE + "workers: auto\n").workers == len(os.sched_getaffinity(0))


def test_the_admin_port_is_apart() -> None:
    """The admin port is never the clients' port, under whatever address, nor by default."""
    assert told("¦" + FILE.replace("listen: 127.0.0.1:8080", "listen: :9090")) == [
        "admin: takes the port 9090 of listen; choose another port"
    ]
    assert told(FILE + "admin: ¦localhost:8080\n") == ["admin: takes the port 8080 of listen; choose another port"]


def test_an_admin_port_that_others_can_reach_needs_a_token() -> None:
    """Off loopback, the token must be set, and not to nothing."""
    text = FILE + "admin: ¦0.0.0.0:9090\n"
    cure = "so BANYAN_ADMIN_TOKEN must be set in the environment; or use 127.0.0.1"
    refused = [f"admin: can be reached from other machines, {cure}"]

    assert told(text) == told(text, {"BANYAN_ADMIN_TOKEN": ""}) == refused
    assert snapshot(text.replace("¦", ""), {"BANYAN_ADMIN_TOKEN": "t"}).admin == ("0.0.0.0", 9090)


def test_cores_are_those_of_this_process() -> None:
    """`auto` counts the processors that the process may use, not those of the machine."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert snapshot(FILE + "workers: auto\n").workers == 1
    finally:
        os.sched_setaffinity(0, before)
    assert snapshot(FILE + "workers: auto\n").workers == len(before)


@pytest.mark.parametrize(("said", "path"), [("/run/p", "/run/p"), ("p", str(Path.cwd() / "p"))], ids=["/run/p", "p"])
def test_the_password_of_the_state_may_be_in_a_file(said: str, path: str) -> None:
    """A relative path begins at the folder of the file; without the key the address says all."""
    text = f"{FILE}state: postgresql://banyan@db/banyan\n"
    assert snapshot(text).state_password_file == ""
    assert snapshot(f"{text}state_password_file: {said}\n").state_password_file == path


@pytest.mark.parametrize(
    ("state", "message"),
    [
        ("embedded", "has no meaning with state: embedded; take it out"),
        ('"postgresql://banyan:${P}@db/banyan"', "and a password in state exclude each other; take one out"),
    ],
)
def test_a_password_in_a_file_is_for_an_address_without_one(state: str, message: str) -> None:
    """Refused at its place."""
    (found,) = problems(f"{FILE}state: {state}\nstate_password_file: /run/p\n", {"P": "hush"})
    assert found.endswith(f"state_password_file: {message}")
