"""`banyan serve` behind TLS: real processes, real files, real signals."""

from __future__ import annotations

import asyncio
import os
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path

import aiohttp

from tests.e2e.program import Program, free_port, started, system, text_of
from tests.edge.authority import Authority
from tests.waiting import until

REST = '  - { name: rest, match: "/**", stage: legacy }\n'
TLS = "tls: { cert: tls/site.pem, key: tls/site.key }\n"


@asynccontextmanager
async def behind_tls(directory: Path, legacy: int, workers: int = 2) -> AsyncIterator[Program]:
    """With `tls/site` as its certificate."""
    listen, admin = free_port(), free_port()
    text = text_of(REST, listen=listen, admin=admin, legacy=legacy, new=legacy, workers=workers)
    (directory / "routes.yaml").write_text(text.replace("upstreams:", TLS + "upstreams:"))
    async with started(directory, listen, admin) as running:
        yield running


async def serial(banyan: Program, context: ssl.SSLContext) -> str:
    """Of the certificate that a new client is shown."""
    _, writer = await asyncio.open_connection("127.0.0.1", banyan.listen, ssl=context, server_hostname="localhost")
    found = str(writer.get_extra_info("peercert")["serialNumber"])
    writer.close()
    return found


async def test_a_renewal_reaches_every_worker_and_fails_no_request(tmp_path: Path) -> None:
    """Under keep-alive load two workers take three renewals, and a SIGHUP; every request is answered."""
    authority = Authority(tmp_path / "tls")
    authority.sign("localhost")
    trusting = authority.trusting()
    statuses: list[int] = []
    over = asyncio.Event()

    async with system("legacy") as legacy, behind_tls(tmp_path, legacy) as banyan:
        url = f"https://localhost:{banyan.listen}/a"

        async def ask(*, keeps: bool) -> None:
            connector = aiohttp.TCPConnector(ssl=trusting, force_close=not keeps, limit=1)
            async with aiohttp.ClientSession(connector=connector) as session:
                while not over.is_set():
                    async with session.get(url) as answer:
                        assert await answer.text() == "legacy"
                        statuses.append(answer.status)
                    await asyncio.sleep(0.01)

        asking = [asyncio.ensure_future(ask(keeps=bool(number % 2))) for number in range(4)]
        for number in range(1, 4):
            before = {await serial(banyan, trusting) for _ in range(8)}
            authority.sign("localhost")
            await banyan.until_logged("tls_files_loaded", 2 * number)
            assert before.isdisjoint({await serial(banyan, trusting) for _ in range(8)})
        banyan.signal(signal.SIGHUP)
        await banyan.until_logged("tls_files_loaded", 8)
        over.set()
        await asyncio.gather(*asking)

    assert len(statuses) > 50
    assert set(statuses) == {200}


async def test_a_bad_renewal_is_told_and_changes_nothing(tmp_path: Path) -> None:
    """Log, metric and API say what is wrong; the old certificate serves on, also from a worker born since."""
    authority = Authority(tmp_path / "tls")
    authority.sign("localhost")
    trusting = authority.trusting()
    async with system("legacy") as legacy, behind_tls(tmp_path, legacy, workers=1) as banyan:
        first = await serial(banyan, trusting)
        await banyan.until_metric("banyan_tls_file_usable", 1)
        assert await banyan.metric("banyan_tls_certificate_expiry_seconds") > 1e9

        (tmp_path / "tls" / "site.pem").write_text("half a cert")
        await banyan.until_logged("tls_file_refused")
        assert await serial(banyan, trusting) == first

        async def told() -> bool:
            return "holds no certificate" in str((await banyan.api())["tls"])

        await until(told)
        assert await banyan.metric("banyan_tls_file_usable") == 0

        os.kill(banyan.child("worker-0"), signal.SIGKILL)
        await banyan.until_logged("worker_started", 2)
        assert await serial(banyan, trusting) == first


async def run(directory: Path, *words: str) -> tuple[int, str]:
    """A command of Banyan's to its end: its exit code and all that it said."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "proxy", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "NO_COLOR": "1", "COLUMNS": "500", "XDG_STATE_HOME": str(directory)},
    )
    said, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, said.decode()


async def test_check_and_serve_refuse_what_cannot_serve(tmp_path: Path) -> None:
    """A key of another certificate is found by `check` at its line, and `serve` does not start; one that has ended
    is found by `check` too.
    """
    authority = Authority(tmp_path / "tls")
    authority.sign("localhost")
    other = authority.sign("localhost", to="other")
    file = tmp_path / "routes.yaml"
    text = text_of(REST, listen=free_port(), admin=free_port(), legacy=1, new=1)
    file.write_text(text.replace("upstreams:", TLS.replace("site.key", "other.key") + "upstreams:"))

    for words in (("check", str(file)), ("serve", "--config", str(file))):
        code, said = await run(tmp_path, *words)
        assert code == 2
        assert "routes.yaml:6:33: tls.key: " in said
        assert f"{other.key} is not the key of the certificate in " in said

    authority.sign("localhost", to="other", ends=timedelta(days=-3))
    file.write_text(file.read_text().replace("site.pem", "other.pem"))
    code, said = await run(tmp_path, "check", str(file))
    assert code == 2
    assert "tls.cert: has ended on" in said


async def test_an_edit_is_refused_for_new_bad_files_alone(tmp_path: Path) -> None:
    """With a broken certificate that was there before, an edit is taken; with new files that are missing, it is not."""
    authority = Authority(tmp_path / "tls")
    authority.sign("localhost")
    async with system("legacy") as legacy, behind_tls(tmp_path, legacy, workers=1) as banyan:
        (tmp_path / "tls" / "site.pem").write_text("half a cert")
        text = banyan.file.read_text()
        banyan.file.write_text(text.replace("drain: 10s", "drain: 11s"))
        await banyan.until_logged("config_reloaded")
        banyan.file.write_text(text.replace("site.pem", "nowhere.pem"))
        await banyan.until_logged("config_refused")

        assert "nowhere.pem cannot be read" in str(banyan.events("config_refused"))
