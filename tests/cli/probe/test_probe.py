"""`banyan probe` as people and scripts call it: lines, JSON, exit codes."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from proxy.cli.probe.watched_probe import progress_line
from proxy.core.routing.route import Endpoint, Upstream
from proxy.reachability.targets import UpstreamTarget
from tests.cli.conftest import Banyan
from tests.e2e.program import free_port

DOCS = Path(__file__).parents[3] / "docs" / "probe.md"
FIELD = re.compile(r"^\| `(?P<place>[a-z.\[\]_]+)` \|", re.MULTILINE)
ROUTES = """\
version: 1
listen: 127.0.0.1:8080
admin: 127.0.0.1:9090
upstreams:
  legacy: {{ url: "http://127.0.0.1:{legacy}" }}
  new: {{ url: "http://127.0.0.1:{new}" }}
routes:
  - {{ name: rest, match: "GET /**", stage: legacy }}
"""


@contextmanager
def answering(answer: bytes = b"HTTP/1.1 204 No Content\r\n\r\n") -> Iterator[int]:
    """A server in a thread: the command has a loop of its own."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listening.accept()
                with connection:
                    if connection.recv(65536):
                        connection.sendall(answer)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


def test_all_is_well(banyan: Banyan, folder: Path) -> None:
    """Exit 0: from where and as whom it was asked, each target with its rows, and a sentence."""
    with answering() as port:
        (folder / "routes.yaml").write_text(ROUTES.format(legacy=port, new=port))
        result = banyan("probe")

    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0].startswith(f"routes.yaml, asked from {socket.gethostname()} as ")
    assert f"upstream legacy  http://127.0.0.1:{port}" in lines
    assert "    may I       ok       204 to HEAD /" in lines
    assert lines[-1] == "2 targets: 2 ok"


def test_a_closed_upstream_is_asked_and_said_to_be_closed(banyan: Banyan, folder: Path) -> None:
    """Until when, by which window and on which routes; one that is open, and a window that closes nothing, are not."""
    ends = 'start: "2020-01-01T00:00Z", end: "2990-01-01T00:00Z"'
    with answering() as port:
        text = ROUTES.format(legacy=port, new=port)
        text = text.replace('" }\n  new', f'", windows: [{{ name: batch, {ends}, answer: 503 }}] }}\n  new')
        (folder / "routes.yaml").write_text(
            text.replace('" }\nroutes', f'", windows: [{{ name: q, {ends} }}] }}\nroutes')
        )
        result, told = banyan("probe"), banyan("probe", "--json")

    said = "closed until 2990-01-01T00:00:00Z (batch) on rest: its clients get 503; it was probed all the same"
    assert (result.exit_code, result.stdout.count(said)) == (0, 1)
    assert [each["closed"] for each in json.loads(told.stdout)["targets"]] == [[said], []]


def test_something_fails(banyan: Banyan, folder: Path) -> None:
    """Exit 1; the row says what, and below it who has to change what. Only the names that are given are asked."""
    with answering() as port:
        (folder / "routes.yaml").write_text(ROUTES.format(legacy=port, new=free_port()))
        both, legacy = banyan("probe"), banyan("probe legacy")

    assert (both.exit_code, legacy.exit_code) == (1, 0)
    assert "    connect     FAILED   refused\n                         there: nothing listens at " in both.stdout
    assert both.stdout.splitlines()[-1] == "2 targets: 1 ok, 1 failed (new)"
    assert "upstream new" not in legacy.stdout


def test_no_line_is_wider_than_a_hundred(banyan: Banyan, folder: Path) -> None:
    """Whatever the other end says, and however long a name is."""
    challenge = b"WWW-Authenticate: Bearer realm=" + b"very-long-words " * 40
    name = f"{'long-' * 11}name.example"
    with answering(b"HTTP/1.1 401 Unauthorized\r\n" + challenge + b"\r\n\r\n") as port:
        text = ROUTES.format(legacy=port, new=port).replace(
            f'new: {{ url: "http://127.0.0.1:{port}', f'new: {{ url: "http://{name}:{port}'
        )
        (folder / "routes.yaml").write_text(text)
        result = banyan("probe --timeout 3")

    assert name in result.stdout
    assert max(map(len, result.stdout.splitlines())) <= 100


def test_what_cannot_be_asked_leaves_with_2(banyan: Banyan, folder: Path) -> None:
    """A file that is wrong, and a name that nobody has, with the one that was meant."""
    (folder / "routes.yaml").write_text(ROUTES.format(legacy=1, new=2))
    unknown = banyan("probe legasy")
    (folder / "routes.yaml").write_text("version: 1\nnothing: here\n")
    wrong = banyan("probe")

    assert (unknown.exit_code, wrong.exit_code) == (2, 2)
    assert "Did you mean legacy?" in unknown.stderr
    assert "routes.yaml:2:1" in wrong.stderr
    assert unknown.stdout == wrong.stdout == ""


def places(value: object, at: str = "") -> Iterator[str]:
    match value:
        case dict():
            for key, inner in value.items():
                yield f"{at}{key}"
                yield from places(inner, f"{at}{key}.")
        case list():
            for inner in value:
                yield from places(inner, f"{at.removesuffix('.')}[].")
        case _:
            pass


def test_its_json_is_what_the_page_says(banyan: Banyan, folder: Path) -> None:
    """Every field has its row in docs/probe.md, and every row its field."""
    (folder / "routes.yaml").write_text(ROUTES.format(legacy=free_port(), new=free_port()))
    result = banyan("probe --json")
    said = json.loads(result.stdout)

    assert result.exit_code == 1
    assert said["outcome"] == "failed"
    assert [each["name"] for each in said["targets"]] == ["legacy", "new"]
    assert set(places(said)) == set(FIELD.findall(DOCS.read_text(encoding="utf-8").partition("`--json` prints")[2]))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (["legacy", "legacy", "new"], "2 of 5 probed, waiting for legacy, new"),
        (["a", "b", "c", "d", "e"], "0 of 5 probed, waiting for a, b, c and 2 more"),
    ],
)
def test_who_waits_is_told_for_whom(names: list[str], said: str) -> None:
    """A name once, and of many the first."""
    upstreams = [Upstream(name=name, scheme="http", host="127.0.0.1", port=80) for name in names]
    waiting = [UpstreamTarget(upstream=each, endpoint=Endpoint(each.host, each.port)) for each in upstreams]

    assert progress_line(waiting, 5) == said
