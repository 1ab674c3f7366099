from __future__ import annotations

import pytest

from proxy.config.readers.state import read_state
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
