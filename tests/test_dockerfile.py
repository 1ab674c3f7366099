"""The image is what the Dockerfile's head says it is, as far as that can be seen without an engine that builds it."""

from __future__ import annotations

import asyncio
import json
import os
import re
import shlex
import sys
import tomllib
from pathlib import Path

import pytest
from aiohttp import web
from pytest_aiohttp.plugin import AiohttpServer

ROOT = Path(__file__).parent.parent


def instructions(stage: int) -> list[tuple[str, str]]:
    """Keyword and rest of each instruction of one stage (0 builds, 1 is the image), continued lines joined."""
    lines = [
        line for line in (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    pairs = [(line.split(" ", 1)[0], line.split(" ", 1)[1]) for line in joined.splitlines() if line]
    starts = [number for number, (keyword, _) in enumerate(pairs) if keyword == "FROM"]
    return pairs[starts[stage] : [*starts[1:], len(pairs)][stage]]


def only(keyword: str) -> str:
    """What the one instruction with this keyword says in the image's own stage."""
    (rest,) = [rest for found, rest in instructions(1) if found == keyword]
    return rest


def copied() -> list[str]:
    """What enters the build from this folder."""
    return [source for keyword, rest in instructions(0) if keyword == "COPY" for source in rest.split()[:-1]]


def steps() -> list[str]:
    """The single commands of the build's RUN instructions."""
    return [step.strip() for keyword, rest in instructions(0) if keyword == "RUN" for step in rest.split("&&")]


def health_check() -> list[str]:
    """The health check's command, with this Python in place of the image's."""
    words: list[str] = json.loads(only("HEALTHCHECK").split(" CMD ", 1)[1])
    assert words[0] == "python"
    return [sys.executable, *words[1:]]


async def exit_of_health_check(url: str, **environment: str) -> int:
    variables = {"BANYAN_HEALTH_URL": url, "http_proxy": "http://127.0.0.1:1", **environment}
    run = await asyncio.create_subprocess_exec(
        *health_check(), env=os.environ | variables, stderr=asyncio.subprocess.DEVNULL
    )
    return await run.wait()


def test_it_does_not_run_as_root() -> None:
    """The image's user is a number, so that Kubernetes can see that it is not root."""
    assert only("USER") == "10001:10001"
    assert "useradd --uid 10001 " in only("RUN")


def test_it_writes_to_its_volume_only() -> None:
    """With a read-only root the one place to write is the volume: it is the user's, and Banyan starts in it."""
    assert only("VOLUME") == only("WORKDIR") == "/var/lib/banyan"
    assert "install --directory --owner 10001 --group 10001 /var/lib/banyan" in only("RUN")
    assert any("PYTHONDONTWRITEBYTECODE=1" in rest for keyword, rest in instructions(1) if keyword == "ENV")


def test_stopping_it_drains() -> None:
    """`docker stop` sends the signal that Banyan drains on, straight to Banyan: no shell stands between."""
    assert only("STOPSIGNAL") == "SIGTERM"
    assert json.loads(only("ENTRYPOINT")) == ["banyan"]
    assert json.loads(only("CMD")) == ["serve", "--config", "/etc/banyan/routes.yaml"]


def test_its_command_is_the_package_s() -> None:
    """The entry point is a command that installing the package makes."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]

    assert json.loads(only("ENTRYPOINT"))[0] in project["scripts"]


def test_it_names_its_ports() -> None:
    """Clients' port and admin port are those of the contract's example."""
    assert only("EXPOSE").split() == ["8080", "9090"]


@pytest.mark.parametrize("source", copied())
def test_what_it_copies_exists(source: str) -> None:
    """Every file or folder that the build copies is here, and .dockerignore lets it in."""
    allowed = [
        line[1:] for line in (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines() if line[:1] == "!"
    ]

    assert (ROOT / source).exists()
    assert Path(source).parts[0] in allowed


def test_it_installs_what_is_locked() -> None:
    """Each package comes from a file with hashes that was copied; Banyan itself brings nothing along."""
    installs = [shlex.split(step) for step in steps() if re.search(r"\bpip .*(install|wheel) ", step)]
    locked = [words[-1] for words in installs if "--require-hashes" in words]

    assert set(locked) == {"requirements/build.txt", "requirements/run.txt"} <= set(copied())
    assert all({"--no-deps", "--no-index"} <= set(words) for words in installs if "--require-hashes" not in words)


def test_it_is_compiled_or_not_at_all() -> None:
    """The build has a compiler, and fails rather than make an image that runs interpreted."""
    assert any(" install " in step and step.endswith("gcc libc6-dev") for step in steps())
    assert any(step.startswith("BANYAN_COMPILE=always pip wheel ") for step in steps())


@pytest.mark.parametrize(("status", "expected"), [(200, 0), (503, 1)], ids=["healthy", "not"])
async def test_the_health_check_asks_banyan(aiohttp_server: AiohttpServer, status: int, expected: int) -> None:
    """The health check's own command says 0 for a healthy Banyan, else 1, and never asks a proxy."""
    asked: list[str] = []

    async def answer(request: web.Request) -> web.Response:
        asked.append(request.path)
        return web.Response(status=status)

    app = web.Application()
    app.router.add_get("/-/healthy", answer)
    server = await aiohttp_server(app)

    assert await exit_of_health_check(str(server.make_url("/-/healthy"))) == expected
    assert asked == ["/-/healthy"]


async def test_the_health_check_shows_the_token(aiohttp_server: AiohttpServer) -> None:
    """Where the admin port asks for a token, the health check has it from the environment."""

    async def answer(request: web.Request) -> web.Response:
        return web.Response(status=200 if request.headers.get("Authorization") == "Bearer s3cret" else 401)

    app = web.Application()
    app.router.add_get("/-/healthy", answer)
    url = str((await aiohttp_server(app)).make_url("/-/healthy"))

    assert await exit_of_health_check(url, BANYAN_ADMIN_TOKEN="s3cret") == 0
    assert await exit_of_health_check(url, BANYAN_ADMIN_TOKEN="other") == 1


async def test_the_health_check_sees_that_nobody_is_there() -> None:
    """A Banyan that does not listen is not healthy."""
    assert await exit_of_health_check("http://127.0.0.1:1/-/healthy") == 1
