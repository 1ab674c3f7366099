"""Runs wrk for a while and reads what it counted."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench.errors import BenchError
from bench.load.workload import BODY_BYTES, CONNECTIONS, TENANTS
from bench.processes import find_program

SCRIPT = Path(__file__).with_name("load.lua")
SLACK_SECONDS = 30.0


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """What wrk counted: completed requests, bytes received, latencies in µs, and requests that failed by kind."""

    requests: int
    microseconds: int
    bytes: int
    p50: int
    p99: int
    not_ok: int
    connect: int
    read: int
    write: int
    timeout: int

    @property
    def seconds(self) -> float:
        """How long wrk ran, by its own clock."""
        return self.microseconds / 1e6

    @property
    def failures(self) -> int:
        """Requests without a good answer."""
        return self.not_ok + self.connect + self.read + self.write + self.timeout


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """What wrk sends: arguments of load.lua and the number of keep-alive connections."""

    arguments: tuple[str, ...]
    connections: int = CONNECTIONS
    sent_bytes: int = 0  # of body, per request
    scheme: str = "http"


def items(routes: int) -> Load:
    """Small GETs spread over all routes and tenants."""
    return Load(arguments=("items", str(routes), str(TENANTS)))


def download() -> Load:
    """A body of 1 MiB from the upstream."""
    return Load(arguments=("get", "/file"), connections=16)


def upload() -> Load:
    """A body of 1 MiB to the upstream."""
    return Load(arguments=("post", "/upload", str(BODY_BYTES)), connections=16, sent_bytes=BODY_BYTES)


def parse(output: str) -> Count:
    """Reads the JSON line that load.lua prints last."""
    lines = output.strip().splitlines()
    try:
        return msgspec.json.decode(lines[-1], type=Count)
    except (IndexError, msgspec.DecodeError) as error:
        raise BenchError(f"wrk did not end with its line of figures ({error}); it wrote:\n{output[-800:]}") from None


def run(load: Load, *, port: int, seconds: float, core: int) -> Count:
    """One run of wrk, one thread, on the given core; whole seconds, since wrk knows no parts."""
    length = max(1, round(seconds))
    argv = _command(load, port, length, core)
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=length + SLACK_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise BenchError(f"wrk was asked for {length} s and had not ended {SLACK_SECONDS:.0f} s later") from None
    if done.returncode != 0:
        raise BenchError(f"wrk ended with {done.returncode}: {(done.stderr or done.stdout).strip()[-800:]}")
    return parse(done.stdout)


def _command(load: Load, port: int, seconds: int, core: int) -> Sequence[str]:
    program = find_program("wrk", "apt-get install wrk")
    options = ("-t1", f"-c{load.connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(SCRIPT))
    address = f"{load.scheme}://127.0.0.1:{port}/"
    pin = ("setpriv", "--pdeathsig", "KILL", "taskset", "-c", str(core))
    return (*pin, program, *options, address, "--", *load.arguments)
