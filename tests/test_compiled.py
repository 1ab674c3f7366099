"""What is shipped compiled does what the sources say."""

from __future__ import annotations

import ast
import asyncio
import contextlib
import os
import re
import runpy
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZipFile

import aiohttp
import pytest

from tests.e2e.program import Program, free_port, started, text_of
from tests.edge.raw_client import get, post, request
from tests.waiting import PATIENCE

ROOT = Path(__file__).parent.parent
EDGE = (
    "tests/edge/routing/test_admission_steps.py",
    "tests/edge/wire/test_bodies.py",
    "tests/edge/upstream/test_circuit_breaker.py",
    "tests/edge/routing/test_drain.py",
    "tests/edge/exchange/test_fallback.py",
    "tests/edge/exchange/test_faults.py",
    "tests/edge/client/test_keep_alive.py",
    "tests/edge/routing/test_orders.py",
    "tests/edge/client/test_pipelining.py",
    "tests/edge/shadow/test_second.py",
    "tests/edge/shadow/test_leg.py",
    "tests/edge/shadow/test_translated_capture.py",
    "tests/edge/steps/test_translation_step.py",
    "tests/edge/exchange/test_tunnel.py",
    "tests/clerk/idempotency/test_keyed_requests.py",
)
COMMANDS = ("tests/cli", "tests/golden", "tests/docs/test_readme.py", "tests/config/test_docs_routes.py")
"""Every command as a person types it, and the outputs that the documents show."""
UNTYPED = ("while_a_body_comes_is_500", "while_an_answer_comes_costs", "at_a_deadline_does_not_stop")
"""They break a part by what its type forbids, which compiled code refuses before anything can go wrong."""


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The compiled wheel, unpacked; without optimisation, which changes nothing but the minutes it takes."""
    folder = tmp_path_factory.mktemp("compiled")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder / "wheel")]
    env = os.environ | {"BANYAN_COMPILE": "always", "MYPYC_OPT_LEVEL": "0", "PYTHONPATH": str(folder)}  # as others have
    built = subprocess.run(build, cwd=ROOT, env=env, check=False, capture_output=True, text=True)
    assert not built.returncode, built.stderr
    (wheel,) = (folder / "wheel").iterdir()
    ZipFile(wheel).extractall(folder / "tree")
    return folder / "tree"


def test_the_hot_path_is_compiled(tree: Path) -> None:
    """What the build names is an extension module in the wheel, beside its source."""
    named = runpy.run_path(str(ROOT / "hatch_build.py"))["COMPILED"]
    compiled = {f"{path.relative_to(tree).parent}/{path.name.partition('.')[0]}.py" for path in tree.rglob("*/*.so")}

    assert compiled == set(named)


@pytest.mark.parametrize(
    "suite", [("tests/wire/cases/test_cases.py", *EDGE), COMMANDS], ids=["data plane", "command line"]
)
def test_the_wheel_passes_the_tests_of_the_checkout(tree: Path, suite: tuple[str, ...]) -> None:
    """All published byte cases, every part of the data plane and every command, on the compiled code under them."""
    alone = ("-o", "pythonpath=", "-p", "proxy")  # else the checkout stands before the wheel
    command = [sys.executable, "-P", "-m", "pytest", "-q", *alone, "-k", f"not ({' or '.join(UNTYPED)})", *suite]
    env = os.environ | {"PYTHONPATH": f"{tree}:{ROOT}"}
    ran = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)

    assert not ran.returncode, ran.stdout[-4000:]


def test_no_class_that_is_compiled_has_keywords() -> None:
    """The compiler drops them without a word: `omit_defaults`, `frozen` and their like need an interpreted file."""
    named = runpy.run_path(str(ROOT / "hatch_build.py"))["COMPILED"]
    found = [
        f"{path}: {node.name}"
        for path in named
        for node in ast.walk(ast.parse((ROOT / path).read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and node.keywords
    ]

    assert found == []


async def test_wheel_and_checkout_say_the_same(tree: Path, tmp_path: Path) -> None:
    """The same requests: the same bytes to clients and upstreams, the same log lines, key by key, the same metrics."""
    listen, admin = free_port(), free_port()
    server = await asyncio.start_server(_upstream, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    text = text_of(ROUTES, listen=listen, admin=admin, legacy=port, new=port, keys="breaker: { enabled: false }")
    (tmp_path / "routes.yaml").write_text(f"trusted_proxies: [127.0.0.0/8]\n{text}", encoding="utf-8")
    said = []
    for where in (ROOT, tree):
        environment = {"PYTHONSAFEPATH": "1", "PYTHONPATH": str(where)}
        async with started(tmp_path, listen, admin, environment=environment) as banyan:
            said.append(await _said(banyan))
    server.close()
    checkout, wheel = said

    assert (checkout.build, wheel.build) == ("interpreted", "compiled")
    for one, other in zip(checkout.answers, wheel.answers, strict=True):
        assert one == other
    for line, its in zip(checkout.lines, wheel.lines, strict=True):
        assert line == its
    assert checkout.metrics == wheel.metrics


ROUTES = """\
  - { name: canary, match: "/c/{id}", stage: canary, split: 50%, cohort: "path:id", shadow: { sample: 0% } }
  - { name: admin, match: /admin, respond: { status: 403 } }
  - { name: gone, match: /gone, stage: retired }
  - { name: limited, match: /limited, respond: { status: 200, body: x }, limits: { rate: 1/h } }
  - { name: ws, match: /ws, stage: legacy, upgrades: [websocket] }
  - { name: read, match: GET /read, stage: legacy }
  - { name: rest, match: /**, stage: legacy }
"""
HANDSHAKE = (b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 7")
ASKED = (
    *(get(b"/c/%d" % number, b"X-Forwarded-For: 203.0.113.7") for number in range(8)),
    *(get(target) for target in (b"/", b"/x?token=abc&page=1", b"/admin", b"/gone", b"/limited", b"/limited")),
    *(get(target) for target in (b"/broken", b"/cut", b"/chunked", b"/500", b"/../bad", b"/a%2fb", b"/%zz")),
    get(b"/ws", *HANDSHAKE),
    get(b"/", b"Expect: magic"),
    get(b"/", b"Traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"),
    post(b"hello", target=b"/post"),
    post(b"x", target=b"/read"),
    request(b"POST", b"/", b"Transfer-Encoding: chunked") + b"5\r\nhello\r\n0\r\n\r\n",
    request(b"POST", b"/", b"Transfer-Encoding: chunked") + b"zz\r\n",
    request(b"HEAD", b"/admin"),
    request(b"OPTIONS", b"*"),
    b"GET / HTTP/1.0\r\n\r\n",
    b"GET / HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    b"nonsense\r\n\r\n",
    b"\x16\x03\x01\x00\xc8\x01\x00",
)
VARIES = re.compile(
    rb"(?im)(?<=^date: )[^\r]+|(?<=^x-request-id: )[^\r]+|(?<=^traceparent: )[^\r]+|(?<=^x-banyan-via: )[^\r]+"
    rb"|(?<=\"request_id\":\")[^\"]+"
)
"""Times and ids: what no two runs have in common."""
FLEETING = re.compile(
    r"banyan_(request_duration_seconds_(bucket|sum)|config_last|build|connections|comparer|inflight|evidence)"
)


@dataclass(frozen=True, slots=True)
class Said:
    """What one build said: of each request the client's bytes, then the log's lines and the page of metrics."""

    build: str
    answers: list[bytes]
    lines: list[list[tuple[str, object]]]
    metrics: list[str]


async def _said(banyan: Program) -> Said:
    answers = [VARIES.sub(b"-", await _ask(banyan, message)) for message in ASKED]
    await banyan.until_logged("request", len(ASKED))
    await banyan.until_metric("banyan_requests_total", len(ASKED))
    async with aiohttp.ClientSession() as session, session.get(f"{banyan.admin_url}/metrics") as response:
        page = (await response.text()).splitlines()
    (build,) = re.findall(r'build="(\w+)"', "\n".join(page))
    ours = sorted(line for line in page if line.startswith("banyan_") and not FLEETING.match(line))
    lines = [
        [(key, value) for key, value in line.items() if key not in ("ts", "ms", "request_id", "trace_id")]
        for line in banyan.events("request")
    ]
    return Said(build, answers, lines, ours)


async def _ask(banyan: Program, message: bytes) -> bytes:
    """The answer, read until the connection ends, as it does when this end has no more to send."""
    reader, writer = await asyncio.open_connection("127.0.0.1", banyan.listen)
    writer.write(message)
    writer.write_eof()
    answer = b""
    with contextlib.suppress(ConnectionResetError):
        async with asyncio.timeout(PATIENCE):
            while data := await reader.read(65536):
                answer += data
    writer.close()
    return answer


async def _upstream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answers by path, with the request's own bytes as the body, and closes."""
    head = await reader.readuntil(b"\r\n\r\n")
    target = head.split()[1]
    echo = VARIES.sub(b"-", head)
    answers = {
        b"/broken": b"",
        b"/cut": b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"/500": b"HTTP/1.1 500 No\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno",
        b"/chunked": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n2\r\nab\r\n0\r\n\r\n",
    }
    fine = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%b" % (len(echo), echo)
    writer.write(answers.get(target, fine))
    writer.close()


def test_a_table_crosses_processes_compiled(tree: Path) -> None:
    """Values of compiled classes travel to the workers and are equal there; the modules are the compiled ones."""
    code = (
        "import proxy.core.routing.route as r; assert r.__file__.endswith('.so'), r.__file__\n"
        "from proxy.config.load import load_text; from proxy.link.table_bytes import dump, load\n"
        "s = load_text(open('routes.yaml').read(), 'routes.yaml', {}).snapshot\n"
        "assert load(dump(s)).routes == s.routes\n"
    )
    env = os.environ | {"PYTHONPATH": str(tree)}
    command = [sys.executable, "-P", "-c", code]
    ran = subprocess.run(command, cwd=ROOT, env=env, check=False, capture_output=True, text=True)

    assert not ran.returncode, ran.stderr
