"""The admin port serves the paths that `proxy/api` names, for whom it says."""

from __future__ import annotations

import msgspec
import pytest
from aiohttp import web

from proxy.api.paths import PATHS, ApiPath, TokenScope
from proxy.control.admin.admin import application
from tests.control import conftest
from tests.control.conftest import Open, Port


async def test_each_path_is_named_and_each_name_is_served(open_port: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a handler without a line in the documentation, nor a line without a handler."""
    made: list[web.Application] = []

    def kept(*given: object) -> web.Application:
        made.append(application(*given))  # type: ignore[arg-type]
        return made[-1]

    monkeypatch.setattr(conftest, "application", kept)
    await open_port()
    (app,) = made
    served = {(each.method, each.resource.canonical) for each in app.router.routes() if each.resource}

    assert {each for each in served if each[0] != "HEAD"} == {(each.method, each.path) for each in PATHS}


async def status(port: Port, endpoint: ApiPath) -> int:
    path = endpoint.path.replace("{name}", "rest").replace("{id}", "r1")
    async with port.client.request(endpoint.method, port.url + path, data=b"{}") as answer:
        return answer.status


async def test_the_token_is_needed_where_it_is_said(open_port: Open) -> None:
    """On loopback for what changes something; beyond it for all but the health paths."""
    here, beyond = await open_port(token="t"), await open_port(token="t", loopback=False)

    assert {each for each in PATHS if await status(here, each) == 401} == {
        each for each in PATHS if each.token is TokenScope.ALWAYS
    }
    assert {each for each in PATHS if await status(beyond, each) == 401} == {
        each for each in PATHS if each.token is not TokenScope.NEVER
    }


@pytest.mark.parametrize(
    "endpoint", [each for each in PATHS if each.method == "GET" and each.answer], ids=lambda each: each.path
)
async def test_each_answer_has_its_shape(port: Port, endpoint: ApiPath) -> None:
    """What is served is read as the shape that is named, and as nothing more."""
    path = endpoint.path.replace("{name}", "rest")
    if "{id}" in path:
        return  # nothing is remembered here; test_api_bytes.py has one
    async with port.client.get(port.url + path) as answer:
        body = await answer.read()
    read = msgspec.json.decode(body, type=endpoint.answer)

    assert msgspec.json.decode(msgspec.json.encode(read)) == msgspec.json.decode(body)
